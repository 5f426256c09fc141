/**
 * Reads and writes recordings: files with one JSON object, plain or gzipped, in the form of
 * `tests/golden/`. It also reads a run's directory, which holds such a file or is one of the real
 * Maelstrom's.
 */
import { plain } from "./history/copies.ts";
import {
  asDouble,
  isInteger,
  type Json,
  type JsonObject,
  parse,
  stringify,
} from "./history/json.ts";
import { collectGarbage } from "./executable/garbage.ts";
import { isMaelstromRun, loadMaelstromRun } from "./maelstrom/store.ts";
import {
  checked,
  checkFields,
  type Fields,
  isTextList,
  timeIn,
} from "./workloads/operations.ts";
import { join } from "node:path";
import {
  areTooLong,
  type Beginning,
  briefly,
  holding,
} from "./history/lists.ts";
import {
  type Incident,
  type JournalEvent,
  type Op,
  type Recording,
  textsOf,
} from "./history/history.ts";

/** The name of the recording in a run's directory. */
export const RECORDING_FILE = "recording.json.gz";

/** The name of the results beside it. */
export const RESULTS_FILE = "results.json";

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** How many bytes are decoded at once: gzip makes a thousand times as many characters of them at most. */
const CHUNK = 2 ** 16;

/**
 * The text of a file, plain or gzipped, in pieces.
 *
 * @throws {Error} it is gzipped, and cut short or damaged; the message says how far it can be read
 */
async function* textOf(path: string): AsyncGenerator<string> {
  const bytes = await Deno.readFile(path);
  const chunks = Array.from(
    { length: Math.ceil(bytes.length / CHUNK) },
    (_, i) => bytes.subarray(i * CHUNK, (i + 1) * CHUNK),
  );
  const stream = ReadableStream.from(chunks);
  if (!isGzip(bytes)) return yield* stream.pipeThrough(new TextDecoderStream());
  const unpacked = stream.pipeThrough(new DecompressionStream("gzip"))
    .pipeThrough(new TextDecoderStream());
  let length = 0;
  try {
    for await (const text of unpacked) {
      length += text.length;
      yield text;
    }
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new Error(
      `it is cut short or damaged: its ${bytes.length} bytes are not a whole gzip file, and give only ${length} characters of text. ${AGAIN}`,
      { cause },
    );
  }
}

/** What to do about half a file. */
const AGAIN = "Copy it again, or repeat the run";

/** The lines of a text that comes in pieces. */
async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let begun = "";
  for await (const piece of text) {
    const lines = piece.split("\n");
    lines[0] = begun + lines[0];
    begun = lines.pop()!;
    yield* lines;
  }
  yield begun;
}

