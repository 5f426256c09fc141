/**
 * Writes a run in Maelstrom's files, for scripts that read them: results and history in EDN,
 * and a log whose second line is the command.
 */
import {
  type Incident,
  isClientOp,
  type Op,
  type Recording,
} from "../history/history.ts";
import { Float, type Json, stringify } from "../history/json.ts";
import { areTooLong, briefly, newsTeller } from "../history/lists.ts";
import type { Judged } from "../checkers/judges.ts";

/**
 * The files' texts, by name, in pieces. Lists that are too long in all are told by
 * {@link newsTeller}, and the log says so.
 */
export function* maelstromFiles(
  { recording, results }: Judged,
  command: string,
): Generator<[name: string, texts: Iterable<string>]> {
  const history = asWritten(recording.history);
  yield ["results.edn", [...ednTexts(results), "\n"]];
  yield [
    "history.edn",
    history.ops().map((op) => `${opEdn(op)}\n`),
  ];
  yield ["jepsen.log", logOf(recording, results["valid?"], command)];
}

/** What a log says of a history whose lists are too long in all. */
export const SHORTENED =
  "the values read are too many to be written: of a long read, the history has how many it shows and which no earlier one had; recording.json.gz has all";

/** A history as files have it. */
export function asWritten(
  ops: readonly Op[],
): { isShortened: boolean; ops(): IteratorObject<Op> } {
  const isShortened = areTooLong(ops);
  return {
    isShortened,
    ops() {
      if (!isShortened) return ops.values();
      const tell = newsTeller();
      return ops.values().map((op) => briefly(op, tell));
    },
  };
}

/** The keys whose values are keywords in Maelstrom's results. */
const KEYWORDS_UNDER =
  /^(valid\?|type|f|outcome|process|key-type|.*-types|not|also-not)$/;

const KEYWORD = /^[a-zA-Z*+!_?<>=-][\w*+!?<>=.-]*$/;

/** JSON as EDN: keys become keywords or numbers where possible. */
function edn(value: Json | undefined, under = ""): string {
  if (value === null || value === undefined) return "nil";
  if (typeof value === "string") {
    return KEYWORDS_UNDER.test(under) && KEYWORD.test(value)
      ? `:${value}`
      : JSON.stringify(value);
  }
  if (typeof value !== "object" || value instanceof Float) {
    return stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((element) => edn(element, under)).join(" ")}]`;
  }
  const entries = Object.entries(value).map(([key, element]) =>
    `${keyEdn(key)} ${edn(element, key)}`
  );
  return `{${entries.join(", ")}}`;
}

/** How deep results are written part by part: some hold whatever nodes have written. */
const PART_LEVELS = 4;

/** JSON as EDN, in pieces, since the whole may be longer than a text can be. */
function* ednTexts(
  value: Json,
  under = "",
  levels = PART_LEVELS,
): Generator<string> {
  const isWhole = levels === 0 || typeof value !== "object" ||
    value === null || value instanceof Float;
  if (isWhole) return yield edn(value, under);
  const isArray = Array.isArray(value);
  let before = isArray ? "[" : "{";
  if (Object.keys(value).length === 0) yield before;
  for (const [key, element] of Object.entries(value)) {
    yield isArray ? before : `${before}${keyEdn(key)} `;
    yield* ednTexts(element, isArray ? under : key, levels - 1);
    before = isArray ? " " : ", ";
  }
  yield isArray ? "]" : "}";
}

function keyEdn(key: string): string {
  if (/^-?\d+(\.\d+)?$/.test(key)) return key;
  return KEYWORD.test(key) ? `:${key}` : JSON.stringify(key);
}

/** One line of a history. */
function opEdn(op: Op): string {
  const { index, time, type, process, f, value, error, ...more } = op;
  const parts = [
    `:index ${index}`,
    `:time ${time}`,
    `:type :${type}`,
    `:process ${typeof process === "string" ? `:${process}` : process}`,
    `:f :${f}`,
    `:value ${isClientOp(op) ? valueEdn(f, value) : nemesisEdn(value)}`,
    ...(error === undefined ? [] : [`:error ${errorEdn(error)}`]),
    ...Object.entries(more).map(([key, value]) => `:${key} ${edn(value)}`),
  ];
  return `{${parts.join(", ")}}`;
}

/** A client's value: the keys of its maps are the user's own, and micro-operations have keywords. */
function valueEdn(f: string, value: Json): string {
  if (/^(txn|poll|send)$/.test(f) && Array.isArray(value)) {
    const micro = value.map((step) => {
      if (!Array.isArray(step) || typeof step[0] !== "string") {
        return plainEdn(step);
      }
      const [name, ...rest] = step;
      return `[${[`:${name}`, ...rest.map(plainEdn)].join(" ")}]`;
    });
    return `[${micro.join(" ")}]`;
  }
  return plainEdn(value);
}

/** JSON as EDN with strings for keys. */
function plainEdn(value: Json): string {
  if (value === null) return "nil";
  if (typeof value !== "object" || value instanceof Float) {
    return stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(plainEdn).join(" ")}]`;
  const entries = Object.entries(value).map(([key, element]) =>
    `${JSON.stringify(key)} ${plainEdn(element)}`
  );
  return `{${entries.join(", ")}}`;
}

