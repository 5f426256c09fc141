/** Findings of registers: lin-kv. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const REGISTERS: Explanations = {
  "cas-succeeded-twice": {
    means: "A value was replaced by cas more often than it had been set.",
    usually:
      "two nodes that both compare before either has written, or a retry that executes a cas twice.",
    tries:
      "Compare and write in one step in one place; number requests, so that a retry is answered but not executed again.",
  },
  "commits-differ": {
    means: "Two replicas have committed different entries at one index.",
    usually:
      "an entry was committed that a later leader lacked, because too few had acknowledged it, or some had forgotten it.",
    tries:
      "Count only acknowledgements of the leader's own term, do not vote for a log that lacks entries, and let a node that lost its memory ask before it votes.",
  },
  "election-storm": {
    means:
      "Leaders were replaced again and again, though nothing changed in the network.",
    usually:
      "election timeouts shorter than a round trip, or a node that stands for election though there is a leader.",
    tries:
      "Wait for several round trips, with a different timeout on each node; before an election, ask whether others have lost the leader too.",
  },
  "logs-differ": {
    means: "Two logs have different entries of one term at one index.",
    usually:
      "two leaders in one term, or entries accepted after a different predecessor.",
    tries:
      "Accept entries only after one that matches the leader's, and drop those that conflict with the leader's.",
  },
  "majority-unanswered": {
    means:
      "A node that could reach a majority did not answer within the promised time.",
    usually:
      "an election that does not end, or waiting for a leader behind the partition.",
    tries:
      "Elect a new leader after a timeout, and forward clients' requests to it.",
  },
  "not-linearizable": {
    means: "No order of a key's operations explains all that clients saw.",
    usually:
      "reads answered by a stale copy, or by a leader that has been replaced.",
    tries:
      "Send reads through the log, or have a majority confirm the leader before it answers.",
  },
  "null-after-write": {
    means:
      "A key was found empty, though a write had been acknowledged before.",
    usually:
      "a write acknowledged before a majority has it, or a node that lost its memory.",
    tries:
      "Acknowledge only what a majority has; let a restarted node recover before it votes or answers.",
  },
  "read-of-unwritten": {
    means: "A read shows a value that nobody had tried to set by then.",
    usually: "mixed-up keys, or the value of a cas that was refused.",
    tries: "Look at what is stored under which key, and when.",
  },
  "two-leaders": {
    means: "Two nodes lead in the same term or view.",
    usually: "a node that voted twice, or too few votes taken for a majority.",
    tries:
      "Remember the vote of each term; a node that may have forgotten its vote must not vote.",
  },
  "unbounded-log": {
    means: "A replica keeps more committed entries than it promises.",
    usually: "never replacing old entries by a snapshot.",
    tries: "Take snapshots, and drop the entries before them.",
  },
  "wrong-refusal": {
    means:
      "An error says that a key does not exist or has another value, and no order of the operations makes that true.",
    usually: "a comparison with a stale copy, or the wrong error code.",
    tries:
      "Compare in the place where values are set; answer 20 if the key does not exist, 22 if it has another value, and 11 if that is not known.",
  },
};
