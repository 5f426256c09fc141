/** For runs that end in a calm: whether nodes answer again, long after the last fault. */
import type { Op, Recording } from "../../history/history.ts";
import { nodeOf } from "../../history/options.ts";
import { quantile } from "../figures.ts";
import { Findings } from "../findings.ts";
import { type Pair, pairs } from "../pairs.ts";
import { ALWAYS_CRASH } from "../stats.ts";
import type { Finding } from "../verdict.ts";

/** How many requests of one kind must be in vain for a finding: a single one may be unlucky. */
const IN_VAIN = 3;

/** How many, if they fail because others have won a race: a node may lose every second race. */
const RACES_LOST = 20;

/**
 * Where half of the answers to requests of a kind take longer than this, in ns, nodes wait for each
 * other on a slow network, and one may lose races for as long as its clients wait.
 */
const SLOW_NS = 1e9;

/** Errors that say that a race was lost. */
const LOSSES: ReadonlySet<unknown> = new Set(["abort", "txn-conflict"]);

/** Errors that say something about the state, and so are answers. */
const ANSWERS: ReadonlySet<unknown> = new Set([
  "key-does-not-exist",
  "key-already-exists",
  "precondition-failed",
]);

/**
 * `no-recovery`: no message is lost or late and no node is down any more, and yet a node answers no
 * request of some kind, which others answer soon or do not answer either. It may refuse them all if
 * it always has, or if only one node answers: a follower need not forward requests, and the leader
 * may have changed during the run.
 */
export function recoveryFindings(recording: Recording): Finding[] {
  const { calm, history, options } = recording;
  if (calm === undefined) return [];
  const findings = new Findings();
  const asked = pairs(calm.history).filter(({ invocation }) =>
    !ALWAYS_CRASH.has(invocation.f)
  );
  for (
    const [f, some] of Map.groupBy(asked, ({ invocation }) => invocation.f)
  ) {
    const byNode = Map.groupBy(
      some,
      ({ invocation }) => nodeOf(Number(invocation.process), options),
    );
    const answering = [...byNode.values()].filter(hasAnswer).length;
    if (answering > 0 && takesLong(some)) continue;
    const everAnswered = new Set(
      history.filter((op) =>
        op.type === "ok" && op.f === f && typeof op.process === "number"
      ).map(({ process }) => nodeOf(Number(process), options)),
    );
    for (const [node, requests] of byNode) {
      if (!areInVain(requests)) continue;
      const isFollower = !everAnswered.has(node) || answering === 1;
      const areRefused = requests.every(({ completion }) =>
        isRefused(completion)
      );
      if (isFollower && areRefused) continue;
      findings.add(
        "no-recovery",
        `${node} answered none of ${requests.length} ${f} requests, though all faults had ended long before`,
      );
    }
  }
  return findings.all();
}

function areInVain(requests: readonly Pair[]): boolean {
  const losses =
    requests.filter(({ completion }) =>
      isRefused(completion) && LOSSES.has(codeOf(completion!))
    ).length;
  const areEnough = requests.length - losses >= IN_VAIN ||
    requests.length >= RACES_LOST;
  return areEnough && !hasAnswer(requests);
}

function hasAnswer(requests: readonly Pair[]): boolean {
  return requests.some(({ completion }) => isAnswer(completion));
}

function takesLong(requests: readonly Pair[]): boolean {
  const took = requests.filter(({ completion }) => isAnswer(completion))
    .map(({ invocation, completion }) => completion!.time - invocation.time);
  return quantile(took, 0.5)! > SLOW_NS;
}

function isAnswer(op: Op | undefined): boolean {
  return op?.type === "ok" || isRefused(op) && ANSWERS.has(codeOf(op!));
}

/** Whether the node said that a request certainly had no effect. */
function isRefused(op: Op | undefined): boolean {
  return op?.type === "fail" && op.error !== "net-timeout";
}

function codeOf({ error }: Op): unknown {
  return Array.isArray(error) ? error[0] : error;
}
