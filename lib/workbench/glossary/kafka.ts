/** Findings of logs: offsets, polls and commits. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const KAFKA: Explanations = {
  "inconsistent-offsets": {
    means: "One offset of a log holds two different messages.",
    usually:
      "nodes that each count for themselves, or a race on a shared counter.",
    tries:
      "Assign offsets in one place: one leader per key, or compare-and-set.",
  },
  "duplicate": {
    means: "One message is at two offsets of a log.",
    usually:
      "a send repeated after a timeout, though the first one took effect.",
    tries: "Before appending again, check whether the message is in the log.",
  },
  "lost-write": {
    means:
      "An acknowledged message was never polled, though later ones of its log were.",
    usually:
      "claiming the offset and storing the message in two steps, with a poll in between.",
    tries: "Do both in one step, or show nothing beyond a hole.",
  },
  "unseen": {
    means: "An acknowledged message was never polled, even at the end.",
    usually:
      "a message that stays on the node that took it, or polls that return too little to reach the end in time.",
    tries:
      "Check which nodes have it, and return all messages there are to a poll.",
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
    means: "A node once returned the message at an offset, and later did not.",
    usually: "a log replaced by an older copy.",
    tries: "Never make a log shorter.",
  },
  "invented-message": {
    means: "A poll shows a message that nobody sent, or that was refused.",
    usually: "a message that was stored before its send was refused.",
    tries:
      "Refuse before storing, or answer with an indefinite error, which leaves the outcome open.",
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
    tries: "Begin at the first offset that is not below the one asked for.",
  },
  "int-nonmonotonic-poll": {
    means: "One poll went back in a log.",
    usually: "messages kept in order of arrival, or offsets sorted as strings.",
    tries: "Sort by offset, as a number.",
  },
  "nonmonotonic-send": {
    means: "A client's later message got a lower offset than its earlier one.",
    usually: "blocks of offsets that several nodes use up in parallel.",
    tries: "Let every node assign offsets above all that it has seen.",
  },
  "poll-below-offset": {
    means: "A poll shows a message before the offset that was asked for.",
    usually: "taking the offset asked for as the last one read.",
    tries: "Begin at the first offset that is not below the one asked for.",
  },
  "poll-order": {
    means: "A poll's messages are not in the order of their offsets.",
    usually: "messages kept in order of arrival, or offsets sorted as strings.",
    tries: "Sort by offset, as a number.",
  },
  "null-poll": {
    means:
      "A poll returned null instead of a list. Maelstrom accepts that, but its checker throws if no poll ever returns a message of that key.",
    usually: "a key missing from a map, or an empty list encoded as null.",
    tries: "Leave the key out, or answer an empty list.",
  },
  "unasked-key": {
    means: "A reply has a key that was not asked for.",
    usually: "all logs returned instead of those in the request.",
    tries: "Answer only for the keys in the request.",
  },
  "no-final-poll": {
    means: "A node did not answer polls after everything had healed.",
    usually: "a node that has been stuck since a fault.",
    tries: "Look at its last messages, and at its log.",
  },
  "commit-lost": {
    means:
      "A commit was acknowledged, and a later list_committed_offsets shows a lower offset.",
    usually: "commits kept only by the node that took them.",
    tries: "Keep commits where every node reads them, for example in lin-kv.",
  },
  "commit-regressed": {
    means: "A committed offset went back.",
    usually: "a late commit that overwrites a newer one.",
    tries: "Keep the highest offset.",
  },
  "commit-invented": {
    means: "A list_committed_offsets shows a commit that nobody made.",
    usually:
      "listing the end of the log, or an internal key, instead of the commit.",
    tries: "List what was committed, and leave out other keys.",
  },
  "commit-refused": {
    means:
      "A commit was refused, so the messages polled before it count as not read.",
    usually: "passing a failed compare-and-set on to the client.",
    tries: "Read again and retry, and keep the highest offset.",
  },
};
