/** Which values flags may have. */
import { modelsOf } from "../checkers/elle/results.ts";
import { MACHINES } from "../world/machine.ts";
import { nemesisFaults } from "../world/nemesis.ts";
import { workloads } from "../workloads/all.ts";
import { didYouMean } from "./nearest.ts";
import { UsageError } from "./usage-error.ts";

/** The values that some flags may have. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  "latency-dist": ["constant", "uniform", "exponential"],
  "topology": ["line", "grid", "tree", "tree2", "tree3", "tree4", "total"],
  "faults": ["official", "partition", "chaos"],
  "machine": MACHINES,
  "judge": ["faithful", "strict"],
  "workload": Object.keys(workloads),
};

/** Numbers that must be greater than zero, and those that must be whole. */
const POSITIVE = new Set([
  "node-count",
  "time-limit",
  "nemesis-interval",
  "seeds",
  "workers",
  "test-count",
  "key-count",
  "max-txn-length",
  "max-writes-per-key",
]);
const WHOLE = new Set([...POSITIVE, "latency", "seed", "run", "port"]);
WHOLE.delete("nemesis-interval");

/**
 * How large some numbers may be: what they count lies in memory, or, where it is a latency, is
 * waited for after the run.
 */
const MOST: Readonly<Record<string, number>> = {
  "latency": 60_000,
  "time-limit": 10_000_000,
  "key-count": 10_000,
  "max-txn-length": 10_000,
  "node-count": 10_000,
  "concurrency": 10_000,
  "seeds": 1_000_000,
  "test-count": 1_000_000,
  "seed": 2 ** 52, // as many more are exact
  "port": 65_535,
};

const DECIMAL = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/**
 * Reads a number.
 *
 * @throws {UsageError} it is none that this flag may have
 */
export function readNumber(name: string, text: string): number {
  const value = Number(text);
  const least = POSITIVE.has(name) ? "greater than 0" : "at least 0";
  const kind = WHOLE.has(name) ? "a whole number" : "a number";
  const fits = DECIMAL.test(text) && Number.isFinite(value) && value >= 0 &&
    !(POSITIVE.has(name) && value === 0) &&
    !(WHOLE.has(name) && !Number.isInteger(value));
  if (!fits) {
    throw new UsageError(
      `Cannot use --${name} "${text}": it must be ${kind} ${least}`,
    );
  }
  checkSize(name, text, value);
  return value;
}

function checkSize(name: string, text: string, value: number): void {
  const most = MOST[name] ??
    (WHOLE.has(name) ? Number.MAX_SAFE_INTEGER : Infinity);
  if (value <= most) return;
  throw new UsageError(`Cannot use --${name} "${text}": it is ${most} at most`);
}

/**
 * Reads any other value, which may be a number all the same.
 *
 * @throws {UsageError} it is none that this flag may have
 */
export function readText(name: string, text: string): string | number {
  if (text === "") {
    throw new UsageError(`Cannot use --${name} "": say which`);
  }
  const choices = CHOICES[name];
  if (choices !== undefined && !choices.includes(text)) {
    throw new UsageError(
      `Cannot use --${name} "${text}": it must be ${choices.join(", ")}${
        didYouMean(text, choices)
      }`,
    );
  }
  if (name === "nemesis") checkNemesis(text);
  if (name === "consistency-models") {
    try {
      modelsOf({ [name]: text });
    } catch (error) {
      const hint = text.includes(",")
        ? ". Several are separated by a comma with blanks on both sides, as Maelstrom has it"
        : "";
      throw new UsageError((error as Error).message + hint);
    }
  }
  if (name === "concurrency" && !/^[1-9]\d*n?$/.test(text)) {
    throw new UsageError(
      `Cannot use --concurrency "${text}": it must be a whole number greater than 0, or one with the suffix n, as 2n`,
    );
  }
  if (name === "concurrency") checkSize(name, text, parseInt(text));
  if (name !== "availability" || text === "total") return text;
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) {
    throw new UsageError(
      `Cannot use --availability "${text}": it must be total, or a number from 0 to 1`,
    );
  }
  return value;
}

function checkNemesis(flag: string): void {
  try {
    nemesisFaults(flag);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
