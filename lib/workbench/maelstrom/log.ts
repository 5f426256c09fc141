/**
 * What only the log of Maelstrom's run says: the command, the lines after which it ignored a
 * node, and the nodes that ended by themselves.
 */
import { stripVTControlCharacters } from "node:util";
import { parseEdn } from "./edn.ts";
import { type Incident, isClientOp, type Op } from "../history/history.ts";
import type { Options } from "../history/options.ts";
import type { Json, JsonObject } from "../history/json.ts";
import { quoteLastWords } from "../world/last-words.ts";
import { readMessage, type Refusal } from "../world/protocol.ts";

/** Flags that are not options of a run. */
const NO_OPTIONS = new Set(["bin", "workload", "test-count"]);

/**
 * The workload and the flags of a run, from the command line near the beginning of its log.
 *
 * @throws {Error} there is none, as after `maelstrom demo`
 */
export function commandIn(
  log: string,
): { workload: string; options: Options } {
  const line = log.split("\n").slice(0, 5)
    .find((line) => /(^|\s)test\s+-/.test(line));
  if (line === undefined) {
    throw new Error(
      "its jepsen.log does not begin with the command line of a test, which says what was tested",
    );
  }
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)]
    .map(([, double, single, bare]) => double ?? single ?? bare ?? "");
  const flags: Options = {};
  const nodes: string[] = [];
  for (let i = words.indexOf("test") + 1; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") break; // the node's own arguments
    if (!word.startsWith("-")) continue;
    const [name = "", joined] = word.replace(/^--?/, "").split("=");
    const hasValue = joined !== undefined ||
      (words[i + 1] !== undefined && !words[i + 1]!.startsWith("-"));
    const text = joined ?? (hasValue ? words[++i]! : "");
    const flag = name === "w" ? "workload" : name;
    if (name === "n" || name === "node") nodes.push(text);
    else flags[flag] = hasValue ? valueOf(text) : true;
  }
  if (nodes.length > 0) flags.nodes = nodes.join(",");
  const { workload = "lin-kv" } = flags;
  return {
    workload: String(workload),
    options: Object.fromEntries(
      Object.entries(flags).filter(([name]) => !NO_OPTIONS.has(name)),
    ),
  };
}

function valueOf(text: string): Json {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** An entry begins with its time, level, thread and logger, and lasts until the next one. */
const ENTRY =
  /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d),(\d{3})\{GMT\}\t[A-Z]+\t\[([^\]]*)\] [\w.-]+: /gm;

interface Entry {
  /** When, in ms. */
  ms: number;
  thread: string;
  text: string;
}

function entriesOf(log: string): Entry[] {
  const starts = [...log.matchAll(ENTRY)];
  return starts.map((start, i) => {
    const [head, day, time, ms, thread = ""] = start;
    return {
      ms: Date.parse(`${day}T${time}.${ms}Z`),
      thread,
      text: log.slice(start.index + head.length, starts[i + 1]?.index),
    };
  });
}

/** What the thread that reads a node logs when it cannot take a line. */
const REFUSED = /^Error!\n[\w.]+: ([^]*?)\n(?=\tat )/;
const NO_JSON =
  /^Node \S+ printed a line to STDOUT which was not well-formed JSON:\n([^]*)\nDid you mean/;
const MALFORMED = /^Malformed network message[^]*?:\n\n([^]*)\n\nThis is/;
const NOBODY = /^Assert failed: Invalid (source|dest) for message (#[^]*)/;
const CRASHED =
  /^Test crashed!\n[\w.]+: Node (\S+) (crashed with exit status -?\d+)[^]*?\n\nAnd to STDERR:\n\n([^]*?)\n\nFull STDERR logs/;

const BROKEN_OFF =
  /\bTest crashed!\n(?:[\w.]+: )?(.*?)(?:\. Before crashing.*)?\n/;

/** Why Maelstrom aborted a run, in its own words; undefined if it did not. */
export function breakOffIn(log: string): string | undefined {
  return BROKEN_OFF.exec(log)?.[1];
}

/**
 * The run's incidents: after a line that it cannot take, Maelstrom ignores a node for ever, and
 * says so only in the log.
 *
 * @param history the run's history, which shows when its clock began
 */
export function incidentsIn(log: string, history: readonly Op[]): Incident[] {
  const entries = entriesOf(log);
  const first = entries.find(({ text }) => /^\d+\t:invoke\t/.test(text));
  const begin = history.find(isClientOp)?.time ?? 0;
  // Without any operation, all of it was set-up.
  const origin = (first ?? entries.at(-1))?.ms ?? 0;
  return entries.flatMap(({ ms, thread, text }): Incident[] => {
    const time = (ms - origin) * 1e6 + begin;
    const [, node] = /^(\S+) stdout$/.exec(thread) ?? [];
    const [, refused] = REFUSED.exec(text) ?? [];
    if (node !== undefined && refused !== undefined) {
      return [{ time, ...refusal(node, refused) }];
    }
    const why = breakOffIn(text);
    if (why === undefined) return [];
    const [, crashed, how, stderr = ""] = CRASHED.exec(text) ?? [];
    const lines = quoteLastWords(
      stripVTControlCharacters(stderr).split("\n"),
    );
    const words = stderr.trim() === ""
      ? "it wrote nothing to stderr"
      : `its last lines on stderr:\n  ${lines.join("\n  ")}`;
    const exit: Incident[] = crashed === undefined ? [] : [{
      time,
      node: crashed,
      type: "process-exit",
      text: `${crashed} ${how}; ${words}`,
    }];
    if (first !== undefined) return exit;
    const [, who = "a node"] = /\bnode (\S+)/i.exec(why) ?? [];
    const gaveUp = `Maelstrom gave up: ${why}`;
    return [...exit, { time, node: who, type: "setup-failed", text: gaveUp }];
  });
}

/** Why a node's line was not taken, in the workbench's words. */
function refusal(
  node: string,
  refused: string,
): Pick<Incident, "node" | "type" | "text" | "request"> {
  const { problem, toGoneClient } = problemOf(refused);
  return {
    node,
    type: toGoneClient ? "gone-client" : "protocol-violation",
    text: `${node}: ${problem}; Maelstrom never heard it again`,
    ...(toGoneClient && { request: toGoneClient }),
  };
}

function problemOf(refused: string): Refusal {
  const [, line] = NO_JSON.exec(refused) ?? [];
  if (line !== undefined) {
    return {
      problem: `it wrote a line that is not JSON: ${line.slice(0, 200)}`,
    };
  }
  const [, malformed] = MALFORMED.exec(refused) ?? [];
  const [, end, message] = NOBODY.exec(refused) ?? [];
  const written = read(malformed ?? message);
  if (written !== undefined) {
    if (!("src" in written) && !("dest" in written)) {
      return { problem: "it wrote an empty line, or one without src and dest" };
    }
    const { id: _, ...without } = written;
    const own = end === undefined ? written : without; // the id is Maelstrom's
    const nobody = end === undefined
      ? undefined
      : written[end === "source" ? "src" : "dest"];
    const why = readMessage(own, (name) => name !== nobody);
    if ("problem" in why) return why;
  }
  const [first = ""] = refused.split("\n");
  return {
    problem: `Maelstrom could not read what it wrote (${first.slice(0, 200)})`,
  };
}

/** An EDN map, as far as it can be read. */
function read(edn: string | undefined): JsonObject | undefined {
  try {
    const value = edn === undefined ? null : parseEdn(edn);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as JsonObject
      : undefined;
  } catch {
    return undefined;
  }
}
