/** Findings of broadcast, sets and counters. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const SETS: Explanations = {
  "lost": {
    means:
      "A value was acknowledged or seen, and a later read of some node lacks it.",
    usually:
      "sending each value once, without retries: what a partition drops is gone.",
    tries: "Retry until the peer acknowledges.",
  },
  "lost-value": {
    means:
      "A value was acknowledged, and the last read of some node lacks it, after all faults had ended. Maelstrom notices that only if this node happens to be read last.",
    usually:
      "sending once to a node behind a partition, or resending only with the next value.",
    tries:
      "Retry until the peer acknowledges, even if nothing new comes; check that the topology reaches every node.",
  },
  "never-read": {
    means: "A value never appeared in any read.",
    usually: "a request that was not acknowledged, which is not a bug.",
    tries: "Check whether it was acknowledged.",
  },
  "stale-read": {
    means:
      "A read lacks something that was acknowledged so long ago that, by the program's promise, it must be there.",
    usually: "gossip that is too rare, or a value that waits for a timer.",
    tries: "Use a shorter period, or send at once and retry later.",
  },
  "value-forgotten": {
    means:
      "A node had shown a value, and a later read of the same node lacks it.",
    usually: "replacing state instead of merging it.",
    tries: "Merge what arrives into what is known.",
  },
  "own-write-missing": {
    means: "A node acknowledged a value, and its own later read lacks it.",
    usually:
      "acknowledging a value before it is stored, or reading from somewhere else.",
    tries: "Store first, then acknowledge.",
  },
  "duplicate-value": {
    means: "A read has a value twice.",
    usually: "keeping values in a list.",
    tries: "Keep values in a set.",
  },
  "never-sent-value": {
    means: "A read has a value that no client ever sent.",
    usually: "mixing values with counters or node ids in one collection.",
    tries: "Look at the message in which it first appears.",
  },
  "no-final-read": {
    means:
      "A node did not answer when it was asked at the end, so its state is unknown.",
    usually: "a node that has been stuck since a fault, or refuses to answer.",
    tries: "Look at its last messages, and at its log.",
  },
  "chatter": {
    means:
      "Nodes still send messages to each other long after the last operation or fault.",
    usually: "a timer that sends everything, even what the peer already has.",
    tries: "Stop once the peer has acknowledged everything.",
  },
  "sent-again": {
    means: "Values are sent more often than the program promises.",
    usually: "retrying before an answer can have arrived.",
    tries: "Wait for longer than a round trip before a retry.",
  },
  "wrong-final-read": {
    means:
      "A read after everything had healed is not a possible sum: it is not that of the acknowledged adds plus any of those with unknown outcome.",
    usually:
      "a lost or doubled update, a stale read, or a value that is not an integer.",
    tries:
      "See the other findings, which say whether it is too low or too high.",
  },
  "inexact-read": {
    means:
      "A read after everything had healed lies between two possible sums, but is not itself possible.",
    usually:
      "one add lost and another doubled, or a restarted node that has forgotten one of several sums.",
    tries:
      "Look at the adds around a kill: which are in the value, and which are not.",
  },
  "read-too-low": {
    means: "A read is lower than the sum of what had been added by then.",
    usually:
      "a stale read of seq-kv, an error mistaken for 0, or an update lost between read and write.",
    tries:
      "Write something new to seq-kv before reading; use compare-and-set instead of read and write; use one key per node.",
  },
  "read-too-high": {
    means: "A read is higher than the sum of all that was ever added.",
    usually:
      "an add repeated after a timeout, though the first one took effect.",
    tries: "Keep one total per node and replace it: then retries are harmless.",
  },
  "read-went-backwards": {
    means:
      "A node's later read is lower than an earlier one, though nothing was subtracted.",
    usually: "a stale answer of seq-kv mistaken for the newest.",
    tries: "Keep the highest value seen.",
  },
};
