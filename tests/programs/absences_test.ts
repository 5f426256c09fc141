/**
 * Nodes that are away at bad moments, of every program with several nodes: stopped for five
 * minutes, killed twice within a second, during a cut, while others owe them something,
 * several at once, all at once, and one after the other. Soon afterwards all are as before.
 */
import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { AskedCluster } from "../fixtures/asked-cluster.ts";
import "../fixtures/programs.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";

const NODES = ["n0", "n1", "n2"] as const;

/** How long it may take until all nodes are in touch again, in milliseconds. */
const BACK_MS = 6_000;

/** What happens to the nodes, and of how many the memory is lost for good. */
const ABSENCES: {
  [what: string]: [(nodes: AskedCluster) => Promise<unknown>, lost: number];
} = {
  "is stopped for five minutes": [async (nodes) => {
    // Something is always under way.
    for (let i = 0; i < 25; i++) {
      nodes.begin("n0");
      await nodes.advance(20);
    }
    nodes.pause("n0");
    await nodes.write(["n1", "n2"]);
    await nodes.advance(300_000);
    nodes.resume("n0");
    // Whoever took that for a round trip is patient now, with what gets lost.
    await nodes.advance(1_000);
    nodes.hush();
    await nodes.write();
    nodes.heal();
  }, 0],
  "is killed twice within a second": [async (nodes) => {
    nodes.restart("n0");
    await nodes.advance(400);
    nodes.restart("n0");
  }, 1],
  "is killed while it is cut off": [async (nodes) => {
    nodes.cut("n0");
    await nodes.write(["n1"]);
    nodes.restart("n0");
    await nodes.advance(5_000);
    nodes.heal();
  }, 1],
  "is killed in the moment in which it is in touch again": [async (nodes) => {
    nodes.cut("n0");
    await nodes.write(["n1", "n2"]);
    nodes.heal();
    nodes.restart("n0");
  }, 1],
  "is killed with another one": [async (nodes) => {
    nodes.restart("n0", "n1");
    await nodes.advance(2_000);
  }, 2],
  "is killed with all others": [async (nodes) => {
    nodes.restart(...NODES);
    await nodes.advance(2_000);
  }, 3],
  "is killed 5.5 s after another, and nobody asks anything": [async (nodes) => {
    for (const node of NODES) {
      nodes.kill(node);
      nodes.startInSilence(node);
      await nodes.advance(5_500);
    }
  }, 0],
};

for (const { name, workload, promises, runs } of scenarios) {
  const { survivesRestart } = promises;
  const isOne = runs[0]!.flags["node-count"] === 1 && name !== "txn-6a-lock";
  // Ids are kept nowhere.
  if (!survivesRestart || isOne || workload === "unique-ids") continue;
  for (const [what, [happens, lost]] of Object.entries(ABSENCES)) {
    // Replicas of a log need a majority that remembers it.
    const isMinority = 2 * lost < NODES.length;
    if (survivesRestart === "minority" && !isMinority) continue;
    Deno.test(`${name}: all is well soon after a node ${what}`, async () => {
      const { default: program } = await import(`../../challenges/${name}.ts`);
      for (const seed of [1, 2]) {
        const nodes = new AskedCluster(program, workload, NODES, {
          ...{ latencyMs: 10, seed },
        });
        await nodes.write();
        await happens(nodes);
        NODES.forEach((node) => nodes.wake(node));
        await nodes.advance(BACK_MS);
        const before = nodes.acked;
        await nodes.write();
        assertEquals(nodes.acked, before + NODES.length, "writes are taken");
        const shown: number[] = [];
        for (const node of NODES) shown.push(await nodes.read(node));
        assertEquals(new Set(shown).size, 1, `all alike: ${shown}`);
        const isLeft = lost < NODES.length || survivesRestart === true;
        const least = isLeft ? nodes.acked : NODES.length;
        assertGreaterOrEqual(shown[0]!, least, `seed ${seed}`);
      }
    });
  }
}
