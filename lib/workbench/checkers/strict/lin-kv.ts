/**
 * What Maelstrom does not check in lin-kv: reads of null, which it always accepts; what errors say
 * about a register; and whether nodes that can talk to a majority answer.
 */
import { canonical, type Json, stringify } from "../../history/json.ts";
import type { Recording } from "../../history/history.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { Findings, seconds } from "../findings.ts";
import type { Pair } from "../pairs.ts";
import { unansweredByMajority } from "../registers/answered.ts";
import { byKey, refusal, unexplained } from "../registers/linearizable.ts";
import type { Finding } from "../verdict.ts";
import { strictReplicas } from "./replicas.ts";

/** Judges registers. */
export function strictLinKv(
  recording: Recording,
  promises: Promises,
): Finding[] {
  const findings = new Findings();
  for (const ofKey of byKey(recording.history).values()) {
    readsOfNothing(ofKey, findings);
    comparedTwice(ofKey, findings);
    order(ofKey, findings);
  }
  for (const sentence of unansweredByMajority(recording, promises)) {
    findings.add("majority-unanswered", sentence);
  }
  return [...findings.all(), ...strictReplicas(recording, promises)];
}

/** An operation's argument without its key; for a read, what it returned. */
function argument({ invocation, completion }: Pair): Json {
  const { value } = invocation.f === "read" ? completion! : invocation;
  return (value as [Json, Json])[1];
}

/** The value that an operation sets if it takes effect; undefined if it sets none. */
function sets(pair: Pair): Json | undefined {
  const { f } = pair.invocation;
  if (f === "read" || pair.completion?.type === "fail") return undefined;
  return f === "write" ? argument(pair) : (argument(pair) as [Json, Json])[1];
}

/** An operation as the subject of a sentence. */
function told(pair: Pair): string {
  const { invocation, completion } = pair;
  const [key] = invocation.value as [Json, Json];
  return `the ${invocation.f} of key ${
    stringify(key)
  } by process ${invocation.process} at ${seconds(invocation.time)}${
    completion === undefined ? "" : `, ended at ${seconds(completion.time)}`
  },`;
}

/** Checks that a read shows a value that had been requested, and not null if a write had been acknowledged. */
function readsOfNothing(ofKey: readonly Pair[], findings: Findings): void {
  const since = new Map<string, number>();
  let ackedAt = Infinity;
  for (const pair of ofKey) {
    const value = sets(pair);
    if (value === undefined) continue;
    const text = canonical(value), { time } = pair.invocation;
    since.set(text, Math.min(since.get(text) ?? Infinity, time));
    const { completion } = pair;
    if (completion?.type === "ok") {
      ackedAt = Math.min(ackedAt, completion.time);
    }
  }
  for (const pair of ofKey) {
    const { invocation, completion } = pair;
    if (invocation.f !== "read") continue;
    const isAbsent = completion?.type === "ok" && argument(pair) === null ||
      refusal(pair) === "absent";
    if (isAbsent && ackedAt < invocation.time) {
      findings.add(
        "null-after-write",
        `${told(pair)} found nothing, but a value had been acknowledged at ${
          seconds(ackedAt)
        }`,
      );
    }
    if (completion?.type !== "ok" || argument(pair) === null) continue;
    const text = canonical(argument(pair));
    if ((since.get(text) ?? Infinity) <= completion.time) continue;
    findings.add(
      "read-of-unwritten",
      `${told(pair)} returned ${text}, which nobody had tried to set by then`,
    );
  }
}

/** Checks that a value is replaced by compare-and-set no more often than it can have been set. */
function comparedTwice(ofKey: readonly Pair[], findings: Findings): void {
  const set = new Map<string, number>();
  const replaced = new Map<string, Pair[]>();
  for (const pair of ofKey) {
    const value = sets(pair);
    if (value === undefined) continue;
    const text = canonical(value);
    set.set(text, (set.get(text) ?? 0) + 1);
    const { invocation, completion } = pair;
    if (invocation.f !== "cas" || completion?.type !== "ok") continue;
    const [from, to] = argument(pair) as [Json, Json];
    const old = canonical(from);
    if (old === canonical(to)) continue;
    replaced.set(old, [...replaced.get(old) ?? [], pair]);
  }
  for (const [text, all] of replaced) {
    const most = set.get(text) ?? 0;
    if (all.length <= most) continue;
    findings.add(
      "cas-succeeded-twice",
      `${told(all.at(-1)!)} replaced ${text}, as ${
        all.length - 1
      } others did before, but it was set at most ${most} times`,
    );
  }
}

/** Checks that there is an order of a key's operations that explains everything known of them. */
function order(ofKey: readonly Pair[], findings: Findings): void {
  const strange = unexplained(ofKey, { nulls: true, refusals: false });
  if (strange !== null) {
    findings.add(
      "not-linearizable",
      `${told(strange)} with the value ${
        stringify(argument(strange))
      }, fits into no order of the operations on this key`,
    );
    return;
  }
  const refused = unexplained(ofKey, { nulls: true, refusals: true });
  if (refused === null) return;
  findings.add(
    "wrong-refusal",
    `${
      told(refused)
    } fits into no order of the operations on this key, if errors are taken at their word: that the key does not exist, or has another value`,
  );
}
