/** Findings of transactions and registers. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const TRANSACTIONS: Explanations = {
  "reply-mismatch": {
    means:
      "The transaction that was answered is not the one that was asked for.",
    usually:
      "operations left out, in another order, or of another transaction.",
    tries: "Answer every operation in its place, writes as they were.",
  },
  "internal": {
    means:
      "A transaction's read contradicts what it read or wrote itself before.",
    usually: "writes kept aside while reads look at the store.",
    tries: "Let a read look at the transaction's own writes first.",
  },
  "fractured-read": {
    means: "A transaction saw one of another's writes and missed a second one.",
    usually: "writes applied or sent one at a time.",
    tries:
      "Apply a transaction's writes in one step, without waiting in between.",
  },
  "thin-air-read": {
    means: "A value was read that nobody ever wrote.",
    usually: "keys mixed up, or a default value in place of null.",
    tries: "Answer null for a key without a value.",
  },
  "vanished-value": {
    means: "A key had a value, and was found empty later.",
    usually:
      "a store replaced by an older copy, or reads that time out taken for empty.",
    tries: "Merge copies by version, and never take an error for nothing.",
  },
  "no-replication": {
    means: "A node never showed what other nodes had written.",
    usually: "no replication, or one that is lost in the first partition.",
    tries: "Repeat until the others have acknowledged.",
  },
  "growing-messages": {
    means:
      "Messages between nodes became longer and longer, though nothing was cut off.",
    usually: "all that ever happened is sent each time.",
    tries: "Send what the other has not acknowledged.",
  },
  "divergent-replicas": {
    means: "Nodes still differed long after everything had healed.",
    usually: "the last one to arrive wins, which is another one on each node.",
    tries:
      "Order writes alike everywhere: a Lamport clock, and the node's id for a tie.",
  },
  "future-read": {
    means: "A transaction read its own write before it made it.",
    usually: "all writes applied before the reads.",
    tries: "Do operations one after the other.",
  },
  "causality-violation": {
    means: "An effect was visible somewhere before what had caused it.",
    usually: "transactions applied as they arrive, in whatever order.",
    tries: "Send what a transaction depends on, and let it wait for that.",
  },
  "read-your-writes": {
    means: "A client missed what it had itself written before.",
    usually: "acknowledged before it is visible.",
    tries: "Apply first, then answer.",
  },
  "monotonic-reads": {
    means: "A client saw something, and later missed it.",
    usually: "a newer version replaced by an older one.",
    tries: "Compare versions before replacing.",
  },
  "monotonic-writes": {
    means: "Somebody saw a client's later write and missed its earlier one.",
    usually: "writes of one node that overtake each other.",
    tries: "Number a node's writes, and apply them in that order.",
  },
  "writes-follow-reads": {
    means:
      "Somebody saw a write and missed what its client had read before it.",
    usually: "writes sent without what they depend on.",
    tries: "Send versions along, and let writes wait for those.",
  },
  "commit-order-cycle": {
    means: "No order of the transactions explains what they saw.",
    usually: "two transactions that each missed what the other one did.",
    tries:
      "Let every transaction pass through one place, or check at commit what it has read.",
  },
  "lost-update": {
    means:
      "Two transactions read the same version and both replaced it: one of the updates is lost.",
    usually: "read, then write, without looking whether it is still the same.",
    tries: "Compare and set, or refuse the second one.",
  },
  "G0": {
    means: "Dirty writes: transactions overwrote each other in a circle.",
    usually: "writes of two transactions applied in turns.",
    tries: "One order for all writes of a transaction: stamps, or one step.",
  },
  "G1a": {
    means: "Aborted read: a value was read that was never committed.",
    usually: "writes visible before the transaction is sure.",
    tries: "Keep writes aside until commit.",
  },
  "G1b": {
    means:
      "Intermediate read: a value was read that its writer replaced in the same transaction.",
    usually: "writes visible one at a time.",
    tries: "Show the last write of each key, at commit.",
  },
  "G1c": {
    means:
      "Circular information flow: transactions saw each other's effects in a circle.",
    usually: "writes visible before commit.",
    tries: "Keep writes aside until commit, and apply them in one step.",
  },
  "G-single": {
    means:
      "Read skew: a transaction saw one effect of another and missed an earlier one.",
    usually: "reads at several moments.",
    tries: "Read everything from one snapshot.",
  },
  "G-nonadjacent": {
    means:
      "Transactions in a circle missed what others wrote, no two neighbours of them both.",
    usually: "snapshots that do not follow one order.",
    tries: "Take snapshots from one order of commits.",
  },
  "G2": {
    means:
      "Write skew: transactions in a circle each missed what the next one wrote.",
    usually: "reads that are not checked at commit.",
    tries: "Check at commit that what was read has not changed.",
  },
  "cyclic-versions": {
    means: "Transactions disagree about which value of a key came first.",
    usually: "versions ordered by each node for itself.",
    tries: "Order versions alike everywhere.",
  },
  "incompatible-order": {
    means: "Two reads of a list disagree about its order.",
    usually: "appends applied as they arrive.",
    tries: "Append in one place, or compare and set the whole list.",
  },
  "dirty-update": {
    means: "A committed write rests on one that was never committed.",
    usually: "writes visible before commit.",
    tries: "Keep writes aside until commit.",
  },
  "duplicate-elements": {
    means: "A read of a list holds an element twice.",
    usually:
      "an append repeated after a timeout, though the first one counted.",
    tries: "Look whether it is there before appending again.",
  },
  "cycle-search-timeout": {
    means:
      "Elle gave up looking for a cycle, so the list of findings may be incomplete.",
    usually: "very many transactions in one circle.",
    tries: "A shorter run, or a lower rate.",
  },
  "empty-transaction-graph": {
    means: "Not one transaction could be used.",
    usually: "replies without operations.",
    tries: "Answer every operation that was asked for.",
  },
};
