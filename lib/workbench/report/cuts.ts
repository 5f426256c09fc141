/** When the network was partitioned, and when nodes were down. */
import { type Incident, NEMESIS, type Op } from "../history/history.ts";
import type { Json } from "../history/json.ts";
import type { Span } from "./cap.ts";

/** A stretch of time in which the network was partitioned. */
export interface Cut extends Span {
  /** The parts: `"n0 n3 | n1 n2 n4"`. */
  text: string;
  /** Whether it separated no nodes: some kinds of partition leave small clusters whole. */
  empty: boolean;
}

/** A stretch of time in which a node was not running. */
export interface Down extends Span {
  node: string;
}

/** The partitions of a history; one that is never healed lasts until `end`, in seconds. */
export function cutsOf(history: readonly Op[], end: number): Cut[] {
  const cuts: Cut[] = [];
  let open: Cut | null = null;
  for (const op of history) {
    if (op.process !== NEMESIS) continue;
    const { f, value, time } = op;
    const at = time / 1e9;
    const grudge = grudgeIn(value);
    if (f === "start-partition" && grudge !== null) {
      if (open !== null) open.to = at;
      open = { from: at, to: end, ...describe(grudge) };
      cuts.push(open);
    } else if (f === "stop-partition" && value !== null && open !== null) {
      open.to = at;
      open = null;
    }
  }
  return cuts;
}

/** When nodes were not running: between a kill and a restart, or a pause and its end. */
export function downsOf(
  incidents: readonly Incident[],
  end: number,
): Down[] {
  const downs: Down[] = [];
  for (const { type, node, time } of incidents) {
    const at = time / 1e9;
    const open = downs.find((down) => down.node === node && down.to === end);
    if (type === "kill" || type === "pause" || type === "process-exit") {
      if (open === undefined) downs.push({ node, from: at, to: end });
    } else if (
      open !== undefined && (type === "restart" || type === "resume")
    ) {
      open.to = at;
    }
  }
  return downs;
}

type Refusals = Map<string, Set<string>>;

/** Who refuses whom, from a nemesis operation's `["isolated", {receiver: [sources]}]`. */
function grudgeIn(value: Json): Refusals | null {
  if (!Array.isArray(value) || value[0] !== "isolated") return null;
  return new Map(
    Object.entries(value[1] as { [node: string]: string[] }).map((
      [receiver, sources],
    ) => [receiver, new Set(sources)]),
  );
}

function describe(refusals: Refusals): Pick<Cut, "text" | "empty"> {
  const nodes = [...refusals.keys()].sort(byNumber);
  const refuses = (a: string, b: string) => refusals.get(a)?.has(b) ?? false;
  const deaf = nodes.filter((node) => refusals.get(node)!.size > 0);
  if (deaf.length === 0) return { text: "cuts nobody off", empty: true };
  const groups: string[][] = [];
  for (const node of nodes) {
    const group = groups.find(([first]) => !refuses(first!, node));
    if (group === undefined) groups.push([node]);
    else group.push(node);
  }
  const apart = (a: string, b: string) =>
    !groups.some((group) => group.includes(a) && group.includes(b));
  if (nodes.every((a) => nodes.every((b) => refuses(a, b) === apart(a, b)))) {
    const text = groups.map((group) => group.join(" ")).join(" | ");
    return { text, empty: false };
  }
  const lines = deaf.map((node) => {
    const sources = [...refusals.get(node)!].sort(byNumber);
    return sources.length === nodes.length - 1
      ? `${node} hears nobody`
      : `${node} does not hear ${sources.join(" ")}`;
  });
  const shown = lines.slice(0, 4).join("; ");
  const more = lines.length - 4;
  return {
    text: more > 0 ? `${shown}; and ${more} more` : shown,
    empty: false,
  };
}

/** Orders node names by the numbers in them: n2 before n10. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
