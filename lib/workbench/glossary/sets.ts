/** Findings of broadcast, sets and counters. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const SETS: Explanations = {
  "lost": {
    means:
      "A value was acknowledged or seen, and a later read of some node lacks it.",
    usually: "one message a value and no repetition: what a cut drops is gone.",
    tries: "Repeat until the peer acknowledges.",
  },
  "lost-value": {
    means:
      "A value was acknowledged, and after all faults had ended the last read of some node lacks it. Maelstrom notices only if that node happens to be read last.",
    usually:
      "sent once to a node behind a cut, or repeated only when the next value comes.",
    tries:
      "Repeat until the peer acknowledges, also when nothing new comes; check that every node is reached by the topology.",
  },
  "never-read": {
    means: "A value never appeared in any read.",
    usually: "a request that was not acknowledged, which is no fault.",
    tries: "Look whether it was acknowledged.",
  },
  "stale-read": {
    means:
      "A read lacks what was acknowledged longer ago than the program promises.",
    usually: "gossip that is too seldom, or a value that waits for a timer.",
    tries: "A shorter period, or sending at once and repeating later.",
  },
  "value-forgotten": {
    means:
      "A node had shown a value, and a later read of the same node lacks it.",
    usually: "state that is replaced where it should be merged.",
    tries: "Add what comes to what is known; never assign.",
  },
  "own-write-missing": {
    means: "A node acknowledged a value, and its own later read lacks it.",
    usually: "acknowledged before it is stored, or read from elsewhere.",
    tries: "Store first, then acknowledge.",
  },
  "duplicate-value": {
    means: "A read names a value twice.",
    usually: "a list where a set is meant.",
    tries: "Keep values in a set.",
  },
  "never-sent-value": {
    means: "A read names a value that no client ever sent.",
    usually: "values and counters or node ids in one collection.",
    tries: "Look at the message in which it first appears.",
  },
  "no-final-read": {
    means:
      "A node did not answer when it was asked at the end, so nobody knows what it has.",
    usually: "a node that is stuck since a fault, or refuses.",
    tries: "Look at its last messages, and at its log.",
  },
  "chatter": {
    means: "Nodes still send to each other long after anything has happened.",
    usually: "a timer that tells everything whether it is known or not.",
    tries: "Stop when the peer has acknowledged all.",
  },
  "sent-again": {
    means: "Values cross the network oftener than the program promises.",
    usually: "repeating earlier than an answer can come.",
    tries: "Wait for longer than a round trip before repeating.",
  },
  "read-too-low": {
    means: "A read is less than what had been added by then.",
    usually:
      "a stale read of seq-kv, an error taken for 0, or an update lost between read and write.",
    tries:
      "Write something new to seq-kv before reading it; compare and set instead of read and write; one key for each node.",
  },
  "read-too-high": {
    means: "A read is more than all that was ever added.",
    usually:
      "an addition repeated after a timeout, though the first one counted.",
    tries:
      "Keep one total for each node, and replace it: repeating is harmless then.",
  },
  "read-went-backwards": {
    means:
      "A node's later read is less than an earlier one, though nothing was taken away.",
    usually: "a stale answer of seq-kv taken for the newest.",
    tries: "Keep the highest of what was seen.",
  },
};