/** What the nemesis did: keywords, and sets of nodes. */
function nemesisEdn(value: Json): string {
  if (typeof value === "string") {
    return KEYWORD.test(value) ? `:${value}` : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(nemesisEdn).join(" ")}]`;
  if (typeof value !== "object" || value === null) return plainEdn(value);
  const entries = Object.entries(value).map(([node, others]) =>
    `${JSON.stringify(node)} ${
      Array.isArray(others)
        ? `#{${others.map(plainEdn).join(" ")}}`
        : nemesisEdn(others)
    }`
  );
  return `{${entries.join(", ")}}`;
}

/** An error: its name is a keyword, its text is not. */
function errorEdn(error: Json): string {
  if (typeof error === "string") return nemesisEdn(error);
  if (!Array.isArray(error)) return plainEdn(error);
  const [name, ...rest] = error;
  return `[${[nemesisEdn(name ?? null), ...rest.map(plainEdn)].join(" ")}]`;
}

/** The log: the command, then all operations and incidents, by time. */
function* logOf(
  { history, incidents = [] }: Recording,
  verdict: Json | undefined,
  command: string,
): Generator<string> {
  yield `INFO\t[workbench] Command line:\n${command}\n`;
  const { isShortened, ops } = asWritten(history);
  if (isShortened) yield `WARN\t[workbench] ${SHORTENED}\n`;
  const rest = incidents.toSorted((a, b) => a.time - b.time);
  for (const op of ops()) {
    while (rest.length > 0 && rest[0]!.time < op.time) {
      yield incidentLine(rest.shift()!);
    }
    yield opLine(op);
  }
  yield* rest.map(incidentLine);
  yield `INFO\t[workbench] :valid? ${edn(verdict, "valid?")}\n`;
}

function opLine(op: Op): string {
  const isClient = isClientOp(op);
  const { time, process, type, f, value, error } = op;
  const who = isClient ? `${process}` : "nemesis";
  const words = [
    `[jepsen worker ${who}] jepsen.util: ${isClient ? process : ":nemesis"}`,
    `:${type}`,
    `:${f}`,
    isClient ? valueEdn(f, value) : nemesisEdn(value),
    ...(error === undefined ? [] : [errorEdn(error)]),
  ];
  return logLine(time, `INFO\t${words.join("\t")}`);
}

function incidentLine({ time, type, text }: Incident): string {
  return logLine(time, `WARN\t[${type}] ${text.replaceAll("\n", "\n\t")}`);
}

function logLine(time: number, text: string): string {
  return `${(time / 1e9).toFixed(3)} s\t${text}\n`;
}
