/** Explains a run to a reader who has never seen one. */
import type { Incident, Recording } from "../history/history.ts";
import { nodesOf, workersOf } from "../history/options.ts";
import { cutsOf } from "./cuts.ts";

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
    "Clients append messages to logs (send), read on from where they left off (poll) and record how far they have read (commit). Now and then one takes other logs (assign, subscribe), or forgets everything and begins anew (crash). No acknowledged message may be lost, reordered or skipped.",
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
export function setUpText(recording: Recording): string {
  const { options, faults, machine } = recording;
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
      "The run was under chaos: partitions, and whatever the seed drew of lost, duplicated, reordered and late messages, and of nodes that were killed or paused. The figures are therefore held to no limit.",
    );
  } else {
    const nemesis = faults === "partition" ? faults : options.nemesis ?? "";
    const did = String(nemesis).split(",")
      .map((fault) => deedText(recording, fault.trim()));
    parts.push(...did.filter((deed) => deed !== undefined));
  }
  return parts.join(" ");
}

/** A sentence that says what the nemesis did; undefined for a fault that it does not have. */
function deedText(
  { history, incidents = [] }: Recording,
  fault: string,
): string | undefined {
  const struck = (kind: Incident["type"]) =>
    incidents.filter(({ type }) => type === kind).length;
  if (fault === "partition") {
    const cuts = cutsOf(history, 0).filter(({ empty }) => !empty).length;
    return cuts > 0
      ? `The network was partitioned ${count(cuts, "time")}.`
      : "The network was to be partitioned, but no partition cut off a node.";
  }
  if (fault === "kill") {
    const kills = struck("kill");
    return kills > 0
      ? `Nodes were killed ${
        count(kills, "time")
      } in all, and restarted without their memory.`
      : "Nodes were to be killed, but none was.";
  }
  if (fault !== "pause") return undefined;
  const pauses = struck("pause");
  return pauses > 0
    ? `Nodes were paused ${
      count(pauses, "time")
    } in all, and resumed where they had stopped.`
    : "Nodes were to be paused, but none was.";
}

/** `"1 node"`, `"5 nodes"`; `"2 replies"`, if that plural is given. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? noun : plural}`;
}
