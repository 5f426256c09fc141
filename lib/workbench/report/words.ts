/** What a reader who has never seen a run needs to be told. */
import { nodesOf, type Recording, workersOf } from "../history.ts";

/** What clients do in a workload, and what they are promised. */
const WORKLOADS: { readonly [workload: string]: string } = {
  "echo":
    "Clients send a payload to a node and must get the same payload back.",
  "unique-ids":
    "Clients ask any node for an id; no two answers may ever be the same.",
  "broadcast":
    "Clients give values to single nodes (broadcast) and ask nodes for all values they know (read). Every value must come to every node, with as few messages and as little delay as possible.",
  "g-set":
    "Clients add elements to a set at any node, and read it at any node. No added element may be missing in the end.",
  "g-counter":
    "Clients add to one counter at any node, and read it at any node. In the end every node must show the exact sum.",
  "pn-counter":
    "Clients add to and subtract from one counter at any node. In the end every node must show the exact sum.",
  "kafka":
    "Clients append messages to logs (send), read on from where they were (poll) and note how far they have come (commit). Nothing acknowledged may get lost, change places or be skipped.",
  "lin-kv":
    "Clients read, write and compare-and-set single keys. All must look as if done one after the other, each at some moment between its request and its reply.",
  "txn-rw-register":
    "Clients do transactions of several reads and writes of single values. What each may see of the others is what the consistency model says.",
  "txn-list-append":
    "Clients do transactions that read lists and append to them. What each may see of the others is what the consistency model says.",
};

/** What clients do in a workload. */
export function workloadText(workload: string): string {
  return WORKLOADS[workload] ?? "";
}

/** The set-up of a run in a sentence or two. */
export function setUpText({ options, faults, machine }: Recording): string {
  const nodes = nodesOf(options).length, workers = workersOf(options);
  const latency = Number(options.latency ?? 0);
  const distribution = String(options["latency-dist"] ?? "constant");
  const rate = Number(options.rate ?? 5);
  const parts = [
    `${count(workers, "client")} asked ${count(nodes, "node")} for ${
      options["time-limit"] ?? 60
    } s, ${rate} times a second altogether.`,
  ];
  if (nodes > 1) {
    parts.push(
      latency === 0
        ? "Messages between nodes took no time."
        : distribution === "constant"
        ? `A message between two nodes took ${latency} ms.`
        : `A message between two nodes took ${latency} ms on average (${distribution}).`,
    );
  }
  if (machine === "busy" || machine === "stalled") {
    parts.push(
      "Their machine was simulated as a busy one: timers and messages were late, and now and then all stood still.",
    );
  }
  if (faults === "chaos") {
    parts.push(
      "Chaos was let loose on them: partitions, and what the seed drew of lost, doubled, overtaking and late messages, and of killed nodes. The figures are therefore held to no limit.",
    );
  } else {
    const nemesis = faults === "partition" ? faults : options.nemesis ?? "";
    const did = String(nemesis).split(",").map((fault) => DEEDS[fault.trim()]);
    parts.push(...did.filter((deed) => deed !== undefined));
  }
  return parts.join(" ");
}

/** What the nemesis did, in a sentence for each of its faults. */
const DEEDS: { readonly [fault: string]: string } = {
  partition: "The network was partitioned now and then.",
  kill: "Nodes were killed now and then, and started again without memory.",
  pause: "Nodes were stopped now and then, and went on where they were.",
};

/** `"1 node"`, `"5 nodes"`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

/** What the names of findings mean, in a sentence each. */
const MEANINGS: { readonly [type: string]: string } = {
  "protocol-violation":
    "A node wrote something that is no proper message. The real Maelstrom would never hear of that node again.",
  "foreign-source":
    "A node signed a message as somebody else. Maelstrom carries it, but figures and partitions go by the signature.",
  "maelstrom-throws":
    "Maelstrom's checker fails on this history, for no fault of the nodes: it would say unknown.",
  "rate-not-reached":
    "Fewer operations were made than --rate asks for, so the verdict says nothing about that rate.",
  "message-storm":
    "Nodes set each other off without end: they sent many times more than clients had asked for.",
  "process-exit": "A node's process ended before it was told to.",
  "setup-failed": "A node never got ready, so nothing could be tested.",
  "malformed-reply":
    "A reply had the wrong type or fields, so its operation counts as unknown.",
  "duplicate-reply": "A request was answered more than once.",
  "unsolicited-reply": "A node answered something that nobody had asked.",
  "unanswered-request": "A request was never answered.",
  "unavailable":
    "An operation failed or timed out, although the program promises that all succeed.",
  "lost":
    "A value was acknowledged or seen, and a later read of some node lacks it.",
  "never-read": "A value never appeared in any read.",
  "inconsistent-offsets": "One offset of a log holds two different messages.",
  "duplicate": "One message stands at two offsets of a log.",
  "lost-write":
    "An acknowledged message was never seen, though later ones of its log were.",
  "unseen": "An acknowledged message was never polled, up to the end.",
  "poll-skip": "A client's next poll left out messages in the middle of a log.",
  "int-poll-skip": "One poll left out messages in the middle of a log.",
  "nonmonotonic-poll": "A client's next poll went back in a log.",
  "int-nonmonotonic-poll": "One poll went back in a log.",
  "nonmonotonic-send":
    "A client's later message got an offset before its earlier one.",
  "internal":
    "A transaction's read contradicts what it read or wrote itself before.",
  "fractured-read":
    "A transaction saw one of another's writes and missed a second one.",
  "thin-air-read": "A value was read that nobody ever wrote.",
  "future-read": "A transaction read its own write before it made it.",
  "causality-violation":
    "An effect was visible somewhere before what had caused it.",
  "read-your-writes": "A client missed what it had itself written before.",
  "monotonic-reads": "A client saw something, and later missed it.",
  "monotonic-writes":
    "Somebody saw a client's later write and missed its earlier one.",
  "writes-follow-reads":
    "Somebody saw a write and missed what its client had read before it.",
  "divergent-replicas":
    "Nodes still differed long after everything had healed.",
  "lost-update":
    "Two transactions read the same version and both replaced it: one of the updates is lost.",
  "G0": "Dirty writes: transactions overwrote each other in a circle.",
  "G1a": "Aborted read: a value was read that was never committed.",
  "G1b":
    "Intermediate read: a value was read that its writer replaced in the same transaction.",
  "G1c":
    "Circular information flow: transactions saw each other's effects in a circle.",
  "G-single":
    "Read skew: a transaction saw one effect of another and missed an earlier one.",
  "G2-item":
    "Write skew: transactions in a circle each missed what the next one wrote.",
  "cyclic-versions":
    "Transactions disagree about which value of a key came first.",
  "incompatible-order": "Two reads of a list disagree about its order.",
};

/** What a finding's name means, if it is a common one. */
export function meaningOf(type: string): string | undefined {
  return MEANINGS[type] ??
    MEANINGS[type.replace(/-(item|process|realtime)/g, "")];
}
