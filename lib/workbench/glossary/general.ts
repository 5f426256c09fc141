/** Findings of every workload: the protocol, replies, processes, and the simulator. */
import type { Explanations } from "./explanation.ts";

/** By name. */
export const GENERAL: Explanations = {
  "protocol-violation": {
    means:
      "A node wrote something that is no proper message. The real Maelstrom would never hear of that node again.",
    usually:
      "a print meant for people on stdout, an empty line, a message to a name that is not there, or a reply to a client that has gone.",
    tries:
      "Write logs to stderr, one JSON object a line to stdout, and flush after each.",
  },
  "foreign-source": {
    means:
      "A node signed a message as somebody else. Maelstrom carries it, but figures and partitions go by the signature.",
    usually:
      "src copied from the message that is answered, or a node id kept where two nodes share it.",
    tries: "Set src to the node_id of init, in every message.",
  },
  "process-exit": {
    means:
      "A node's process ended before it was told to. Maelstrom breaks such a test off.",
    usually:
      "an exception that nobody catches, or an exit at an unknown message.",
    tries: "Read its last lines on stderr, in node-logs/.",
  },
  "setup-failed": {
    means: "A node never got ready, so nothing could be tested.",
    usually:
      "init not answered with init_ok, output that stays in a buffer, or an interpreter that is not found.",
    tries:
      "Start the node by hand and type an init message; flush after every line.",
  },
  "crashed": {
    means: "The run was recorded as broken off, so there is nothing to judge.",
    usually: "a node that ended, or never answered init.",
    tries: "Look at jepsen.log and node-logs/ of that run.",
  },
  "message-storm": {
    means:
      "Nodes set each other off without end: they sent many times more than clients had asked for.",
    usually:
      "values forwarded whether they are new or not, so each message makes several.",
    tries: "Forward a value only the first time, and not to whom it came from.",
  },
  "malformed-reply": {
    means:
      "A reply had the wrong type or fields, so its operation counts as unknown.",
    usually:
      "a field of the request sent back with the reply, one that is missing, or a number where there should be a text.",
    tries:
      "Send exactly the fields that the workload names, with in_reply_to as a number.",
  },
  "duplicate-reply": {
    means: "A request was answered more than once.",
    usually: "a retry that answers again, or two paths that both reply.",
    tries: "Answer in one place, and remember what is answered.",
  },
  "unsolicited-reply": {
    means: "A node answered something that nobody had asked.",
    usually: "a wrong in_reply_to, or the reply of another client's request.",
    tries: "Keep msg_id and src of each request until it is answered.",
  },
  "unanswered-request": {
    means: "A request was never answered.",
    usually:
      "a handler that waits for a peer behind a cut or for a reply that was lost, or that failed without an error reply.",
    tries:
      "Give every wait a timeout, and answer with an error when it is over.",
  },
  "late-reply": {
    means:
      "A request was answered when its client had given up, after 5 s in most workloads.",
    usually: "waiting for peers during a partition.",
    tries:
      "Acknowledge from what the node knows itself, or give up before the client does.",
  },
  "refused-request": {
    means:
      "A request was answered with an error where nothing speaks against a success.",
    usually: "a service or a peer that could not be reached in time.",
    tries: "Retry with a pause before refusing, or do without the service.",
  },
  "unavailable": {
    means:
      "An operation failed or timed out, although all were to succeed, whatever the network does.",
    usually: "waiting for another node, or for a majority.",
    tries: "Answer from local state, and spread it afterwards.",
  },
  "never-ok": {
    means: "Not one operation of a kind succeeded.",
    usually: "a handler that is missing, or always fails.",
    tries: "Look at the first reply of that kind in the report's messages.",
  },
  "invalid-workload": {
    means: "Maelstrom's own checker found the run invalid.",
    usually: "what its results say, which are quoted.",
    tries: "Look for the part of results.json whose valid? is false.",
  },
  "maelstrom-throws": {
    means:
      "Maelstrom's checker fails on this history, for no fault of the nodes: it would say unknown.",
    usually: "values that it cannot compare or hold.",
    tries: "Nothing, unless the verdict of the real Maelstrom matters.",
  },
  "rate-not-reached": {
    means:
      "Fewer operations were made than --rate asks for, so the verdict says nothing about that rate.",
    usually: "replies that take long: every client waits for one at a time.",
    tries: "More clients (--concurrency 4n), a lower rate, or a faster node.",
  },
  "impure-program": {
    means:
      "A simulated program used what is not its node's, so the seed does not decide the run, or nodes behave as no processes would.",
    usually:
      "the machine's clock, chance or timers, or variables in the module, outside the program's function.",
    tries:
      "node.now(), node.random(), node.after() and node.every(); state inside the function.",
  },
  "no-verdict": {
    means: "The run did not come to an end.",
    usually: "a handler that loops without end, or messages that breed.",
    tries: "The command that shows it, which is quoted; then a smaller run.",
  },
  "faithful-judge": {
    means: "Maelstrom's own verdict is not valid.",
    usually: "what its results say, which are quoted.",
    tries: "Read the other findings first: they tell the same more closely.",
  },
  "echo-mismatch": {
    means: "A payload came back other than it was sent.",
    usually: "payloads read into a type and written again.",
    tries: "Send the value of echo back as it came, whatever JSON it is.",
  },
  "duplicate-id": {
    means: "Two requests got the same id.",
    usually:
      "a counter that begins anew with the process, time that is too coarse, or too few random bits.",
    tries: "Node id, something random of this start, and a counter.",
  },
  "mixed-id-types": {
    means:
      "Ids are of several types: they cannot be ordered, so Maelstrom's checker says unknown.",
    usually: "a number here and a text there.",
    tries: "Make every id a text.",
  },
};
