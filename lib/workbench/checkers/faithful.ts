/**
 * The faithful judge: gives Maelstrom's verdict, with Maelstrom's keys and figures, including
 * quirks that decide a verdict or a figure.
 */
import { seconds } from "./findings.ts";
import {
  type Incident,
  type Op,
  type Options,
  type Recording,
  wholeHistory,
} from "../history/history.ts";
import { checkAvailability } from "./availability.ts";
import { checkCounter } from "./counter.ts";
import { checkEcho } from "./echo.ts";
import { checkListAppend } from "./elle/list-append.ts";
import { checkRwRegister } from "./elle/rw-register.ts";
import { checkExceptions } from "./exceptions.ts";
import { checkKafka } from "./kafka/kafka.ts";
import { checkLinearizable } from "./registers/linearizable.ts";
import { checkNet } from "./net.ts";
import { checkSetFull } from "./set-full.ts";
import { checkStats } from "./stats.ts";
import { checkUniqueIds } from "./unique-ids.ts";
import { type Results, worst } from "./verdict.ts";

type Checker = (history: Op[], options: Options) => Results;

/** The checker of each workload. */
const WORKLOAD_CHECKERS: { readonly [workload: string]: Checker } = {
  "broadcast": (history) => checkSetFull(history, "broadcast"),
  "echo": checkEcho,
  "g-counter": checkCounter,
  "g-set": (history) => checkSetFull(history, "add"),
  "kafka": checkKafka,
  "lin-kv": (history) => checkLinearizable(history),
  "pn-counter": checkCounter,
  "txn-list-append": checkListAppend,
  "txn-rw-register": checkRwRegister,
  "unique-ids": checkUniqueIds,
};

/** A checker that throws gives `unknown`. */
function guarded(check: () => Results): Results {
  try {
    return check();
  } catch (error) {
    return { "valid?": "unknown", error: String(error) };
  }
}

/** What made Maelstrom abort, with exit status 255 and no results, if it did. */
export function crashOf(
  { incidents = [], aftermath }: Recording,
): Incident | undefined {
  // Maelstrom's run has ended by then.
  const end = aftermath?.healedAt ?? Infinity;
  return incidents.find(({ type, time }) =>
    time <= end && (type === "process-exit" || type === "setup-failed")
  );
}

/** Why Maelstrom would have had no results, or others than these; undefined if neither. */
function whyUnknown(recording: Recording): string | undefined {
  const { exit, incidents = [], aftermath, faithful } = recording;
  const end = aftermath?.healedAt ?? Infinity;
  const seen = incidents.filter(({ time }) => time <= end);
  const fatal = crashOf(recording);
  if (fatal !== undefined) {
    return `Maelstrom breaks off here, with exit status 255 and no results: ${fatal.type} of ${fatal.node}: ${fatal.text}`;
  }
  if (exit === 255) return "crashed before the analysis (exit 255)";
  const stopped = seen.find(({ type }) => type === "stopped");
  if (stopped !== undefined) return stopped.text;
  const broken = seen.find(({ type }) =>
    type === "protocol-violation" || type === "gone-client"
  );
  if (broken === undefined || faithful) return undefined;
  const at = broken.time < 0 ? "in the set-up" : `at ${seconds(broken.time)}`;
  return `Maelstrom would not have heard ${broken.node} any more after a broken line ${at}, and here it lived on: use --faithful for Maelstrom's own verdict`;
}

/** Workloads whose last reads must see all that was written: what comes later is not for them. */
const FINAL_READS: ReadonlySet<string> = new Set([
  "broadcast",
  "g-counter",
  "g-set",
  "kafka",
  "pn-counter",
]);

function checkWorkload(recording: Recording): Results {
  const { workload, history, options } = recording;
  const check = WORKLOAD_CHECKERS[workload];
  if (!check) throw new TypeError(`Cannot judge workload ${workload}`);
  const judged = FINAL_READS.has(workload) ? history : wholeHistory(recording);
  return check(judged, options);
}

/**
 * Judges a run as Maelstrom does: `perf`, `timeline`, `exceptions`, `stats`,
 * `availability`, `net` and `workload`, and for `valid?` the worst of theirs.
 *
 * Maelstrom itself gives no results, and exit status 255, if a run crashed or a node ended by
 * itself. Here such a run is still judged, for the figures, but `valid?` is unknown and `error`
 * says why. The same holds if a node was heard after a line for which Maelstrom mutes it.
 */
export function judgeFaithful(recording: Recording): Results {
  const { history, journal, options } = recording;
  const drawn: Results = { "valid?": true };
  const parts = {
    perf: {
      "valid?": true,
      "latency-graph": drawn,
      "rate-graph": drawn,
    } satisfies Results,
    timeline: drawn,
    exceptions: guarded(() => checkExceptions(history)),
    stats: guarded(() => checkStats(wholeHistory(recording))),
    availability: guarded(() => checkAvailability(history, options)),
    net: guarded(() => checkNet(history, journal)),
    workload: guarded(() => checkWorkload(recording)),
  };
  const error = whyUnknown(recording);
  if (error) return { ...parts, "valid?": "unknown", error };
  const verdicts = Object.values(parts).map((part) => part["valid?"]);
  return { ...parts, "valid?": worst(...verdicts) };
}
