/**
 * Reads a run in the real Maelstrom's store as a recording: history, results, options, the
 * network's journal, and what the log says about nodes that went silent.
 */
import { join } from "node:path";
import { parseEdn, parseResults } from "./edn.ts";
import { SHORTENED } from "./files.ts";
import { breakOffIn, commandIn, incidentsIn } from "./log.ts";
import { strikesIn } from "./strikes.ts";
import { readFressian, Struct, type Value } from "./fressian.ts";
import {
  type Incident,
  isClient,
  isClientOp,
  type JournalEvent,
  type Op,
  type Recording,
} from "../history/history.ts";
import { nodeOf, type Options } from "../history/options.ts";
import { asText, type JsonObject } from "../history/json.ts";

const HISTORY = "history.edn";
const RESULTS = "results.edn";

/** What the log says when a run has ended well, and is judged. */
const ANALYSIS = /^[^\t]+\tINFO\t\[[^\]]*\] jepsen\.core: Analyzing\.\.\.$/m;

/** Whether a folder with these files looks like one of Maelstrom's runs. */
export function isMaelstromRun(names: readonly string[]): boolean {
  return [HISTORY, "jepsen.log", "test.jepsen"]
    .some((name) => names.includes(name));
}

/** The operations of a history, one a line. */
function historyIn(text: string): Op[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const op = operationIn(line);
    if (op === null) {
      throw new Error(
        `line ${
          i + 1
        } of its ${HISTORY} is no operation in EDN: the file was cut short, or changed`,
      );
    }
    return [{ ...op, time: Number(op.time) }];
  });
}

