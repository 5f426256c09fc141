/** Findings of registers: lin-kv. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const REGISTERS: Explanations = {
  "cas-succeeded-twice": {
    means:
      "A value was compared with and replaced more often than it had been set.",
    usually:
      "two nodes that both compare before either has written, or a cas done again by a retry.",
    tries:
      "Compare and write in one step at one place; number requests, so that a repeated one is answered and not done again.",
  },
  "commits-differ": {
    means: "Two replicas hold different entries for committed at one place.",
    usually:
      "an entry committed that a later leader did not have: too few had acknowledged it, or had forgotten.",
    tries:
      "Count acknowledgements of the own term only, vote for no log that lacks entries, and let who has lost its memory ask first.",
  },
  "election-storm": {
    means:
      "Leaders were replaced again and again, though nothing changed in the network.",
    usually:
      "nodes that wait for less time than a round takes, or a node that stands for election whoever leads.",
    tries:
      "Wait for some rounds, each node for another time; ask before an election whether others miss the leader too.",
  },
  "logs-differ": {
    means: "Two logs have different entries of one term at one place.",
    usually:
      "two leaders in a term, or entries taken over whose predecessor is another.",
    tries:
      "Take entries only after one that is the same as the leader's, and drop those that contradict it.",
  },
  "majority-unanswered": {
    means:
      "A node that could reach a majority did not answer in the time that is promised.",
    usually:
      "an election that goes on and on, or a leader behind the cut that is waited for.",
    tries:
      "Elect anew after a while, and tell clients' requests to the new leader.",
  },
  "not-linearizable": {
    means: "No order of a key's operations explains all that clients saw.",
    usually:
      "reads answered by a copy that is behind, or by a leader that has been replaced.",
    tries:
      "Let reads go through the log, or have a majority confirm the leader before it answers.",
  },
  "null-after-write": {
    means:
      "A key was found empty, though a write had been acknowledged before.",
    usually:
      "acknowledged before a majority has it, or a node that lost its memory.",
    tries:
      "Acknowledge what a majority has; let a restarted node be told what it knew before it votes or answers.",
  },
  "read-of-unwritten": {
    means: "A read shows a value that nobody had asked to be set by then.",
    usually: "keys mixed up, or the value of a cas that was refused.",
    tries: "Look at what is stored under which key, and when.",
  },
  "two-leaders": {
    means: "Two nodes lead in the same term, or view.",
    usually: "a vote given twice, or too few taken for a majority.",
    tries:
      "Remember for whom the vote of a term was given; let who has forgotten it not vote.",
  },
  "unbounded-log": {
    means: "A replica keeps more committed entries than it says it does.",
    usually: "nothing ever replaces old entries by what they have made.",
    tries: "Take a snapshot now and then, and drop the entries before it.",
  },
  "wrong-refusal": {
    means:
      "An error says that a key does not exist, or has another value, and no order of the operations makes that true.",
    usually:
      "compared with a copy that is behind, or one error in place of another.",
    tries:
      "Compare where values are set; answer 20 if there is no such key, 22 if its value is another, and 11 if nobody knows.",
  },
};
