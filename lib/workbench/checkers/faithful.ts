/**
 * The faithful judge: gives Maelstrom's verdict, with Maelstrom's result keys and figures, including
 * the quirks that affect them.
 */
import { seconds } from "./findings.ts";
import {
  type Incident,
  type Op,
  type Recording,
  wholeHistory,
} from "../history/history.ts";
import type { Options } from "../history/options.ts";
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

/** The results of a checker; if it throws, the verdict is unknown. */
function guarded(check: () => Results): Results {
  try {
    return check();
  } catch (error) {
    return { "valid?": "unknown", error: String(error) };
  }
}

/** What would have made Maelstrom abort the run, with exit status 255 and no results; undefined if nothing. */
export function crashOf(
  { incidents = [], aftermath }: Recording,
): Incident | undefined {
  // Maelstrom's part of the run ends then.
  const end = aftermath?.healedAt ?? Infinity;
  return incidents.find(({ type, time }) =>
    time <= end && (type === "process-exit" || type === "setup-failed")
  );
}

/** Why Maelstrom would have had no results, or different ones; undefined if it would have had these. */
function whyUnknown(recording: Recording): string | undefined {
  const { exit, incidents = [], aftermath, faithful } = recording;
  const end = aftermath?.healedAt ?? Infinity;
  const seen = incidents.filter(({ time }) => time <= end);
  const fatal = crashOf(recording);
  if (fatal !== undefined) {
    return `Maelstrom aborts such a run, with exit status 255 and no results: ${
      fatal.text.split(";", 1)
    }`;
  }
  if (exit === 255) return "crashed before the analysis (exit 255)";
  const stopped = seen.find(({ type }) => type === "stopped");
  if (stopped !== undefined) return stopped.text;
  const broken = seen.find(({ type }) =>
    type === "protocol-violation" || type === "gone-client"
  );
  if (broken === undefined || faithful) return undefined;
  const at = broken.time < 0 ? "in the set-up" : `at ${seconds(broken.time)}`;
  const what = broken.type === "gone-client"
    ? "it replied to a client that had gone,"
    : "a malformed line";
  return `Maelstrom would have ignored ${broken.node} after ${what} ${at}; the workbench did not: use --faithful for Maelstrom's own verdict`;
}

/** Workloads in which the final reads must show everything: they are judged without the calm that follows. */
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
 * Judges a run as Maelstrom does: by the checkers `perf`, `timeline`, `exceptions`, `stats`,
 * `availability`, `net` and `workload`. Its `valid?` is the worst of theirs.
 *
 * Maelstrom itself gives no results, and exit status 255, if a run crashed or a node exited by
 * itself. Here such a run is still judged, for the figures, but `valid?` is unknown and `error` says
 * why. The same holds if the workbench went on listening to a node that Maelstrom would have muted.
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
