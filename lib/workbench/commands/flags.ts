/** Parses command lines: Maelstrom's flags, which become the options of a run, and ours. */
import { parseArgs } from "node:util";
import type { Options } from "../history/options.ts";
import { stringify } from "../history/json.ts";
import { readNumber, readText } from "./flag-values.ts";
import { didYouMean } from "./nearest.ts";
import { UsageError } from "./usage-error.ts";

/** Where `serve` listens if no other port is given. */
export const PORT = 8080;

/** The type of a flag's value. */
export type Kind = "text" | "number" | "switch";

/** A flag that determines a run. */
interface RunFlag {
  kind: Kind;
  /** Its default, as shown to users. */
  fallback: string;
  /** What it means, as shown to users. */
  says: string;
}

/** Maelstrom's flags that determine a run. They are recorded with it. */
export const RUN_FLAGS: Readonly<Record<string, RunFlag>> = {
  "node-count": {
    kind: "number",
    fallback: "5, named n1 to n5",
    says: "number of nodes, named n0, n1, ...",
  },
  "nodes": {
    kind: "text",
    fallback: "n1,n2,n3,n4,n5",
    says: "names of nodes; also -n NAME (repeatable) or --nodes-file FILE",
  },
  "concurrency": {
    kind: "text",
    fallback: "1n",
    says: "number of clients; 2n is two per node",
  },
  "rate": {
    kind: "number",
    fallback: "5",
    says: "requests per second, all clients together",
  },
  "time-limit": {
    kind: "number",
    fallback: "60",
    says: "length of the main phase, in seconds",
  },
  "latency": {
    kind: "number",
    fallback: "0",
    says: "mean latency between nodes, in milliseconds",
  },
  "latency-dist": {
    kind: "text",
    fallback: "constant",
    says: "constant, uniform or exponential",
  },
  "topology": {
    kind: "text",
    fallback: "grid",
    says: "broadcast: line, grid, tree, tree2, tree3, tree4 or total",
  },
  "nemesis": {
    kind: "text",
    fallback: "none",
    says: "faults, separated by commas: partition, kill, pause",
  },
  "nemesis-interval": {
    kind: "number",
    fallback: "10",
    says: "mean time between faults, in seconds",
  },
  "availability": {
    kind: "text",
    fallback: "none required",
    says: "total, or the share of requests that must succeed, 0 to 1",
  },
  "consistency-models": {
    kind: "text",
    fallback: "strict-serializable",
    says: "transactions: the level required, such as read-committed",
  },
  "key-count": {
    kind: "number",
    fallback: "10",
    says: "transactions, kafka: keys in use at a time",
  },
  "max-txn-length": {
    kind: "number",
    fallback: "4",
    says: "transactions: most operations per transaction",
  },
  "max-writes-per-key": {
    kind: "number",
    fallback: "16",
    says: "transactions, kafka: writes to a key before another replaces it",
  },
};

/** The flags that name nodes, which become the option `nodes`. `--node` may be repeated. */
const NODE_FLAGS = ["node", "nodes", "nodes-file"] as const;

/** Maelstrom's flags that are accepted, but have no effect here. */
export const IGNORED_FLAGS: Kinds = {
  "leave-db-running": "switch",
  "logging-json": "switch",
  "log-net-send": "switch",
  "log-net-recv": "switch",
  "username": "text",
  "password": "text",
  "ssh-private-key": "text",
  "strict-host-key-checking": "switch",
  "no-ssh": "switch",
};

/** A parsed command line. */
export interface Parsed {
  /** The words that are not flags. */
  words: string[];
  /** The flags that determine the run, with their values. */
  options: Options;
  /** The other flags, by the type of their values. */
  numbers: { [flag: string]: number };
  texts: { [flag: string]: string };
  switches: Set<string>;
  /** What follows `--`. */
  rest: string[];
}

/** Flags by name, each with the type of its value. */
type Kinds = Readonly<Record<string, Kind>>;

/** The long names of flags, by their letters. */
type Letters = Readonly<Record<string, string>>;

/**
 * Parses a command line with Maelstrom's flags that determine a run, and these others.
 *
 * @throws {UsageError} as {@link parseFlags}
 */
export function parseRunFlags(
  args: readonly string[],
  more: Kinds,
  letters: Letters = {},
): Parsed {
  const kinds = Object.entries(RUN_FLAGS).map(([name, { kind }]) =>
    [name, kind] as const
  );
  return parseFlags(args, {
    ...Object.fromEntries(kinds),
    ...{ node: "text", "nodes-file": "text" },
    ...more,
  }, { n: "node", ...letters });
}

/**
 * Parses a command line with these flags.
 *
 * @throws {UsageError} a flag is unknown, or has no value, or one that it cannot have
 */
