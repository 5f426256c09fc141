/**
 * Transactions as the strict judge needs them: what was requested, whose writes were read, and
 * where.
 */
import { seconds } from "../findings.ts";
import { type Json, stringify } from "../../history/json.ts";
import type { Op, Recording } from "../../history/history.ts";
import { nodeOf } from "../../history/options.ts";
import { grouped, type Groups } from "../elle/columns.ts";
import { DependencyGraph } from "../elle/graph.ts";
import {
  isShown,
  isWrite,
  lastOf,
  NONE,
  STEP,
  type Steps,
  StepsBuilder,
  versionOf,
} from "../elle/steps.ts";
import type { MicroOp, Transaction } from "../elle/txn.ts";
import { jsonKey, keyJson } from "../json-key.ts";
import { type Pair, pairs } from "../pairs.ts";

/** A transaction, of the run or of its aftermath. Its number is its position among all. */
export interface Txn extends Transaction {
  /** The node that was asked. */
  node: string;
  /** Its session: the client process, or the aftermath's reader at the node. */
  session: string;
  /** `info` also if no reply was recorded. */
  outcome: "ok" | "fail" | "info";
  aftermath: boolean;
  /** Whether the reply matches the request; if not, it says nothing. */
  answered: boolean;
}

/** All transactions of a recording. */
export interface TxnHistory {
  /** The function that writes: `w` for registers, `append` for lists. */
  write: "w" | "append";
  nodes: readonly string[];
  all: readonly Txn[];
  /** Those with known effects: `ok`, or `info` with a write that was read. */
  effective: readonly Txn[];
  /**
   * The micro-operations of all, by number: as requested, with what the replies say was read. A
   * read of null is empty.
   */
  steps: Steps;
  /** By version, the number of the transaction that was to write it, or {@link NONE}; each is written once. */
  writers: Int32Array;
  /** By key, the last step of each effective transaction that wrote it, in the order of their invocation. */
  writes: Groups;
}

/** Reads a recording of txn-rw-register or txn-list-append. */
export function txnHistory(recording: Recording): TxnHistory {
  const write = recording.workload === "txn-list-append" ? "append" : "w";
  const all = allTransactions(recording);
  const steps = stepsOf(all, write);
  const { versions, txns, keys, bits, from, to, elements } = steps;
  const writers = new Int32Array(versions.values.length).fill(NONE);
  for (let step = 0; step < txns.length; step++) {
    if (isWrite(steps, step)) writers[versionOf(steps, step)] = txns[step]!;
  }
  const isObserved = new Uint8Array(all.length);
  for (let step = 0; step < txns.length; step++) {
    // Reads that were not answered are empty.
    if (!isShown(steps, step)) continue;
    for (let at = from[step]!; at < to[step]!; at++) {
      const writer = writers[elements[at]!]!;
      if (writer !== NONE) isObserved[writer] = 1;
    }
  }
  const isEffective = ({ outcome, id }: Txn) =>
    outcome === "ok" || (outcome === "info" && isObserved[id] === 1);
  const written = keys.map((key, step) =>
    bits[step]! & STEP.lastWrite && isEffective(all[txns[step]!]!) ? key : NONE
  );
  return {
    write,
    nodes: [...new Set(all.map(({ node }) => node))],
    all,
    effective: all.filter(isEffective),
    steps,
    writers,
    writes: grouped(written, versions.keys.length),
  };
}

/** The number of the transaction that wrote the last element of a step, or {@link NONE}. */
export function writerOf({ steps, writers }: TxnHistory, step: number): number {
  const version = lastOf(steps, step);
  return version === NONE ? NONE : writers[version]!;
}

/** A graph of a history's transactions, without edges. */
export function graphOf({ all, steps }: TxnHistory): DependencyGraph {
  return new DependencyGraph(all.length, { versions: steps.versions });
}

function allTransactions({ history, aftermath, options }: Recording): Txn[] {
  const sessions = new Map<Op["process"], Pick<Txn, "node" | "session">>();
  const sessionOf = (process: Op["process"]) => {
    const known = sessions.get(process);
    if (known !== undefined) return known;
    const node = nodeOf(Number(process), options);
    const session = { node, session: `process ${process}` };
    sessions.set(process, session);
    return session;
  };
  const all: Txn[] = [];
  for (const pair of pairs(history)) {
    all.push(
      txnOf(all.length, pair, sessionOf(pair.invocation.process), false),
    );
  }
  for (const { invocation, completion } of pairs(aftermath?.history ?? [])) {
    const node = String(invocation.node);
    const later = (op: Op) => ({ ...op, index: op.index + history.length });
    const pair = {
      invocation: later(invocation),
      ...(completion && { completion: later(completion) }),
    };
    const session = { node, session: `the last reader at ${node}` };
    all.push(txnOf(all.length, pair, session, true));
  }
  return all;
}

function txnOf(
  id: number,
  { invocation, completion }: Pair,
  { node, session }: Pick<Txn, "node" | "session">,
  aftermath: boolean,
): Txn {
  const asked = microOps(invocation.value);
  const told = microOps(completion?.value ?? null);
  const outcome = completion === undefined
    ? "info"
    : completion.type as Txn["outcome"];
  const answered = outcome === "ok" && isAnswer(asked, told);
  return {
    id,
    op: completion ?? { ...invocation, type: "info", index: Infinity },
    invocation,
    mops: answered ? told : asked,
    node,
    session,
    outcome,
    aftermath,
    answered,
  };
}

function microOps(value: Json): readonly MicroOp[] {
  if (!Array.isArray(value)) return [];
  const isStep = (step: Json) => Array.isArray(step) && step.length === 3;
  // Nearly all are: nothing is copied then.
  const valid = value.every(isStep) ? value : value.filter(isStep);
  return valid as unknown as MicroOp[];
}

/** Whether the steps are those of the request, with only the reads filled in. */
function isAnswer(asked: readonly MicroOp[], told: readonly MicroOp[]) {
  return asked.length === told.length && asked.every((step, i) => {
    const answer = told[i]!, [f] = step;
    return f === answer[0] && jsonKey(step[1]) === jsonKey(answer[1]) &&
      (f === "r" || jsonKey(step[2]) === jsonKey(answer[2]));
  });
}

function stepsOf(all: readonly Txn[], write: "w" | "append"): Steps {
  const builder = new StepsBuilder();
  for (const { mops, answered } of all) {
    for (const [f, key, value] of mops) {
      if (f !== "r") builder.write(key, value);
      else if (!answered) builder.readUnanswered(key);
      else if (value === null) builder.readNull(key);
      else if (write === "append" && Array.isArray(value)) {
        builder.readList(key, value);
      } else builder.read(key, value);
    }
    builder.end();
  }
  return builder.steps();
}

/** A transaction for people: `[["r",3,1]] (process 4 at n0, ok at 1.250 s)`. */
export function tell({ mops, session, node, outcome, op }: Txn): string {
  const text = stringify(mops);
  const short = text.length > 120 ? `${text.slice(0, 120)}...` : text;
  const where = session.endsWith(node) ? session : `${session} at ${node}`;
  return `${short} (${where}, ${outcome} at ${seconds(op.time)})`;
}

/** A key or a value for people. */
export function show(value: Json | undefined): string {
  return stringify(keyJson(jsonKey(value ?? null)));
}

/** The elements that a step read or wrote, for people; nothing if it found none. */
export function showElements(
  { versions, from, to, elements }: Steps,
  step: number,
): string {
  return Array.from(
    elements.subarray(from[step]!, to[step]!),
    (element) => show(versions.values[element]),
  ).join(", ");
}
