/** Explains a run to a reader who has never seen one. */
import { nodesOf, type Recording, workersOf } from "../history/history.ts";

/** By workload, what clients do, and what they are promised. */
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