function operationIn(line: string): Op | null {
  try {
    const op = parseEdn(line) as unknown as Op | null;
    return typeof op?.type === "string" && typeof op.f === "string" ? op : null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

/**
 * Reads a run of Maelstrom's store.
 *
 * @throws {Error} it has no history, or one of its files is malformed
 */
export async function loadMaelstromRun(folder: string): Promise<Recording> {
  const whole = await textOf(folder, "jepsen.log");
  if (whole === null) {
    throw new Error(
      "it has no jepsen.log, which says what was tested: name the folder of a whole run",
    );
  }
  // What goes wrong in the analysis is no fault of the nodes.
  const [log = "", analysis] = whole.split(ANALYSIS);
  if (log.includes(SHORTENED)) {
    throw new Error(`its history is shortened: ${SHORTENED}`);
  }
  const lines = await textOf(folder, HISTORY);
  if (lines === null && breakOffIn(log) === undefined) {
    throw new Error(
      `the run has no ${HISTORY}: it has not ended yet, or was interrupted`,
    );
  }
  const history = historyIn(lines ?? "");
  const { workload, options } = commandIn(log);
  const { journal, cuts } = await journalIn(join(folder, "net-journal"));
  const parsed = await resultsIn(folder);
  const origin = originOf(history, journal, options);
  const isUnjudged = parsed === null && analysis !== undefined;
  return {
    workload,
    options,
    ...(isUnjudged ? {} : { exit: exitOf(parsed) }),
    results: parsed,
    history,
    journal,
    incidents: [
      ...incidentsIn(log, history),
      ...strikesIn(history),
      ...cuts.map((cut) => incidentOf(cut, options, origin)),
    ],
    faithful: true,
    ...(origin === undefined ? {} : { journalOrigin: origin }),
  };
}

async function textOf(folder: string, name: string): Promise<string | null> {
  try {
    const text = await Deno.readTextFile(join(folder, name));
    return text.replaceAll("\r\n", "\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The results of a run; null if there are none. */
async function resultsIn(folder: string): Promise<JsonObject | null> {
  const text = await textOf(folder, RESULTS);
  try {
    return text === null ? null : parseResults(text);
  } catch (cause) {
    throw new Error(
      `${RESULTS} cannot be read: ${
        wordsOf(cause)
      }. Copy it again, or remove it: the run is judged without it`,
      { cause },
    );
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Maelstrom's exit status for its results: it crashes without any, before it judges. */
function exitOf(results: JsonObject | null): number {
  if (results === null) return 255;
  const verdict = results["valid?"];
  return verdict === true ? 0 : verdict === false ? 1 : 2;
}

/** A file of the journal that ends inside an event, or the whole journal if it is missing. */
interface JournalCut {
  /** Undefined for the whole journal. */
  file?: string;
  /** When its last whole event was, on the journal's clock; undefined if it has none. */
  last: number | undefined;
}

/** All events of the network in order: every thread has written its own file. */
async function journalIn(
  folder: string,
): Promise<{ journal: JournalEvent[]; cuts: JournalCut[] }> {
  const events: [id: number, event: JournalEvent][] = [];
  const files = await journalFiles(folder);
  const cuts: JournalCut[] = files.length === 0 ? [{ last: undefined }] : [];
  for (const file of files) {
    const bytes = await Deno.readFile(join(folder, file));
    const before = events.length;
    let isCut = false;
    try {
      for (const value of readFressian(bytes, () => isCut = true)) {
        events.push(eventOf(value));
      }
    } catch (cause) {
      throw new Error(
        `net-journal/${file} is damaged after ${
          events.length - before
        } events: ${
          wordsOf(cause)
        }. Copy it again, or remove net-journal: then the run is judged without its messages`,
        { cause },
      );
    }
    if (!isCut) continue;
    const own = events.slice(before).map(([, [, time]]) => time);
    cuts.push({ file, last: own.at(-1) });
  }
  const journal = events.sort(([a], [b]) => a - b).map(([, event]) => event);
  return { journal, cuts };
}

async function journalFiles(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.map(({ name }) => name)
      .filter((name) => name.endsWith(".fressian")).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function incidentOf(
  { file, last }: JournalCut,
  options: Options,
  origin: number | undefined,
): Incident {
  return {
    time: last === undefined || origin === undefined ? 0 : last - origin,
    node: nodeOf(0, options),
    type: "journal-cut",
    text: file === undefined
      ? "there is no net-journal, so figures that count messages are empty"
      : `net-journal/${file} was cut short here: its later messages are in no figure`,
  };
}

function eventOf(value: Value): [number, JournalEvent] {
  const [id, time, type, message] = fieldsOf(value, "ev");
  const [messageId, src, dest, body] = fieldsOf(message, "msg");
  const kind = type === "send" ? "send" : "recv";
  return [Number(id), [
    kind,
    Number(time),
    Number(messageId),
    String(src),
    String(dest),
    body as JsonObject,
  ]];
}

function fieldsOf(
  value: Value | undefined,
  tag: string,
): readonly Value[] {
  if (value instanceof Struct && value.tag === tag) return value.fields;
  throw new Error(`there is something other than ${tag}`);
}

/**
 * The history's time zero on the journal's clock: the least time between an operation's
 * invocation and its client's request. Requests of one type to one node are matched with
 * operations in order; where some were never sent, or the journal has lost them, those that follow
 * are matched with earlier operations, so such types and nodes count only if there are no others.
 */
function originOf(
  history: readonly Op[],
  journal: readonly JournalEvent[],
  options: Options,
): number | undefined {
  const invoked = timesBy(
    history.filter((op) => op.type === "invoke" && isClientOp(op)),
    (op) => `${op.f} ${nodeOf(Number(op.process), options)}`,
    (op) => op.time,
  );
  const sent = timesBy(
    journal.filter(([kind, , , src]) => kind === "send" && isClient(src)),
    ([, , , , dest, body]) => `${asText(body.type)} ${dest}`,
    ([, time]) => time,
  );
  const least = { whole: Infinity, lacking: Infinity };
  for (const [key, times] of invoked) {
    const others = sent.get(key) ?? [];
    if (others.length > times.length) continue;
    const kind = others.length === times.length ? "whole" : "lacking";
    others.forEach((time, i) =>
      least[kind] = Math.min(least[kind], time - times[i]!)
    );
  }
  return [least.whole, least.lacking].find(Number.isFinite);
}

function timesBy<T>(
  list: readonly T[],
  key: (element: T) => string,
  time: (element: T) => number,
): Map<string, number[]> {
  const groups = Map.groupBy(list, key);
  return new Map(
    [...groups].map(([key, elements]) => [
      key,
      elements.map(time).sort((a, b) => a - b),
    ]),
  );
}
