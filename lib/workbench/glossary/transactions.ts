/** Findings of transactions, on registers and on lists. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const TRANSACTIONS: Explanations = {
  "model-without-rules": {
    means:
      "A consistency model was asked for that no known anomaly contradicts, such as causal or 1SR, so neither Maelstrom nor the strict judge checks anything for it.",
    usually: "a model that Elle knows only by name.",
    tries:
      "Ask for a model with rules: read-committed, snapshot-isolation, serializable or strict-serializable.",
  },
  "reply-mismatch": {
    means: "The transaction in the reply is not the one in the request.",
    usually:
      "operations that are missing, reordered, or of another transaction.",
    tries: "Return every operation in its place, and writes unchanged.",
  },
  "internal": {
    means: "A transaction's read contradicts its own earlier reads or writes.",
    usually: "buffering writes, while reads look only at the store.",
    tries: "Let a read look at the transaction's own writes first.",
  },
  "fractured-read": {
    means:
      "A transaction saw one write of another transaction and missed a second one.",
    usually: "applying or sending writes one at a time.",
    tries:
      "Apply a transaction's writes in one step, without awaiting anything in between.",
  },
  "thin-air-read": {
    means: "A value was read that nobody ever wrote.",
    usually: "mixed-up keys, or a default value in place of null.",
    tries: "Answer null for a key without a value.",
  },
  "vanished-value": {
    means: "A key had a value, and was later found empty.",
    usually:
      "a store replaced by an older copy, or a timeout treated as an empty value.",
    tries:
      "Merge copies by version, and do not treat an error as an empty value.",
  },
  "no-replication": {
    means:
      "A node never showed what other nodes had written, or no node ever sent another anything.",
    usually:
      "no replication, or none after the first partition; a program for one node run with several.",
    tries:
      "Send what clients write to the other nodes, and retry until they acknowledge.",
  },
  "growing-messages": {
    means:
      "Messages between nodes grew longer and longer, though nothing was cut off.",
    usually: "sending everything that ever happened every time.",
    tries: "Send only what the peer has not acknowledged.",
  },
  "divergent-replicas": {
    means: "Nodes still differed long after everything had healed.",
    usually:
      "letting the last write to arrive win, which differs from node to node.",
    tries:
      "Order writes in the same way everywhere: by a Lamport clock, with the node's id to break ties.",
  },
  "future-read": {
    means: "A transaction read its own write before it made it.",
    usually: "applying all writes before the reads.",
    tries: "Execute operations one after another.",
  },
  "causality-violation": {
    means: "An effect was visible somewhere before its cause.",
    usually: "applying transactions in order of arrival.",
    tries:
      "Send a transaction's dependencies along with it, and let it wait for them.",
  },
  "read-your-writes": {
    means: "A client missed its own earlier write.",
    usually: "acknowledging a write before it is visible.",
    tries: "Apply first, then answer.",
  },
  "monotonic-reads": {
    means: "A client saw something, and later missed it.",
    usually: "replacing a newer version by an older one.",
    tries: "Compare versions before replacing.",
  },
  "monotonic-writes": {
    means:
      "A client saw a later write of another client and missed an earlier one.",
    usually: "writes of one node that overtake each other.",
    tries: "Number a node's writes, and apply them in that order.",
  },
  "writes-follow-reads": {
    means:
      "A client saw a write and missed what its writer had read before it.",
    usually: "sending writes without what they depend on.",
    tries: "Send dependencies along with writes, which wait for them.",
  },
  "commit-order-cycle": {
    means: "No order of the transactions explains what they saw.",
    usually: "two transactions that each missed the other's writes.",
    tries: "Order transactions in one place, or validate reads at commit.",
  },
  "lost-update": {
    means:
      "Two transactions read the same version and both replaced it, so one of the updates is lost.",
    usually:
      "a read followed by a write, without a check that the value is unchanged.",
    tries: "Use compare-and-set, or refuse the second update.",
  },
  "G0": {
    means: "Dirty writes: transactions overwrote each other in a cycle.",
    usually: "interleaving the writes of two transactions.",
    tries:
      "Order all writes of transactions in the same way: by stamps, or by applying each transaction in one step.",
  },
  "G1a": {
    means: "Aborted read: a value was read that was never committed.",
    usually: "writes that are visible before commit.",
    tries: "Buffer writes until commit.",
  },
  "G1b": {
    means:
      "Intermediate read: a value was read that its writer replaced within the same transaction.",
    usually: "writes that become visible one at a time.",
    tries: "Publish only the last write of each key, at commit.",
  },
  "G1c": {
    means:
      "Circular information flow: transactions saw each other's effects in a cycle.",
    usually: "writes that are visible before commit.",
    tries: "Buffer writes until commit, and apply them in one step.",
  },
  "G-single": {
    means:
      "Read skew: a transaction saw one effect of another and missed an earlier one.",
    usually: "reading at different moments.",
    tries: "Read everything from one snapshot.",
  },
  "G-nonadjacent": {
    means:
      "Transactions in a cycle missed each other's writes, but never two of them in a row.",
    usually: "snapshots that do not follow one order.",
    tries: "Take snapshots from one order of commits.",
  },
  "G2": {
    means:
      "Write skew: transactions in a cycle each missed what the next one wrote.",
    usually: "reads that are not validated at commit.",
    tries: "Check at commit that what was read has not changed.",
  },
  "cyclic-versions": {
    means: "Transactions disagree about which value of a key came first.",
    usually: "each node ordering versions by itself.",
    tries: "Order versions in the same way everywhere.",
  },
  "incompatible-order": {
    means: "Two reads of a list disagree about its order.",
    usually: "applying appends in order of arrival.",
    tries: "Append in one place, or use compare-and-set on the whole list.",
  },
  "dirty-update": {
    means: "A committed write depends on one that was never committed.",
    usually: "writes that are visible before commit.",
    tries: "Buffer writes until commit.",
  },
  "duplicate-elements": {
    means: "A read of a list holds an element twice.",
    usually:
      "an append repeated after a timeout, though the first one took effect.",
    tries: "Before appending again, check whether the element is there.",
  },
  "cycle-search-timeout": {
    means:
      "Elle gave up looking for a cycle, so the list of findings may be incomplete.",
    usually: "very many transactions in one cycle.",
    tries: "Use a shorter run, or a lower rate.",
  },
  "empty-transaction-graph": {
    means:
      "No two transactions depend on each other, so there is nothing to judge.",
    usually: "replies without operations, or a run that is too short.",
    tries: "Return every operation of the request.",
  },
};
