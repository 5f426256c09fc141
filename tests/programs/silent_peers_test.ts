/**
 * Nodes that no word comes from, for long: dead, deaf, or mute, and perhaps without the memory
 * of an earlier life. What the others send them meanwhile is little, and does not grow with what
 * waits for them.
 */
import { assertLessOrEqual } from "@std/assert";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { AskedCluster } from "../fixtures/asked-cluster.ts";
import "../fixtures/programs.ts";

const NODES = ["n0", "n1", "n2"] as const;

/** The node that no word comes from. */
const SILENT = "n2";

/** How often something is written at the others, and how much had been written before. */
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
  "has started again and is deaf": [(_, dest) => dest === SILENT, true],
  "has started again and is mute": [(src) => src === SILENT, true],
};

/** When it is looked at what others send it, in seconds after it has fallen silent. */
const EARLY = [10, 25] as const, LATE = [65, 80] as const;

/** What it may be sent in a second, in characters: less if nothing but a greeting makes sense. */
const MOST = 100_000, MOST_AGAIN = 10_000;

for (const { name, workload, promises } of scenarios) {
  if (promises.survivesRestart !== "told") continue;
  for (const [what, [isLost, again]] of Object.entries(SILENCES)) {
    Deno.test(`${name}: what is sent to a node that ${what} is little, and no more when more waits for it`, async () => {
      const { default: program } = await import(`../../challenges/${name}.ts`);
      const nodes = new AskedCluster(program, workload, NODES, {
        latencyMs: 10,
      });
      const write = async (count: number) => {
        for (let i = 0; i < count; i++) {
          nodes.begin(NODES[i % 2]!);
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
      const said = ([from, to]: readonly [number, number]) => {
        let characters = 0;
        for (const [kind, time, , src, dest, body] of nodes.journal) {
          const second = (time - begun) / 1e9;
          const isThen = from <= second && second < to;
          const isSaid = kind === "send" && isNode(src) && dest === SILENT;
          if (isThen && isSaid) characters += JSON.stringify(body).length;
        }
        return characters / (to - from);
      };
      const isGreeted = again && isLost("n0", SILENT);
      assertLessOrEqual(said(EARLY), isGreeted ? MOST_AGAIN : MOST);
      assertLessOrEqual(said(LATE), 1.3 * said(EARLY));
    });
  }
}