/** The parts of a recording that may be too long for one string. */
const LONG_PART = /^"(history|journal|lists)": \[$/;

/**
 * Reads a recording's JSON as {@link saveRecording} writes it, with one element of a long part per
 * line. These elements are parsed one by one; the rest is parsed as a whole, with a number in place
 * of each long part.
 *
 * @throws {SyntaxError} it is not JSON, or has another layout
 */
async function readLines(path: string): Promise<Json> {
  const parts: Json[][] = [];
  let open: Json[] | null = null;
  let rest = "";
  for await (const line of linesOf(textOf(path))) {
    const [, name] = LONG_PART.exec(line) ?? [];
    if (open !== null && line.startsWith("]")) {
      open = null;
      rest += line.slice(1);
    } else if (open !== null) {
      open.push(parse(line.endsWith(",") ? line.slice(0, -1) : line));
    } else if (name !== undefined) {
      rest += `"${name}": ${parts.length}`;
      parts.push(open = []);
    } else rest += line + "\n";
  }
  const recording = parse(rest);
  const { aftermath, calm } = Object(recording);
  for (const holder of [recording, aftermath, calm].map(Object)) {
    for (const name of ["history", "journal", "lists"]) {
      const part = parts[holder[name]];
      if (part !== undefined) holder[name] = part;
    }
  }
  return recording;
}

/**
 * Reads a recording's JSON in any layout.
 *
 * @throws {Error} it is not JSON; the message says how far it can be read
 */
async function readJson(path: string): Promise<Json> {
  try {
    return await readLines(path);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const text = (await Array.fromAsync(textOf(path))).join("");
  if (text === "") throw new Error(`it is empty. ${AGAIN}`);
  try {
    return parse(text);
  } catch (error) {
    const isCut = text.trimStart().startsWith("{") &&
      !text.trimEnd().endsWith("}");
    if (!(isCut && error instanceof SyntaxError)) throw error;
    throw new Error(
      `it is cut short: it ends after ${text.length} characters, in the middle. ${AGAIN}`,
      { cause: error },
    );
  }
}

/**
 * Checks that a value is a recording, as far as needed to tell it from other JSON.
 *
 * @throws {TypeError} it is not
 */
function asRecording(value: unknown): Recording {
  const { workload, options, results, aftermath, calm, lists, ...rest } =
    Object(value);
  if (typeof workload !== "string") {
    throw new TypeError("it has no workload, history and journal");
  }
  checkFields("in the file", value, HEAD);
  // Whether these were written as 1 or 1.0 does not matter.
  const flags = plain(options ?? {});
  checkFields("in its options", flags, OPTIONS);
  const after = aftermath ?? undefined;
  const healedAt = asDouble(after?.healedAt);
  if (after !== undefined) {
    checkFields("in its aftermath", after, [timeIn("healedAt")]);
  }
  const { incidents, journalOrigin: origin } = rest;
  return {
    ...rest,
    workload,
    options: flags,
    ...(results === undefined ? {} : { results: plain(results) }),
    ...(incidents && { incidents: incidents.map(asIncident) }),
    ...(origin === undefined ? {} : { journalOrigin: asDouble(origin)! }),
    ...asEvents(rest, lists),
    ...(after && {
      aftermath: { ...after, healedAt, ...asEvents(after, lists) },
    }),
    ...(calm && { calm: asEvents(calm, lists) }),
  };
}

const isText = (value: unknown) => typeof value === "string";

/** The name of something, if there is one. */
const isName = (value?: Json) => (value ?? null) === null || isText(value);

/** What a recording has besides operations and messages. */
const HEAD: Fields = [
  ["options", (all) => typeof (all ?? {}) === "object", "an object"],
  ["incidents", (all = []) => Array.isArray(all), "a list"],
  ["impurities", (all = []) => isTextList(all), "a list of texts"],
  ["journalOrigin", (time = 0) => asDouble(time) !== null, "a number"],
  ["seed", (seed = 0) => asDouble(seed) !== null, "a number"],
  ...["label", "program", "challenge", "faults", "machine"]
    .map((name) => [name, isName, "a text"] as const),
];

const INCIDENT: Fields = [
  timeIn("time"),
  ...["node", "type", "text"].map((name) => [name, isText, "a text"] as const),
];

function asIncident(value: Incident, i: number): Incident {
  checkFields(`in element ${i} of its incidents`, value, INCIDENT);
  return { ...value, time: asDouble(value.time)! };
}

/** How many nodes and clients a run may have. */
const MOST = 10_000;

/** The options that judges and reports read. */
const OPTIONS: Fields = [
  [
    "node-count",
    (count = 1) => isInteger(count) && 1 <= count && count <= MOST,
    `a whole number from 1 to ${MOST}`,
  ],
  ["nodes", isName, "a text, as n1,n2"],
  [
    "concurrency",
    (clients = "1n") =>
      /^[1-9]\d*n?$/.test(`${clients}`) && parseInt(`${clients}`) <= MOST,
    "a whole number greater than 0, or one with the suffix n, as 2n",
  ],
  ...["rate", "latency", "time-limit"].map((name) =>
    [
      name,
      (value: Json = 0) => typeof value === "number" && value >= 0,
      "a number of at least 0",
    ] as const
  ),
  ["consistency-models", isName, "a text"],
];

/** The operations and messages of a run, or of what follows it. */
function asEvents(
  { history, journal }: { history?: unknown; journal?: unknown },
  lists?: unknown,
): { history: Op[]; journal: JournalEvent[] } {
  const [ops, events] = [history ?? [], journal ?? []];
  if (!Array.isArray(ops) || !Array.isArray(events)) {
    throw new TypeError("it has no workload, history and journal");
  }
  const read = { history: ops as Op[], journal: events.map(asEvent) };
  if (lists === undefined) return read;
  for (const event of read.journal) event[5] = withList(event[5], lists);
  return { ...read, history: read.history.map((op) => withList(op, lists)) };
}

/** An object with the long list that it refers to, if it refers to one. */
function withList<T extends Op | JsonObject>(holder: T, lists: unknown): T {
  for (const [field, value] of Object.entries(holder ?? {})) {
    const { list, length } = Object(value);
    if (!isInteger(list) || !isInteger(length)) continue;
    const whole = Object(lists)[Number(list)];
    if (!Array.isArray(whole) || length < 0 || length > whole.length) {
      throw new TypeError(`it has no list ${list} of ${length} elements`);
    }
    return holding(holder, field, { list: whole, length: Number(length) });
  }
  return holder;
}

/**
 * Checks that a value is an event of the network. A message without a body gets an empty one, as
 * in Maelstrom. Some clocks count nanoseconds from so long ago that times lose up to a microsecond.
 *
 * @throws {TypeError} it is not
 */
function asEvent(value: unknown, i: number): JournalEvent {
  const [kind, at, id, src, dest, body] = Array.isArray(value) ? value : [];
  const time = asDouble(at);
  const isOne = (kind === "send" || kind === "recv") && time !== null &&
    isInteger(id) && typeof src === "string" && typeof dest === "string" &&
    typeof body === "object";
  if (isOne) return [kind, time, id as number, src, dest, body ?? {}];
  throw new TypeError(
    `element ${i} of its journal is not an event: [send or recv, time, id, src, dest, body]`,
  );
}

/**
 * Reads a recording.
 *
 * @param path a JSON file, gzipped or not, or a directory that holds {@link RECORDING_FILE} or
 * is a run in Maelstrom's store
 * @throws {Error} the file cannot be read, or is not a recording
 */
export async function loadRecording(path: string): Promise<Recording> {
  let file = path;
  try {
    const { isDirectory } = await Deno.stat(path);
    if (!isDirectory) return checked(asRecording(await readJson(path)));
    const names = (await Array.fromAsync(Deno.readDir(path)))
      .map(({ name }) => name);
    if (names.includes(RECORDING_FILE)) {
      file = join(path, RECORDING_FILE);
      return checked(asRecording(await readJson(file)));
    }
    if (names.includes(RESULTS_FILE)) {
      throw new Error(
        `its ${RECORDING_FILE} is missing, from which a run of the workbench is judged. ${AGAIN}`,
      );
    }
    if (isMaelstromRun(names)) return checked(await loadMaelstromRun(path));
    throw new Error(
      `there is neither a ${RECORDING_FILE} nor a history.edn in it, as after a run that was interrupted; name the folder of one run`,
    );
  } catch (cause) {
    throw new Error(`Cannot load recording ${file}: ${whyNot(cause)}`, {
      cause,
    });
  }
}

/** Why a recording cannot be loaded, and what to do. */
function whyNot(cause: unknown): string {
  const why = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof Deno.errors.NotFound) {
    return "there is no such file or folder; name that of a run, as store/latest";
  }
  if (cause instanceof SyntaxError) {
    return `it is not JSON (${why}); name a run's folder, or a ${RECORDING_FILE}`;
  }
  return cause instanceof RangeError && why.includes("string length")
    ? "it is longer than 512 MB, and not JSON with a line for each operation and message"
    : why;
}

/** How much text is written at once, in characters. */
const PIECE = 65_536;

/**
 * Writes a recording, gzipped if the file's name ends in `.gz`. It has one line for each operation
 * and message, which keeps the plain form readable, and it is written piece by piece, since no
 * string can hold a long run.
 *
 * If the lists that clients have read are too long to be written out, lists that begin alike are
 * written once, as an element of `lists`. A reference such as `{"list": 3, "length": 70000}` then
 * stands for the first 70000 elements of list 3.
 */
export async function saveRecording(
  path: string,
  recording: Recording,
): Promise<void> {
  await writeTexts(path, recordingLines(recording));
}

/** Writes texts one after the other, gzipped if the file's name ends in `.gz`. */
export async function writeTexts(
  path: string,
  texts: Iterable<string>,
): Promise<void> {
  const text = ReadableStream.from(pieces(texts))
    .pipeThrough(new TextEncoderStream());
  const bytes = path.endsWith(".gz")
    ? text.pipeThrough(new CompressionStream("gzip"))
    : text;
  await Deno.writeFile(path, bytes);
}

/** The text of a recording's file, line by line. */
export function* recordingLines(
  { history, journal, ...head }: Recording,
): Generator<string> {
  const { aftermath, calm, ...rest } = head;
  const lists = areTooLong(history) ? new ListNumbers() : null;
  yield `${stringify(rest).slice(0, -1)},\n`;
  for (const [name, part] of Object.entries({ aftermath, calm })) {
    if (part === undefined) continue;
    const { history, journal, ...rest } = part;
    const text = stringify(rest).slice(0, -1);
    yield `"${name}": ${text}${text === "{" ? "" : ","}\n`;
    yield* arrayLines("history", opTexts(history, lists));
    yield ",\n";
    yield* arrayLines("journal", textsOf(journal, lists?.refer));
    yield "},\n";
  }
  yield* arrayLines("history", opTexts(history, lists));
  yield ",\n";
  yield* arrayLines("journal", textsOf(journal, lists?.refer));
  if (lists !== null) {
    yield ",\n";
    yield* arrayLines("lists", lists.all().map((list) => stringify(list)));
  }
  yield "}\n";
}

/** Numbers lists, and refers to them. */
class ListNumbers {
  readonly #numbers = new Map<readonly Json[], number>();

  readonly refer = ({ list, length }: Beginning): Json => {
    const number = this.#numbers.get(list) ?? this.#numbers.size;
    this.#numbers.set(list, number);
    return { list: number, length };
  };

  all(): IteratorObject<readonly Json[]> {
    return this.#numbers.keys();
  }
}

function opTexts(ops: Op[], lists: ListNumbers | null): Iterable<string> {
  return ops.values().map((op) =>
    stringify(lists === null ? op : briefly(op, lists.refer))
  );
}

/** A field that is a long array of these texts, one per line. */
function* arrayLines(
  name: string,
  elements: Iterable<string>,
): Generator<string> {
  yield `"${name}": [`;
  let separator = "\n";
  for (const element of elements) {
    yield separator + element;
    separator = ",\n";
  }
  yield separator === "\n" ? "]" : "\n]";
}

/** After how many characters of text garbage is collected: left to itself, V8 would let a gigabyte accumulate. */
const COLLECTED_AFTER = 256e6;

/** Joins short texts into longer ones. */
function* pieces(texts: Iterable<string>): Generator<string> {
  let piece = "", written = 0;
  for (const text of texts) {
    piece += text;
    if (piece.length < PIECE) continue;
    yield piece;
    written += piece.length;
    piece = "";
    if (written < COLLECTED_AFTER) continue;
    written = 0;
    collectGarbage();
  }
  yield piece;
}
