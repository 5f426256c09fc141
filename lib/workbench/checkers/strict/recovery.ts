/** Whether nodes answer again, long after the last fault: for runs that end in a calm. */
import { nodeOf, nodesOf, type Op, type Recording } from "../../history.ts";
import { Findings } from "../findings.ts";
import { type Pair, pairs } from "../pairs.ts";
import { ALWAYS_CRASH } from "../stats.ts";
import type { Finding } from "../verdict.ts";

/** How many requests of one kind must be in vain: one may lose a race, or be unlucky. */
const IN_VAIN = 3;

/** Refusals that depend on the state that was asked about, and so are answers. */
const ANSWERS: ReadonlySet<unknown> = new Set([
  "key-does-not-exist",
  "key-already-exists",
  "precondition-failed",
]);

/**
 * `no-recovery`: nothing is lost, late or down any more, and a node answers no request, or none
 * of some kind. Nodes that send all clients elsewhere may go on doing so.
 */
export function recoveryFindings(recording: Recording): Finding[] {
  const { calm, history, options } = recording;
  if (calm === undefined) return [];
  const findings = new Findings();
  const asked = pairs(calm.history).filter(({ invocation }) =>
    !ALWAYS_CRASH.has(invocation.f)
  );
  const byNode = Map.groupBy(
    asked,
    ({ invocation }) => nodeOf(Number(invocation.process), options),
  );
  for (const node of nodesOf(options)) {
    const requests = byNode.get(node) ?? [];
    const byF = Map.groupBy(requests, ({ invocation }) => invocation.f);
    const vain = [...byF].filter(([, some]) => isInVain(some));
    if (vain.length === 0) continue;
    const everAnswered = history.some((op) =>
      op.type === "ok" && typeof op.process === "number" &&
      nodeOf(op.process, options) === node
    );
    const sendsElsewhere = !everAnswered &&
      requests.every(({ completion }) => isRefused(completion));
    if (sendsElsewhere) continue;
    for (const [f, some] of vain) {
      findings.add(
        "no-recovery",
        `${node} answered none of ${some.length} requests ${f}, though everything had healed 5 s before`,
      );
    }
  }
  return findings.all();
}

function isInVain(requests: readonly Pair[]): boolean {
  return requests.length >= IN_VAIN &&
    !requests.some(({ completion }) => isAnswer(completion));
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
