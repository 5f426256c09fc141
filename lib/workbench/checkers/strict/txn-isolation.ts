/** Finds nodes that do not replicate, from the run alone: for recordings without an aftermath. */
import {
  isParting,
  NEMESIS,
  type Op,
  type Recording,
} from "../../history/history.ts";
import { isShown, NONE } from "../elle/steps.ts";
import { Findings } from "../findings.ts";
import { show, tell, type Txn, type TxnHistory } from "./txn-history.ts";
import type { Finding } from "../verdict.ts";

/** How soon writes should be seen on other nodes if there is no partition, in ns. */
const PATIENCE_NS = 1e9;

/** After how many missed chances to show another node's write a node counts as isolated. */
const ENOUGH = 10;

/**
 * - `vanished-value`: a read found nothing under a key to which the same node had acknowledged a write
 *   more than a second before;
 * - `no-replication`: a node never showed a write of another node, in all its reads of keys that other
 *   nodes had written at least a second before, with no partition since.
 */
export function isolation(
  { history: ops, incidents = [] }: Recording,
  history: TxnHistory,
): Finding[] {
  const findings = new Findings();
  const cuts = cutTimes(ops);
  const killed = (node: string, from: number, to: number) =>
    incidents.some((incident) =>
      incident.type === "kill" && incident.node === node &&
      incident.time > from && incident.time < to
    );
  const { all, steps, writers, writes } = history;
  const { versions, txns, keys, from, to, elements } = steps;
  /** The writes of a key that had been acknowledged well before a transaction began. */
  const settledBefore = (key: number, reader: Txn): Txn[] =>
    Array.from(
      writes.members.subarray(writes.starts[key]!, writes.starts[key + 1]!),
      (step) => all[txns[step]!]!,
    ).filter((writer) =>
      writer.outcome === "ok" &&
      writer.op.time + PATIENCE_NS < reader.invocation.time
    );
  for (const node of history.nodes) {
    let chances = 0, taken = 0;
    let example: { reader: Txn; writer: Txn } | undefined;
    const isForeign = (version: number) =>
      writers[version] !== NONE && all[writers[version]!]!.node !== node;
    for (const [reader, step] of readsAt(node, history)) {
      const key = keys[step]!, settled = settledBefore(key, reader);
      const seen = elements.subarray(from[step]!, to[step]!);
      const { time } = reader.invocation;
      const own = settled.find((writer) =>
        writer.node === node && !cuts(writer.op.time, time) &&
        !killed(node, writer.op.time, time)
      );
      if (own !== undefined && seen.length === 0) {
        findings.add(
          "vanished-value",
          `${tell(reader)} found nothing under key ${
            show(versions.keys[key])
          }, which ${tell(own)} had written at the same node`,
        );
      }
      const foreign = settled.find((writer) =>
        writer.node !== node && !cuts(writer.op.time, time)
      );
      if (foreign === undefined) continue;
      chances++;
      example = { reader, writer: foreign };
      if (seen.some(isForeign)) taken++;
    }
    if (chances < ENOUGH || taken > 0 || example === undefined) continue;
    findings.add(
      "no-replication",
      `${node} never showed a write of another node in ${chances} reads of keys ` +
        `that others had written; for instance ${tell(example.reader)} after ${
          tell(example.writer)
        }`,
    );
  }
  return findings.all();
}

/** The steps by which transactions at a node saw what others had written. */
function* readsAt(
  node: string,
  { effective, steps }: TxnHistory,
): Generator<[reader: Txn, step: number]> {
  for (const reader of effective) {
    if (reader.node !== node || !reader.answered) continue;
    const end = steps.starts[reader.id + 1]!;
    for (let step = steps.starts[reader.id]!; step < end; step++) {
      if (isShown(steps, step)) yield [reader, step];
    }
  }
}

/** Whether the network was cut at some moment between two times. */
function cutTimes(ops: readonly Op[]): (from: number, to: number) => boolean {
  const spans: { from: number; to: number }[] = [];
  for (const { process, f, time, value } of ops) {
    if (process !== NEMESIS) continue;
    if (f === "stop-partition" && spans.length > 0) spans.at(-1)!.to = time;
    else if (f === "start-partition" && isParting(value)) {
      spans.push({ from: time, to: Infinity });
    }
  }
  return (from, to) => spans.some((cut) => cut.from < to && cut.to > from);
}
