/**
 * Nodes that lose their memory and come back, of every program that promises to have kept
 * what it had told: they show that to whoever asks first, and others notice, once.
 */
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import type { Node } from "../../lib/maelstrom.ts";
import "../fixtures/programs.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { AskedCluster } from "../fixtures/asked-cluster.ts";
import { withMethods } from "../fixtures/with-methods.ts";

/** What a node logs of one that has come back. */
const isNotice = (line: string) => line.includes("has started again");

for (const { name, workload, promises } of scenarios) {
  if (promises.survivesRestart !== "told") continue;
  const { backMs = 0 } = promises;
  const when = backMs > 0 ? `after ${backMs} ms` : "at once";
  Deno.test(`${name}: a node that has lost its memory shows ${when} what it had told, and others notice, each once`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    for (const [count, latencyMs] of [[2, 10], [3, 100], [6, 10]] as const) {
      const names = Array.from({ length: count }, (_, i) => `n${i}`);
      const nodes = new AskedCluster(program, workload, names, {
        latencyMs,
      });
      for (const victim of [names[0]!, names.at(-1)!]) {
        const written = await nodes.write();
        for (const node of names) assertEquals(await nodes.read(node), written);
        const others = names.filter((node) => node !== victim);
        const notices = () =>
          others.map((node) => nodes.logged(node).filter(isNotice).length);
        const before = notices();
        nodes.restart(victim);
        if (backMs > 0) {
          nodes.wake(victim);
          await nodes.advance(backMs);
        }
        assertEquals(
          await nodes.read(victim),
          written,
          `${victim} of ${count}`,
        );
        await nodes.write();
        const after = notices().map((now, i) => now - before[i]!);
        assert(after.some((now) => now === 1), "somebody notices");
        assert(after.every((now) => now <= 1), `notices: ${after}`);
        for (const node of names) {
          const others = nodes.logged(node).filter((line) => !isNotice(line));
          assertEquals(others, [], "nothing else is worth a word");
        }
      }
    }
  });
}

/** How many values nodes know when one starts again, and how many messages that may cost. */
const KNOWN = 300, MESSAGES = 60;

for (const { name, workload, promises } of scenarios) {
  if (promises.survivesRestart !== "told") continue;
  // It says every value by itself, to all but the node that it has it from, and is answered.
  const most = MESSAGES + (name === "broadcast-3c-immediate" ? 2 * KNOWN : 0);
  Deno.test(`${name}: a node that starts again costs at most ${most} messages, though ${KNOWN} values are known`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    const names = ["n0", "n1", "n2"];
    for (const victim of ["n0", "n1"]) {
      const nodes = new AskedCluster(program, workload, names, {
        latencyMs: 10,
      });
      for (let i = 0; i < KNOWN; i++) {
        nodes.begin(names[i % names.length]!);
        await nodes.advance(10);
      }
      await nodes.advance(5_000);
      const before = nodes.gossip.length;
      nodes.restart(victim);
      nodes.wake(victim);
      await nodes.advance(5_000);
      assertLessOrEqual(nodes.gossip.length - before, most, victim);
    }
  });
}

/** The program on clocks that are set back by an hour between two lives of a node. */
const setBack = (program: unknown) => {
  const lives = new Map<string, number>();
  return (node: Node<never>) => {
    const life = lives.get(node.id) ?? 0;
    lives.set(node.id, life + 1);
    const now = () => node.now() - life * 3_600_000;
    (program as (node: unknown) => void)(withMethods(node, { now }));
  };
};

for (
  const [name, workload] of [
    ["broadcast-3b", "broadcast"],
    ["broadcast-3c-immediate", "broadcast"],
    ["broadcast-3c-batch", "broadcast"],
    ["txn-6b-writes", "txn-list-append"],
  ] as const
) {
  Deno.test(`${name}: what a life said late, and what the next one says, whose clock was set back, is known to all`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    for (let seed = 0; seed < 12; seed++) {
      const names = seed % 2 === 0 ? ["n0", "n1"] : ["n0", "n1", "n2"];
      const livesBefore = seed % 3;
      const nodes = new AskedCluster(setBack(program), workload, names, {
        latencyMs: 10,
        seed,
      });
      await nodes.write(["n0"]);
      for (let life = 0; life < livesBefore; life++) {
        nodes.restart("n1");
        nodes.wake("n1");
        await nodes.advance(1_000);
      }
      nodes.network.weather(({ src }) => [src === "n1" ? 3_000 : 0]);
      nodes.begin("n1");
      await nodes.advance(300);
      nodes.network.weather(null);
      nodes.restart("n1");
      nodes.wake("n1");
      await nodes.advance(4_000);
      const shown = await nodes.read("n0");
      await nodes.write();
      for (const node of names) {
        const all = shown + names.length;
        assertEquals(await nodes.read(node), all, `${node}, seed ${seed}`);
      }
    }
  });
}

/** By program, how much longer each earlier life makes the messages with a transaction, in bytes. */
const PER_LIFE = { "txn-6c": [66, 67], "txn-6c-staged": [18, 22] } as const;

for (const [name, [least, most]] of Object.entries(PER_LIFE)) {
  Deno.test(`${name}: each earlier life that has written costs ${least} to ${most} bytes in every message with a transaction, for good`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    const nodes = new AskedCluster(program, "txn-list-append", ["n0", "n1"], {
      latencyMs: 10,
    });
    const lengths: number[] = [];
    for (let life = 0; life < 8; life++) {
      for (let i = 0; i < 20; i++) nodes.begin("n1");
      await nodes.advance(5_000);
      const before = nodes.gossip.length;
      await nodes.write(["n1"]);
      lengths.push(JSON.stringify(nodes.gossip[before]).length);
      nodes.restart("n1");
      nodes.wake("n1");
      await nodes.advance(3_000);
    }
    for (const [i, length] of lengths.entries()) {
      if (i === 0) continue;
      assertGreaterOrEqual(length - lengths[i - 1]!, least, `${lengths}`);
      assertLessOrEqual(length - lengths[i - 1]!, most, `${lengths}`);
    }
  });
}

for (const name of ["txn-6b", "txn-6b-writes", "txn-6c", "txn-6c-staged"]) {
  Deno.test(`${name}: what a life had told one node, which waits for what that follows, is known to all when it is back`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    const names = ["n0", "n1", "n2", "n3"];
    const nodes = new AskedCluster(program, "txn-list-append", names, {
      latencyMs: 10,
    });
    const before = await nodes.write();
    // What n1 writes reaches n0 alone; what n0 writes after that, n2 alone.
    nodes.network.weather(({ src, dest }) => {
      if (src === "n1" && ["n2", "n3"].includes(dest)) return [4_000];
      return src === "n0" && ["n1", "n3"].includes(dest) ? [] : [0];
    });
    nodes.begin("n1");
    await nodes.advance(500);
    nodes.begin("n0");
    await nodes.advance(500);
    nodes.restart("n0");
    nodes.wake("n0");
    await nodes.advance(1_000);
    nodes.heal();
    await nodes.advance(6_000);
    for (const node of names) {
      assertEquals(await nodes.read(node), before + 2, node);
    }
  });
}
