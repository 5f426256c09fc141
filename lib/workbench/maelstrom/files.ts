/**
 * Writes a run in Maelstrom's files, for scripts that read them: results and history in EDN,
 * and a log whose second line is the command.
 */
import { isClientOp, type Json, type Op, type Recording } from "../history.ts";
import { Float, stringify } from "../json.ts";
import type { Judged } from "../checkers/judges.ts";

/** The files' texts, by name. */
export function* maelstromFiles(
  { recording, results }: Judged,
  command: string,
): Generator<[name: string, text: string]> {
  yield ["results.edn", `${edn(results)}\n`];
  yield [
    "history.edn",
    recording.history.map((op) => `${opEdn(op)}\n`).join(""),
  ];
  yield ["jepsen.log", logOf(recording, results["valid?"], command)];
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
function logOf(
  { history, incidents = [] }: Recording,
  verdict: Json | undefined,
  command: string,
): string {
  const entries = [
    ...history.map((op) => ({
      time: op.time,
      line: `INFO\t${
        isClientOp(op)
          ? `[jepsen worker ${op.process}]`
          : "[jepsen worker nemesis]"
      } jepsen.util: ${
        isClientOp(op) ? op.process : ":nemesis"
      }\t:${op.type}\t:${op.f}\t${
        isClientOp(op) ? valueEdn(op.f, op.value) : nemesisEdn(op.value)
      }${op.error === undefined ? "" : `\t${errorEdn(op.error)}`}`,
    })),
    ...incidents.map(({ time, type, text }) => ({
      time,
      line: `WARN\t[${type}] ${text.replaceAll("\n", "\n\t")}`,
    })),
  ].sort((a, b) => a.time - b.time);
  const lines = entries.map(({ time, line }) =>
    `${(time / 1e9).toFixed(3)} s\t${line}`
  );
  return [
    "INFO\t[workbench] Command line:",
    command,
    ...lines,
    `INFO\t[workbench] :valid? ${edn(verdict, "valid?")}`,
    "",
  ].join("\n");
}
