/** Findings of logs: offsets, polls and commits. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const KAFKA: Explanations = {
  "inconsistent-offsets": {
    means: "One offset of a log holds two different messages.",
    usually:
      "nodes that each count for themselves, or a counter that lost a race.",
    tries:
      "Assign offsets in one place: one leader per key, or compare-and-set.",
  },
  "duplicate": {
    means: "One message is at two offsets of a log.",
    usually:
      "a send repeated after a timeout, though the first one took effect.",
    tries: "Check whether it is in the log before appending again.",
  },
  "lost-write": {
    means:
      "An acknowledged message was never seen, though later ones of its log were.",
    usually:
      "offset taken and message stored in two steps, with a poll in between.",
    tries: "Store both in one step, or show nothing beyond a hole.",
  },
  "unseen": {
    means: "An acknowledged message was never polled, even at the end.",
    usually:
      "a message that stays on the node that took it, or polls too small to reach the end in time.",
    tries: "Check which nodes have it; answer polls with all there is.",
  },
  "lost-message": {
    means:
      "An acknowledged message could not be polled from some node after all faults had ended.",
    usually: "replication without retries.",
    tries: "Repeat until the other node has acknowledged.",
  },
  "late-message": {
    means:
      "An acknowledged message could not be polled everywhere within the promised time.",
    usually: "replication on a timer that is too slow.",
    tries: "Use a shorter period, or replicate at once.",
  },
  "message-vanished": {
    means: "A node had shown an offset, and later no longer did.",
    usually: "a log replaced by an older copy.",
    tries: "Never make a log shorter.",
  },
  "invented-message": {
    means: "A poll shows a message that nobody sent, or that was refused.",
    usually: "stored first and refused afterwards.",
    tries:
      "Refuse before storing, or leave the outcome open with an indefinite error.",
  },
  "poll-skip": {
    means: "A client's next poll left out messages in the middle of a log.",
    usually:
      "a hole that was filled later, or a committed offset ahead of what was read.",
    tries: "Show messages up to the first hole only.",
  },
  "int-poll-skip": {
    means: "One poll left out messages in the middle of a log.",
    usually: "a hole that was filled later.",
    tries: "Show messages up to the first hole only.",
  },
  "nonmonotonic-poll": {
    means: "A client's next poll went back in a log.",
    usually: "polls that begin before the offset that was asked for.",
    tries: "Begin at the first offset that is at least the one asked for.",
  },
  "int-nonmonotonic-poll": {
    means: "One poll went back in a log.",
    usually: "messages in order of arrival, or offsets sorted as strings.",
    tries: "Sort by offset, as a number.",
  },
  "nonmonotonic-send": {
    means: "A client's later message got an offset before its earlier one.",
    usually: "blocks of offsets that several nodes use up in parallel.",
    tries: "Let every node assign offsets above all that it has seen.",
  },
  "poll-below-offset": {
    means: "A poll shows a message before the offset that was asked for.",
    usually: "the offset mistaken for the last one read.",
    tries: "Begin at the first offset that is at least the one asked for.",
  },
  "poll-order": {
    means: "A poll's messages are not in the order of their offsets.",
    usually: "messages in order of arrival, or offsets sorted as strings.",
    tries: "Sort by offset, as a number.",
  },
  "null-poll": {
    means:
      "A poll had null instead of a list. Maelstrom accepts it, but its checker fails if no poll ever has a message of that key.",
    usually: "a missing value of a map, or an empty list encoded as null.",
    tries: "Leave the key out, or answer an empty list.",
  },
  "unasked-key": {
    means: "A reply names a key that nobody asked for.",
    usually: "all logs returned instead of those in the request.",
    tries: "Answer for the keys of the request.",
  },
  "no-final-poll": {
    means: "A node did not answer polls after everything had healed.",
    usually: "a node that has been stuck since a fault.",
    tries: "Look at its last messages, and at its log.",
  },
  "commit-lost": {
    means: "A commit was acknowledged, and a later list shows a lower offset.",
    usually: "commits kept only by the node that took them.",
    tries: "Keep commits where every node reads them, for example in lin-kv.",
  },
  "commit-regressed": {
    means: "A committed offset went back.",
    usually: "a late commit that overwrites a newer one.",
    tries: "Keep the highest.",
  },
  "commit-invented": {
    means: "A list shows a commit that nobody made.",
    usually: "the end of the log, or an internal key, in place of the commit.",
    tries: "List what was committed, and leave out other keys.",
  },
  "commit-refused": {
    means: "A commit was refused. The polled messages count as not read.",
    usually: "a lost compare-and-set passed on to the client.",
    tries: "Read again and repeat, and keep the highest.",
  },
};
