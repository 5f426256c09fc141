/** Whether nodes answer again, long after the last fault: for runs that end in a calm. */
import { nodeOf, type Op, type Recording } from "../../history/history.ts";
import { Findings } from "../findings.ts";
import { type Pair, pairs } from "../pairs.ts";
import { ALWAYS_CRASH } from "../stats.ts";
import type { Finding } from "../verdict.ts";

/** How many requests of one kind must be in vain: one may be unlucky. */
const IN_VAIN = 3;

/** How many, if they lose races with others: a node may lose each second one. */
const RACES_LOST = 20;

/** Refusals of who has lost a race. */
const LOSSES: ReadonlySet<unknown> = new Set(["abort", "txn-conflict"]);

/** Refusals that depend on the state that was asked about, and so are answers. */
const ANSWERS: ReadonlySet<unknown> = new Set([
  "key-does-not-exist",
  "key-already-exists",
  "precondition-failed",
]);

/**
 * `no-recovery`: nothing is lost, late or down any more, and a node answers no request of some
 * kind. It may send all clients elsewhere, if it always has, or to the one node that answers: a
 * follower need not pass requests on, and the leader may have changed in the run.
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
        `${node} answered none of ${requests.length} requests ${f}, though all faults had ended long before`,
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

function isAnswer(op: Op | undefined): boolean {
  return op?.type === "ok" || isRefused(op) && ANSWERS.has(codeOf(op!));
}

/** Whether a request certainly had no effect, by what the node said. */
function isRefused(op: Op | undefined): boolean {
  return op?.type === "fail" && op.error !== "net-timeout";
}

function codeOf({ error }: Op): unknown {
  return Array.isArray(error) ? error[0] : error;
}
