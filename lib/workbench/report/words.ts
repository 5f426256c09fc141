/** Explains a run to a reader who has never seen one. */
import type { Recording } from "../history/history.ts";
import { nodesOf, workersOf } from "../history/options.ts";

/** By workload, what clients do, and what must hold. */
const WORKLOADS: { readonly [workload: string]: string } = {
  "echo":
    "Clients send payloads to a node, and must get the same payloads back.",
  "unique-ids":
    "Clients ask any node for an id; no two ids may ever be the same.",
  "broadcast":
    "Clients give values to single nodes (broadcast) and ask nodes for all values they know (read). Every value must reach every node, with as few messages and as little delay as possible.",
  "g-set":
    "Clients add elements to a set at any node, and read it at any node. In the end no added element may be missing.",
  "g-counter":
    "Clients add to one counter at any node, and read it at any node. In the end every node must show the exact sum.",
  "pn-counter":
    "Clients add to and subtract from one counter at any node. In the end every node must show the exact sum.",
  "kafka":
    "Clients append messages to logs (send), read on from where they left off (poll) and record how far they have read (commit). No acknowledged message may be lost, reordered or skipped.",
  "lin-kv":
    "Clients read, write and compare-and-set single keys. The operations must appear to take effect one after another, each at some moment between its request and its reply.",
  "txn-rw-register":
    "Clients execute transactions of several reads and writes of registers. The consistency model says what transactions may see of each other.",
  "txn-list-append":
    "Clients execute transactions that read lists and append to them. The consistency model says what transactions may see of each other.",
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
    `${count(workers, "client")} sent requests to ${count(nodes, "node")} for ${
      options["time-limit"] ?? 60
    } s, ${rate} a second in all.`,
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
      "The simulated machine was busy: timers and messages were late, and now and then everything stalled.",
    );
  }
  if (faults === "chaos") {
    parts.push(
      "The run was under chaos: partitions, and whatever the seed drew of lost, duplicated, reordered and late messages, and of killed nodes. The figures are therefore held to no limit.",
    );
  } else {
    const nemesis = faults === "partition" ? faults : options.nemesis ?? "";
    const did = String(nemesis).split(",").map((fault) => DEEDS[fault.trim()]);
    parts.push(...did.filter((deed) => deed !== undefined));
  }
  return parts.join(" ");
}

/** By fault of the nemesis, a sentence that says what it did. */
const DEEDS: { readonly [fault: string]: string } = {
  partition: "The network was partitioned now and then.",
  kill: "Nodes were killed now and then, and restarted without their memory.",
  pause: "Nodes were paused now and then, and resumed where they had stopped.",
};

/** `"1 node"`, `"5 nodes"`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}
