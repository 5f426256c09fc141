/** Findings of broadcast, sets and counters. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const SETS: Explanations = {
  "lost": {
    means:
      "A value was acknowledged or seen, and a later read of some node lacks it.",
    usually:
      "one message per value and no retries: what a partition drops is gone.",
    tries: "Retry until the peer acknowledges.",
  },
  "lost-value": {
    means:
      "A value was acknowledged, and after all faults had ended the last read of some node lacks it. Maelstrom notices only if that node happens to be read last.",
    usually:
      "sent once to a node behind a partition, or resent only with the next value.",
    tries:
      "Retry until the peer acknowledges, even if nothing new comes; check that the topology reaches every node.",
  },
  "never-read": {
    means: "A value never appeared in any read.",
    usually: "a request that was not acknowledged, which is not a fault.",
    tries: "Check whether it was acknowledged.",
  },
  "stale-read": {
    means:
      "A read lacks something acknowledged longer ago than the program promises.",
    usually: "gossip that is too rare, or a value that waits for a timer.",
    tries: "Use a shorter period, or send at once and retry later.",
  },
  "value-forgotten": {
    means:
      "A node had shown a value, and a later read of the same node lacks it.",
    usually: "state replaced where it should be merged.",
    tries: "Merge what arrives into what is known; never assign.",
  },
  "own-write-missing": {
    means: "A node acknowledged a value, and its own later read lacks it.",
    usually: "acknowledged before it is stored, or read from elsewhere.",
    tries: "Store first, then acknowledge.",
  },
  "duplicate-value": {
    means: "A read names a value twice.",
    usually: "a list instead of a set.",
    tries: "Keep values in a set.",
  },
  "never-sent-value": {
    means: "A read names a value that no client ever sent.",
    usually: "values mixed with counters or node ids in one collection.",
    tries: "Look at the message in which it first appears.",
  },
  "no-final-read": {
    means:
      "A node did not answer when it was asked at the end, so its state is unknown.",
    usually: "a node that has been stuck since a fault, or refuses.",
    tries: "Look at its last messages, and at its log.",
  },
  "chatter": {
    means:
      "Nodes still send to each other long after the last operation or fault.",
    usually: "a timer that sends everything, whether it is known or not.",
    tries: "Stop when the peer has acknowledged everything.",
  },
  "sent-again": {
    means: "Values cross the network more often than the program promises.",
    usually: "retries sooner than an answer can arrive.",
    tries: "Wait longer than a round trip before a retry.",
  },
  "wrong-final-read": {
    means:
      "A read after everything had healed is no sum that the acknowledged adds, with any of those of unknown outcome, can make.",
    usually:
      "a lost or doubled update, a stale read, or a value that is no integer.",
    tries: "Read on: what else was found says in which direction it is wrong.",
  },
  "inexact-read": {
    means:
      "A read after everything had healed lies between two sums that are possible, and is none of them.",
    usually:
      "an add lost and another doubled, or one of several sums that a restarted node has forgotten.",
    tries:
      "Look at the adds around a kill: which are in the value, and which are not.",
  },
  "read-too-low": {
    means: "A read is lower than what had been added by then.",
    usually:
      "a stale read of seq-kv, an error mistaken for 0, or an update lost between read and write.",
    tries:
      "Write something new to seq-kv before reading; use compare-and-set instead of read and write; use one key per node.",
  },
  "read-too-high": {
    means: "A read is higher than all that was ever added.",
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
