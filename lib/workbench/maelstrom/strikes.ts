/** What only the nemesis's operations say of a real run: which nodes were killed or paused, and when. */
import { type Incident, NEMESIS, type Op } from "../history/history.ts";
import type { JsonObject } from "../history/json.ts";

type Fault = "kill" | "pause";

/** What begins a fault of a node, and what ends it. */
const BEGINS: { readonly [f: string]: Fault } = {
  kill: "kill",
  pause: "pause",
};
const ENDS: { readonly [f: string]: Fault } = {
  start: "kill",
  resume: "pause",
};

/**
 * The kills and pauses of a history, and their ends, as the workbench records them. An operation
 * that has ended names its nodes; to some of them it did nothing new, as Maelstrom starts and
 * resumes all.
 */
export function strikesIn(history: readonly Op[]): Incident[] {
  const incidents: Incident[] = [];
  const struck = { kill: new Set<string>(), pause: new Set<string>() };
  for (const { process, f, time, value } of history) {
    if (process !== NEMESIS || !isMap(value)) continue;
    for (const node of Object.keys(value)) {
      const begun = BEGINS[f], ended = ENDS[f];
      const tell = (type: Incident["type"], what: string) =>
        incidents.push({ time, node, type, text: `${node} ${what}` });
      // A process that is killed cannot be paused, and is not paused any more.
      const isDead = begun === "pause" && struck.kill.has(node);
      if (begun && !isDead && !struck[begun].has(node)) {
        struck[begun].add(node);
        tell(begun, begun === "kill" ? "was killed" : "was paused");
      }
      if (begun === "kill") struck.pause.delete(node);
      if (!ended || !struck[ended].delete(node)) continue;
      if (ended === "kill") tell("restart", "was started again");
      else tell("resume", "goes on");
    }
  }
  return incidents;
}

function isMap(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
