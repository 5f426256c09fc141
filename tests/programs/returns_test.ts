/**
 * Nodes that lose their memory and come back, of every program that promises to have kept
 * what it had told: they show that to whoever asks first, and others notice, once.
 */
import { assert, assertEquals } from "@std/assert";
import "../fixtures/programs.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { AskedCluster } from "../fixtures/asked-cluster.ts";

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
