/**
 * What others have published: the best figures of public solutions. S is messages between servers
 * per operation, and latencies are stable latencies in milliseconds, both as Maelstrom measures
 * them with the challenge's command.
 */

/** A published figure. */
export interface Published {
  /** Messages between servers for each operation. */
  msgsPerOp?: number;
  /** Stable latency, median, in milliseconds. */
  medianMs?: number;
  /** Stable latency, maximum, in milliseconds. */
  maxMs?: number;
  /** Fraction of operations that succeed. */
  availability?: number;
  /** A remark that belongs to it. */
  remark: string;
}

/** By program; the first of each is the best that is also right. */
export const published: { readonly [program: string]: readonly Published[] } = {
  "unique-ids-2": [{ availability: 1, remark: "many" }],
  "broadcast-3d": [
    { msgsPerOp: 7.75, medianMs: 333, maxMs: 533, remark: "safe" },
    {
      msgsPerOp: 11.79,
      medianMs: 84,
      maxMs: 105,
      remark: "loses values in partitions",
    },
  ],
  "broadcast-3e": [
    { msgsPerOp: 1.92, medianMs: 764, maxMs: 1087, remark: "safe" },
  ],
  "counter-4": [
    { msgsPerOp: 3, remark: "to 8; many show stale final reads" },
  ],
  "counter-4-crdt": [{ msgsPerOp: 0.48, remark: "to 0.66" }],
  "kafka-5b": [{ msgsPerOp: 10.06, remark: "measured" }],
  "kafka-5c": [
    { msgsPerOp: 6.88, remark: "measured" },
    { msgsPerOp: 0.55, remark: "by computation only" },
  ],
  "txn-6a": [{ availability: 1, remark: "many" }],
  "txn-6b": [{ availability: 1, remark: "many" }],
  "txn-6c": [
    { availability: 1, msgsPerOp: 1.1, remark: "one replicates correctly" },
    { msgsPerOp: 0.03, remark: "loses committed writes" },
  ],
};

/** A published figure as text: `"S 7.75 at 333/533 ms (safe)"`. */
export function publishedText(figure: Published): string {
  const { msgsPerOp, medianMs, maxMs, availability, remark } = figure;
  const parts = [
    ...(availability === undefined ? [] : [`availability ${availability}`]),
    ...(msgsPerOp === undefined ? [] : [`S ${msgsPerOp}`]),
  ].join(", ");
  const latency = medianMs === undefined ? "" : ` at ${medianMs}/${maxMs} ms`;
  return `${parts}${latency} (${remark})`;
}