export function parseFlags(
  args: readonly string[],
  kinds: Kinds,
  letters: Letters = {},
): Parsed {
  const end = args.indexOf("--");
  const own = end === -1 ? args : args.slice(0, end);
  const rest = end === -1 ? [] : args.slice(end + 1);
  const { values, positionals: words } = valuesIn(own, kinds, letters);
  const nodes = nodesIn(values);
  if (nodes.length > 0 && values["node-count"] === undefined) {
    values.nodes = nodes.join(",");
  } else delete values.nodes; // Maelstrom lets the count win
  const parsed: Parsed = {
    words,
    options: {},
    numbers: {},
    texts: {},
    switches: new Set(),
    rest,
  };
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "boolean") parsed.switches.add(name);
    if (typeof value !== "string" || name === "nodes-file") continue;
    const read = kinds[name] === "number"
      ? readNumber(name, value)
      : name in IGNORED_FLAGS
      ? value
      : readText(name, value);
    if (name in RUN_FLAGS) parsed.options[name] = read;
    else if (typeof read === "number") parsed.numbers[name] = read;
    else parsed.texts[name] = read;
  }
  return parsed;
}

/** The values of flags as they were written, and the words that are not flags. */
function valuesIn(args: readonly string[], kinds: Kinds, letters: Letters) {
  const options = Object.entries(kinds).map(([name, kind]) => {
    const letter = Object.keys(letters).find((one) => letters[one] === name);
    return [name, {
      type: kind === "switch" ? "boolean" as const : "string" as const,
      multiple: name === "node",
      ...(letter === undefined ? {} : { short: letter }),
    }] as const;
  });
  try {
    return parseArgs({
      args: withSigns(args, kinds),
      allowPositionals: true,
      options: Object.fromEntries(options),
    });
  } catch (error) {
    const [reason] = String((error as Error).message).split(". To specify");
    const unknown = /Unknown option '(-[^']*)'/.exec(reason!)?.[1];
    throw new UsageError(
      `Cannot read the flags: ${
        unknown === undefined
          ? reason
          : noSuchFlag(unknown, Object.keys(kinds).map((name) => `--${name}`))
      }`,
    );
  }
}

function noSuchFlag(unknown: string, known: string[]): string {
  if (known.length === 0) {
    return `there is no ${unknown}: this command has no flags`;
  }
  const hint = didYouMean(unknown, known) || ".";
  return `there is no ${unknown}${hint} There are ${known.join(" ")}`;
}

/** Joins signed numbers to their flags, so that `--rate -1` is refused for its value, not for its dash. */
function withSigns(
  args: readonly string[],
  kinds: Kinds,
): string[] {
  return args.flatMap((arg, i) => {
    const isValue = (flag: string | undefined, text: string | undefined) =>
      flag !== undefined && kinds[flag.slice(2)] === "number" &&
      flag.startsWith("--") && /^-[\d.]/.test(text ?? "");
    if (isValue(args[i - 1], arg)) return [];
    return isValue(arg, args[i + 1]) ? [`${arg}=${args[i + 1]}`] : [arg];
  });
}

/**
 * Refuses words that are not flags.
 *
 * @param otherwise what to do instead
 * @throws {UsageError} there is such a word
 */
export function noWords(
  { words: [word], texts: { bin } }: Parsed,
  otherwise = bin === undefined
    ? `What to run is named with --bin, as in --bin ${word}`
    : "The node's own arguments go after --",
): void {
  if (word === undefined) return;
  throw new UsageError(`Cannot use "${word}": it is not a flag. ${otherwise}`);
}

/** The names of nodes that a command line gives. */
function nodesIn(values: { [flag: string]: unknown }): string[] {
  const { node = [], nodes = "", "nodes-file": file } = values;
  let listed = "";
  if (typeof file === "string") {
    try {
      listed = Deno.readTextFileSync(file);
    } catch (error) {
      throw new UsageError(`Cannot read --nodes-file: ${error}`);
    }
  }
  const names = [...listed.split("\n"), ...String(nodes).split(",")]
    .concat(node as string[]).map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0 && NODE_FLAGS.some((flag) => flag in values)) {
    throw new UsageError(
      "Cannot run without nodes: name some, as in --nodes a,b",
    );
  }
  for (const [i, name] of names.entries()) {
    if (/^c|^(lin-kv|seq-kv|lww-kv|lin-tso)$/.test(name)) {
      throw new UsageError(
        `Cannot name a node "${name}": the names of services are taken, and a name that begins with c is a client's`,
      );
    }
    // deno-lint-ignore no-control-regex
    if (/[/\\\u0000-\u001f]/.test(name)) {
      throw new UsageError(
        `Cannot name a node ${stringify(name)}: its log is a file of that name`,
      );
    }
    if (names.indexOf(name) !== i) {
      throw new UsageError(`Cannot name two nodes "${name}"`);
    }
  }
  return names;
}
