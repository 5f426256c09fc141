/**
 * Nodes that are cut off for long: dead, deaf, or mute, and perhaps without the memory of an
 * earlier life, while clients write at all nodes. What the others and they send each other
 * meanwhile is little, and does not grow with what waits.
 */
import { assertLessOrEqual } from "@std/assert";
import { MS } from "../../lib/workbench/world/clock.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { AskedCluster } from "../fixtures/asked-cluster.ts";
import "../fixtures/programs.ts";

const NODES = ["n0", "n1", "n2"] as const;

/** The node that is cut off. */
const SILENT = "n2";

/** How often something is written, and how much had been written before. */
const WRITE_MS = 50, BEFORE = 400;

/** Which messages between nodes get lost, and whether the node has just started again. */
const SILENCES: {
  [what: string]: [
    isLost: (src: string, dest: string) => boolean,
    again: boolean,
  ];
} = {
  "is dead": [(src, dest) => [src, dest].includes(SILENT), false],
  "is deaf": [(_, dest) => dest === SILENT, false],
  "is mute": [(src) => src === SILENT, false],
  "has started again and is deaf": [(_, dest) => dest === SILENT, true],
  "has started again and is mute": [(src) => src === SILENT, true],
};

/** When it is looked at what is sent, in seconds after the cut. */
const EARLY = [25, 40] as const, LATE = [65, 80] as const;

/** What may be sent in a second, in characters: less if nothing but a greeting makes sense. */
const MOST = 160_000, MOST_AGAIN = 10_000;

/** How much more may be sent later: chance decides when the last try was. */
const MORE = 1.3, TRY = 100;

for (const { name, workload, promises } of scenarios) {
  if (promises.survivesRestart !== "told") continue;
  for (const [what, [isLost, again]] of Object.entries(SILENCES)) {
    Deno.test(`${name}: what a node that ${what} and others send each other is little, and no more when more waits`, async () => {
      const { default: program } = await import(`../../challenges/${name}.ts`);
      const nodes = new AskedCluster(program, workload, NODES, {
        latencyMs: 10,
      });
      const write = async (count: number) => {
        for (let i = 0; i < count; i++) {
          nodes.begin(NODES[i % NODES.length]!);
          await nodes.advance(WRITE_MS);
        }
      };
      await write(BEFORE);
      const isNode = (id: string) => id.startsWith("n");
      nodes.network.weather(({ src, dest }) =>
        isNode(src) && isNode(dest) && isLost(src, dest) ? [] : [0]
      );
      if (again) nodes.restart(SILENT);
      nodes.wake(SILENT);
      const begun = nodes.clock.now();
      await write(LATE[1] * 1_000 / WRITE_MS);
      const said = (toIt: boolean, [from, to]: readonly [number, number]) => {
        let characters = 0;
        for (const [kind, time, , src, dest, body] of nodes.journal) {
          const second = (time - begun) / 1e9;
          const isThen = from <= second && second < to;
          const isSaid = kind === "send" && isNode(src) && isNode(dest) &&
            (toIt ? dest : src) === SILENT;
          if (isThen && isSaid) characters += JSON.stringify(body).length;
        }
        return characters / (to - from);
      };
      const isGreeted = again && isLost("n0", SILENT);
      assertLessOrEqual(said(true, EARLY), isGreeted ? MOST_AGAIN : MOST);
      for (const toIt of [true, false]) {
        const early = said(toIt, EARLY);
        assertLessOrEqual(early, MOST);
        assertLessOrEqual(said(toIt, LATE), MORE * early + TRY);
      }
    });
  }
}

/** How often a node starts again, in milliseconds, and how many of its starts are looked at early and late. */
const START_MS = 3_000, STARTS = 15;

for (const { name, workload, promises } of scenarios) {
  if (promises.survivesRestart !== "told") continue;
  Deno.test(`${name}: a node that is deaf and starts again and again is sent no more the longer that lasts`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    const nodes = new AskedCluster(program, workload, NODES, { latencyMs: 10 });
    await nodes.write();
    const isNode = (id: string) => id.startsWith("n");
    nodes.network.weather(({ src, dest }) =>
      isNode(src) && dest === SILENT ? [] : [0]
    );
    const sentWhile = async (starts: number) => {
      const before = nodes.gossip.length;
      for (let i = 0; i < starts; i++) {
        nodes.restart(SILENT);
        nodes.begin(NODES[i % NODES.length]!);
        await nodes.advance(START_MS);
      }
      return nodes.gossip.length - before;
    };
    const early = await sentWhile(STARTS);
    await sentWhile(3 * STARTS);
    assertLessOrEqual(await sentWhile(STARTS), MORE * early);
  });
}

/** How long the looks are at what a node sends that is mute since it has started again, in seconds. */
const LOOK_S = 30;

for (const { name, workload, promises } of scenarios) {
  if (promises.survivesRestart !== "told") continue;
  Deno.test(`${name}: a node whose first words after a start are its last sends no more the longer that lasts`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    const nodes = new AskedCluster(program, workload, NODES, {
      latencyMs: 100,
    });
    await nodes.write();
    const isNode = (id: string) => id.startsWith("n");
    let mute = Infinity;
    nodes.network.weather(({ src, dest }) => {
      if (src !== SILENT || !isNode(dest)) return [0];
      const now = nodes.clock.now();
      mute = Math.min(mute, now + 10 * MS);
      return now < mute ? [0] : [];
    });
    nodes.restart(SILENT);
    const sentFor = async (seconds: number) => {
      const before = nodes.gossip.length;
      for (let i = 0; i < seconds; i += 3) {
        nodes.begin(NODES[i / 3 % NODES.length]!);
        await nodes.advance(3_000);
      }
      return nodes.gossip.length - before;
    };
    const early = await sentFor(LOOK_S);
    await sentFor(4 * LOOK_S);
    assertLessOrEqual(await sentFor(LOOK_S), 1.5 * early);
  });
}
