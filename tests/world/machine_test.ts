/** Machines: what they make late, against what was measured on a real one. */
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertNotEquals,
  assertStrictEquals,
} from "@std/assert";
import type { Node } from "../../lib/maelstrom.ts";
import { quantile } from "../../lib/workbench/checkers/figures.ts";
import { record } from "../../lib/workbench/campaign/simulate.ts";
import {
  MS,
  SECOND,
  sleep,
  VirtualClock,
} from "../../lib/workbench/world/clock.ts";
import {
  type MachineName,
  machineOf,
} from "../../lib/workbench/world/machine.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";
import "../fixtures/programs.ts";

interface ProbeProtocol {
  wake(): void;
  ping(request: { at: number }): void;
  pong(reply: { at: number }): void;
}

const START_MS = 2_500, PERIOD_MS = 10, LATE_MS = 5, LATENCY_MS = 100;

/** What 25 nodes with a probe in each see within 30 s. */
async function probed(machine: MachineName, seed: number) {
  const lateMs: number[] = [], tripMs: number[] = [];
  let timers = 0;
  function probe(node: Node<ProbeProtocol>) {
    const beat = () => {
      const due = node.now() + PERIOD_MS;
      node.after(PERIOD_MS, () => {
        timers++;
        const ms = node.now() - due;
        if (ms > LATE_MS) lateMs.push(ms);
        beat();
      });
    };
    node.on("wake", beat);
    node.on("ping", ({ at }, src) => node.send(src, "pong", { at }));
    node.on("pong", ({ at }) => void tripMs.push(node.now() - at));
    // What was measured of round trips begins when all have started.
    node.after(START_MS, () =>
      node.every(500, () => {
        const other = node.peers[Math.floor(node.random() * 24)]!;
        node.send(other, "ping", { at: node.now() });
      }));
  }
  const ids = Array.from({ length: 25 }, (_, i) => `n${i}`);
  const settings = { seed, latencyMs: LATENCY_MS, machine };
  await new SmallCluster(probe, ids, settings).advance(30_000);
  return { lateMs, tripMs, share: lateMs.length / timers };
}

/** What was measured, in milliseconds, and up to how much harsher a machine may be. */
type Row = [part: number, measured: number, harsher: number];

function assertMeasured(values: readonly number[], rows: readonly Row[]) {
  for (const [part, measured, harsher] of rows) {
    const value = quantile(values, part)!;
    const told = `${part * 100} %: ${value} instead of ${measured}`;
    assert(value > measured - 1 && value < measured + harsher, told);
  }
}

Deno.test("a busy machine delays what a real one delays, as often and as much, or a little more (8 seeds)", async () => {
  const runs = await Promise.all(
    [1, 2, 3, 4, 5, 6, 7, 8].map((s) => probed("busy", s)),
  );
  assertMeasured(runs.flatMap(({ tripMs }) => tripMs), [
    [0.05, 201, 3],
    [0.5, 207, 3],
    [0.9, 215, 6],
    [0.99, 224, 20],
    [0.999, 237, 60],
  ]);
  assertMeasured(runs.flatMap(({ lateMs }) => lateMs), [
    [0.5, 8, 3],
    [0.9, 18, 25],
    [0.99, 112, 40],
    [1, 161, 40],
  ]);
  for (const { share } of runs) {
    assert(share > 0.01 && share < 0.03, `${share}`);
  }
});

Deno.test("on a quiet machine nothing is late beyond what always is, and its clock is the run's", async () => {
  const { lateMs, tripMs } = await probed("quiet", 1);
  assertEquals(lateMs, []);
  assertLessOrEqual(Math.max(...tripMs), 2 * LATENCY_MS + 2);
  const clock = new VirtualClock();
  const machine = machineOf("quiet", clock, seeded(1), SECOND);
  assertStrictEquals(machine.clock, clock);
  assertStrictEquals(machine.process().clock, clock);
});

/** Gaps in what is done once a millisecond for 20 s, in milliseconds: by two processes, and by neither. */
async function gaps(name: MachineName, seed: number) {
  const clock = new VirtualClock();
  const machine = machineOf(name, clock, seeded(seed), 20 * SECOND);
  const doneAt = { first: [] as number[], second: [] as number[] };
  for (const done of Object.values(doneAt)) {
    const process = machine.process();
    const step = () => {
      done.push(clock.now() / MS);
      process.clock.schedule(MS, step);
    };
    step();
  }
  await clock.run(sleep(clock, 20 * SECOND));
  const between = (times: readonly number[]) =>
    times.slice(1).map((at, i) => Math.round(at - times[i]!))
      .filter((ms) => ms > 2);
  const { first, second } = doneAt;
  const both = [...first, ...second].sort((a, b) => a - b);
  return [between(first), between(second), between(both)] as const;
}

Deno.test("a few times in 20 s everything stalls for 30 to 65 ms, and each process by itself (20 seeds)", async () => {
  let stalls = 0, pauses = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const [first, second, both] = await gaps("busy", seed);
    assert(Math.max(...both) <= 163 + 65 && both.length <= 20, `${both}`);
    assert(Math.max(...first) <= 163 + 65 && Math.max(...second) <= 163 + 65);
    const long = both.filter((ms) => ms >= 28).length;
    stalls += long;
    pauses += first.length + second.length - 2 * long;
  }
  assert(stalls / 20 > 2 && stalls / 20 < 6, `${stalls / 20} stalls a run`);
  assert(pauses / 40 > 1, `${pauses / 40} pauses a run of a process`);
});

Deno.test("a stalled machine is a busy one with one stall of 180 ms more, within the main phase (20 seeds)", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [, , busy] = await gaps("busy", seed);
    const [, , stalled] = await gaps("stalled", seed);
    const long = (all: readonly number[]) => all.filter((ms) => ms >= 175);
    assertEquals(long(busy), []);
    assertEquals(long(stalled).length, 1, `${stalled}`);
  }
});

Deno.test("what is due during a stall happens afterwards, in order", async () => {
  const clock = new VirtualClock();
  const machine = machineOf("stalled", clock, seeded(1), 20 * SECOND);
  const waited: number[] = [];
  for (let at = 20_000; at > 0; at--) {
    machine.clock.schedule(at * MS, () => {
      if (clock.now() > at * MS) waited.push(at);
    });
  }
  await clock.run(sleep(clock, 21 * SECOND));
  assert(waited.length >= 180);
  assertEquals(waited, waited.toSorted((a, b) => a - b));
});

Deno.test("the seed decides the machine, which changes neither what clients ask for nor the nodes' random numbers", async () => {
  const overrides = { "time-limit": 3 };
  const run = (machine: MachineName) =>
    record({
      name: "broadcast-3d",
      seed: 1,
      faults: "official",
      machine,
      overrides,
    });
  const [quiet, busy, again] = [
    await run("quiet"),
    await run("busy"),
    await run("busy"),
  ];
  assertEquals(again.history, busy.history);
  assertNotEquals(busy.history, quiet.history);
  assertEquals([busy.machine, quiet.machine], ["busy", undefined]);
  const asked = ({ history }: typeof busy) =>
    history.filter(({ type }) => type === "invoke").map(({ f }) => f).slice(
      0,
      200,
    );
  assertEquals(asked(busy), asked(quiet));
});
