/**
 * Transactions as the strict judge needs them: what was requested, whose writes were read, and
 * where.
 */
import { type Json, stringify } from "../../history/json.ts";
import { nodeOf, type Op, type Recording } from "../../history/history.ts";
import type { MicroOp, Transaction } from "../elle/txn.ts";
import { type JsonKey, jsonKey, keyJson } from "../json-key.ts";
import { pairs } from "../pairs.ts";
import { seconds } from "./strict.ts";

/** A transaction, of the run or of its aftermath. Its number is its position among all. */
export interface Txn extends Transaction {
  /** The node that was asked. */
  node: string;
  /** Its session: the client process, or the aftermath's reader at the node. */
  session: string;
  /** `info` also if no reply was recorded. */
  outcome: "ok" | "fail" | "info";
  aftermath: boolean;
  /** For each key read before it was written: the elements seen, in order. A register has at most one. */
  reads: Map<JsonKey, JsonKey[]>;
  /** For each key written: the values, in order. */
  writes: Map<JsonKey, JsonKey[]>;
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
  /** The transaction that was to write a value; each value of a key is written once. */
  writerOf(key: JsonKey, element: JsonKey): Txn | undefined;
  /** The effective transactions that wrote a key, in the order of their invocation. */
  writersOf(key: JsonKey): readonly Txn[];
}

/** Reads a recording of txn-rw-register or txn-list-append. */
export function txnHistory(recording: Recording): TxnHistory {
  const { history, aftermath, options } = recording;
  const write = recording.workload === "txn-list-append" ? "append" : "w";
  const processes = new Map<Op["process"], string>();
  const nodeAsked = (process: Op["process"]) => {
    const known = processes.get(process);
    if (known !== undefined) return known;
    const node = nodeOf(Number(process), options);
    processes.set(process, node);
    return node;
  };
  const all = pairs(history).map(({ invocation, completion }) =>
    txnOf(write, invocation, completion, {
      node: nodeAsked(invocation.process),
      session: `process ${invocation.process}`,
      aftermath: false,
    })
  );
  for (const { invocation, completion } of pairs(aftermath?.history ?? [])) {
    const node = String(invocation.node);
    const later = (op: Op) => ({ ...op, index: op.index + history.length });
    all.push(txnOf(
      write,
      later(invocation),
      completion && later(completion),
      { node, session: `the last reader at ${node}`, aftermath: true },
    ));
  }
  all.forEach((txn, id) => txn.id = id);

  const writers = new Map<JsonKey, Map<JsonKey, Txn>>();
  for (const txn of all) {
    for (const [key, values] of txn.writes) {
      const byValue = writers.get(key) ?? new Map<JsonKey, Txn>();
      writers.set(key, byValue);
      for (const value of values) byValue.set(value, txn);
    }
  }
  const writerOf = (key: JsonKey, element: JsonKey) =>
    writers.get(key)?.get(element);

  const observed = new Set<Txn | undefined>();
  for (const { outcome, reads } of all) {
    if (outcome !== "ok") continue;
    for (const [key, elements] of reads) {
      for (const element of elements) observed.add(writerOf(key, element));
    }
  }
  const effective = all.filter((txn) =>
    txn.outcome === "ok" || (txn.outcome === "info" && observed.has(txn))
  );
  const byKey = new Map<JsonKey, Txn[]>();
  for (const txn of effective) {
    for (const key of txn.writes.keys()) {
      const ofKey = byKey.get(key);
      if (ofKey) ofKey.push(txn);
      else byKey.set(key, [txn]);
    }
  }
  return {
    write,
    nodes: [...new Set(all.map(({ node }) => node))],
    all,
    effective,
    writerOf,
    writersOf: (key) => byKey.get(key) ?? [],
  };
}

function txnOf(
  write: "w" | "append",
  invocation: Op,
  completion: Op | undefined,
  who: Pick<Txn, "node" | "session" | "aftermath">,
): Txn {
  const asked = steps(invocation.value);
  const told = steps(completion?.value ?? null);
  const outcome = completion === undefined
    ? "info"
    : completion.type as Txn["outcome"];
  const answered = outcome === "ok" && isAnswer(asked, told);
  const mops = answered ? told : asked;
  const txn: Txn = {
    ...who,
    id: 0,
    invocation,
    op: completion ?? { ...invocation, type: "info", index: Infinity },
    mops,
    outcome,
    answered,
    reads: new Map(),
    writes: new Map(),
  };
  for (const [f, name, value] of mops) {
    const key = jsonKey(name);
    if (f !== "r") {
      const values = txn.writes.get(key);
      if (values) values.push(jsonKey(value));
      else txn.writes.set(key, [jsonKey(value)]);
    } else if (answered && !txn.writes.has(key) && !txn.reads.has(key)) {
      txn.reads.set(key, elementsOf(write, value));
    }
  }
  return txn;
}

function steps(value: Json): MicroOp[] {
  if (!Array.isArray(value)) return [];
  return value.filter((step) => Array.isArray(step) && step.length === 3)
    .map((step) => step as [string, Json, Json]);
}

/** Whether the steps are those of the request, with only the reads filled in. */
function isAnswer(asked: readonly MicroOp[], told: readonly MicroOp[]) {
  return asked.length === told.length && asked.every(([f, key, value], i) => {
    const [toldF, toldKey, toldValue] = told[i]!;
    return f === toldF && jsonKey(key) === jsonKey(toldKey) &&
      (f === "r" || jsonKey(value) === jsonKey(toldValue));
  });
}

/** What a read saw, as a sequence of elements. */
export function elementsOf(write: "w" | "append", value: Json): JsonKey[] {
  if (value === null) return [];
  if (write === "w") return [jsonKey(value)];
  return Array.isArray(value) ? value.map(jsonKey) : [jsonKey(value)];
}

/** A transaction for people: `[["r",3,1]] (process 4 at n0, ok at 1.250 s)`. */
export function tell({ mops, session, node, outcome, op }: Txn): string {
  const text = stringify(mops);
  const short = text.length > 120 ? `${text.slice(0, 120)}...` : text;
  const where = session.endsWith(node) ? session : `${session} at ${node}`;
  return `${short} (${where}, ${outcome} at ${seconds(op.time)})`;
}

/** A key or a value for people. */
export function show(key: JsonKey): string {
  return stringify(keyJson(key));
}
