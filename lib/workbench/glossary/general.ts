/** Findings that any workload may have: the protocol, replies, processes, the simulator. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const GENERAL: Explanations = {
  "protocol-violation": {
    means:
      "A node wrote a line that is not a valid message. The real Maelstrom would never hear from that node again.",
    usually:
      "debug output on stdout, an empty line, a message to nobody, a reply to a client that has left, or one before init has been handled.",
    tries:
      "Write logs to stderr and one JSON object a line to stdout, and flush after each line.",
  },
  "stdout-closed": {
    means:
      "A node closed its stdout and ran on, so none of its later messages could be heard.",
    usually:
      "closing or redirecting the file descriptor 1, or a library that does so for its log.",
    tries: "Leave stdout open, and write logs to stderr.",
  },
  "stdin-closed": {
    means:
      "A node closed its stdin and ran on, so none of the later messages to it could be delivered.",
    usually:
      "a reader of lines that was closed, or a program that goes on after its loop over the input has failed.",
    tries: "Read to the end of the input, and let the process end with it.",
  },
  "unknown-to-service": {
    means:
      "A node asked a service something that it does not know. No service answers such a request, not even with an error.",
    usually: "a type that has another name, or a request to the wrong service.",
    tries:
      "Ask lin-kv, seq-kv and lww-kv to read, write or cas, lin-tso for ts.",
  },
  "unread-output": {
    means:
      "A node wrote to stdout what nobody read: something after the first JSON value of a line, or an end without a newline.",
    usually:
      "two messages in one line, a write without a newline, or a buffer that is rarely flushed.",
    tries: "End every message with a newline, and flush after it.",
  },
  "foreign-source": {
    means:
      "A node sent a message whose src is another node. Maelstrom delivers it, but counts and partitions it by its src.",
    usually:
      "src copied from the request, or a node id kept where two nodes share it.",
    tries: "Set src to the node_id of init, in every message.",
  },
  "process-exit": {
    means:
      "A node's process exited before it was told to. Maelstrom aborts such a test.",
    usually:
      "an uncaught exception, an exit on an unknown message, or a line too long for its reader (64 KB for Go's bufio.Scanner).",
    tries: "Read its last lines on stderr, in node-logs/.",
  },
  "setup-failed": {
    means: "A node never became ready, so nothing could be tested.",
    usually:
      "init not answered with init_ok, output left in a buffer, input read in blocks, no interpreter, or a slow start, as 25 JVMs at once have.",
    tries:
      "Read and write line by line, and flush. Start the node by hand, with pipes before and after it: a terminal hides buffers.",
  },
  "crashed": {
    means: "The recorded run was aborted, so there is nothing to judge.",
    usually: "a node that exited, or never answered init.",
    tries: "Look at jepsen.log and node-logs/ of that run.",
  },
  "message-storm": {
    means:
      "Nodes trigger each other without end: they sent many times more messages than the clients' requests explain.",
    usually:
      "values forwarded even when they are not new, so that each message causes several others.",
    tries: "Forward a value only the first time, and not back to its sender.",
  },
  "malformed-reply": {
    means:
      "A reply had the wrong type or fields, so the outcome of its operation counts as unknown.",
    usually:
      "a missing or copied field, a number instead of a string; in JavaScript a Set, or a promise that was not awaited: {}.",
    tries:
      "Send exactly the fields that the workload names, and in_reply_to as a number.",
  },
  "odd-error-code": {
    means:
      "An error has no integer as its code, so Maelstrom takes the outcome of its request for unknown.",
    usually: 'a code in quotes, as in "code": "22", or none at all.',
    tries:
      "Send one of Maelstrom's codes as a number: 22 if a compare-and-set found another value, 20 if there is no such key, 11 to refuse.",
  },
  "duplicate-reply": {
    means: "A request was answered more than once.",
    usually:
      "a retry that answers again, two code paths that both reply, or a handler of init that replies though the library does so itself.",
    tries:
      "Reply in one place, and remember which requests have been answered.",
  },
  "unsolicited-reply": {
    means:
      "A node sent a client a reply to a request that the client had not made.",
    usually: "a wrong in_reply_to, or the reply to another client's request.",
    tries: "Keep msg_id and src of each request until it is answered.",
  },
  "unanswered-request": {
    means: "A request was never answered.",
    usually:
      "a handler that waits for a peer behind a partition or for a reply that was lost, or that fails without replying.",
    tries:
      "Give every wait a timeout, and answer with an error when it expires.",
  },
  "late-reply": {
    means:
      "A request was answered after its client had given up. In most workloads, clients wait for 5 s.",
    usually: "waiting for peers during a partition.",
    tries:
      "Answer from the node's own state, or give up before the client does.",
  },
  "refused-request": {
    means:
      "A request was answered with an error, though no fault stood in its way.",
    usually: "a service or a peer that was not reached in time.",
    tries: "Retry with a pause before refusing, or do without the service.",
  },
  "unavailable": {
    means:
      "An operation failed or timed out, though every operation must succeed whatever the network does.",
    usually: "waiting for another node, or for a majority.",
    tries: "Answer from local state, and replicate afterwards.",
  },
  "never-ok": {
    means: "No operation of some kind succeeded.",
    usually: "a handler that is missing or always fails.",
    tries: "Look at the first reply of that kind in the report's messages.",
  },
  "no-recovery": {
    means:
      "Long after the last fault, a node answers no requests, or none of some kind.",
    usually:
      "a request that is never retried, a pause between retries that grows without a limit, or a node that has lost its memory and waits for others.",
    tries: "Look in the report at the node's first messages of the calm.",
  },
  "invalid-workload": {
    means: "Maelstrom's own checker found the run invalid.",
    usually: "see its results, which are quoted.",
    tries: "Find the part of results.json in which valid? is false.",
  },
  "maelstrom-throws": {
    means:
      "Maelstrom's checker would throw an exception on this history, so its verdict would be unknown, through no fault of the nodes.",
    usually: "values that it cannot compare or store.",
    tries: "Nothing, unless the verdict of the real Maelstrom matters.",
  },
  "rate-not-reached": {
    means:
      "Fewer operations were made than --rate asks for, so the verdict says nothing about that rate.",
    usually:
      "slow replies: every client waits for one before its next request.",
    tries: "More clients (--concurrency 4n), a lower rate, or a faster node.",
  },
  "stood-still": {
    means:
      "The workbench itself, with its clients, did not run for a while: slow replies and timeouts at that time are no node's fault.",
    usually:
      "a computer that slept, a process that was stopped, or a machine that was busy with something else.",
    tries: "Run it again.",
  },
  "journal-cut": {
    means:
      "Maelstrom's journal of the network is missing, or one of its files ends in the middle of a message, so figures that count messages are too low.",
    usually:
      "a run that was killed, a full disk, an incomplete copy, or Maelstrom 0.2.0.",
    tries: "Copy the run's folder again, or repeat the run.",
  },
  "impure-program": {
    means:
      "A simulated program used something that does not come from its node. Either the seed does not decide the run, or nodes share state, which separate processes could not.",
    usually:
      "the machine's clock, randomness, timers or files; an error that nothing catches; or variables of the module, outside the program's function.",
    tries:
      "Use node.now(), node.random(), node.after() and node.every(), and keep state inside the function.",
  },
  "no-verdict": {
    means: "The run did not end, so it has no verdict.",
    usually: "an endless loop in a handler, or messages that multiply.",
    tries: "Run the quoted command, then a smaller run.",
  },
  "faithful-judge": {
    means: "Maelstrom's own verdict is not valid.",
    usually: "see its results, which are quoted.",
    tries: "Read the other findings first: they say the same more precisely.",
  },
  "echo-mismatch": {
    means: "A payload came back changed.",
    usually: "a payload that was parsed into a type and serialized again.",
    tries: "Send the value of echo back unchanged, whatever JSON it is.",
  },
  "duplicate-id": {
    means: "Two requests got the same id.",
    usually:
      "a counter that restarts with the process, a clock that is too coarse, or too few random bits.",
    tries:
      "Combine the node id, something random that is drawn at each start, and a counter.",
  },
  "mixed-id-types": {
    means:
      "Ids are of several types and cannot be ordered, so Maelstrom's verdict is unknown.",
    usually: "numbers from some nodes and strings from others.",
    tries: "Make every id a string.",
  },
};
