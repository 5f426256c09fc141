/**
 * Reads a run in the real Maelstrom's store as a recording: history, results, options, the
 * network's journal, and what the log says about nodes that went silent.
 */
import { join } from "node:path";
import { parseEdn, parseResults } from "./edn.ts";
import { SHORTENED } from "./files.ts";
import { breakOffIn, commandIn, incidentsIn } from "./log.ts";
import { readFressian, Struct, type Value } from "./fressian.ts";
import {
  isClient,
  isClientOp,
  type JournalEvent,
  nodeOf,
  type Op,
  type Options,
  type Recording,
} from "../history/history.ts";
import { asText, type JsonObject } from "../history/json.ts";

const HISTORY = "history.edn";

/** Whether a folder looks like one of Maelstrom's runs. */
export async function isMaelstromRun(folder: string): Promise<boolean> {
  const names = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name);
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
  const log = await textOf(folder, "jepsen.log");
  if (log === null) {
    throw new Error(
      "it has no jepsen.log, which says what was tested: name the folder of a whole run",
    );
  }
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
  const journal = await journalIn(join(folder, "net-journal"));
  const results = await textOf(folder, "results.edn");
  const parsed = results === null ? null : parseResults(results);
  const origin = originOf(history, journal, options);
  return {
    workload,
    options,
    exit: exitOf(parsed),
    results: parsed,
    history,
    journal,
    incidents: incidentsIn(log, history),
    faithful: true,
    ...(origin === undefined ? {} : { journalOrigin: origin }),
  };
}

async function textOf(folder: string, name: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(join(folder, name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Maelstrom's exit status for its results: it crashes without any. */
function exitOf(results: JsonObject | null): number {
  if (results === null) return 255;
  const verdict = results["valid?"];
  return verdict === true ? 0 : verdict === false ? 1 : 2;
}

/** All events of the network in order: every thread has written its own file. */
async function journalIn(folder: string): Promise<JournalEvent[]> {
  const events: [id: number, event: JournalEvent][] = [];
  let names: string[];
  try {
    names = (await Array.fromAsync(Deno.readDir(folder)))
      .map(({ name }) => name).filter((name) => name.endsWith(".fressian"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  for (const name of names) {
    const bytes = await Deno.readFile(join(folder, name));
    for (const value of readFressian(bytes)) events.push(eventOf(value, name));
  }
  return events.sort(([a], [b]) => a - b).map(([, event]) => event);
}

function eventOf(value: Value, file: string): [number, JournalEvent] {
  const [id, time, type, message] = fieldsOf(value, "ev", file);
  const [messageId, src, dest, body] = fieldsOf(message, "msg", file);
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
  file: string,
): readonly Value[] {
  if (value instanceof Struct && value.tag === tag) return value.fields;
  throw new Error(`net-journal/${file} holds something other than ${tag}`);
}

/**
 * The history's time zero on the journal's clock: the least time between an operation's
 * invocation and its client's request. Requests of one type to one node are matched with
 * operations in order; if their numbers differ, some were never sent, and those prove nothing.
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
  let least = Infinity;
  for (const [key, times] of invoked) {
    const others = sent.get(key) ?? [];
    if (others.length !== times.length) continue;
    others.forEach((time, i) => least = Math.min(least, time - times[i]!));
  }
  return least === Infinity ? undefined : least;
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
