/** What the strict judge holds a program to, beyond what it asks of every node of the workload. */
export interface Promises {
  /**
   * Whether killing and restarting nodes at any moment loses nothing: chaos then does it. With
   * `"minority"`, as long as a majority has not been killed, or has answered clients since.
   * With `"told"`, what had reached another node survives, what is acknowledged after the
   * return is as safe as ever, and nothing is given twice.
   */
  survivesRestart?: boolean | "minority" | "told";
  /**
   * With `"told"`: for how long after a node has come back, and is spoken to, it may not show
   * what it had shown before, in milliseconds. Nothing if not given: what it is asked waits.
   */
  backMs?: number;
  /** Whether it relies on a network that brings each message once, as Maelstrom's does: chaos then doubles none. */
  assumesOnce?: boolean;
  /** Whether every operation succeeds, whatever the network does between nodes. */
  available?: boolean;
  /** Unique ids: all are of one type, so that they can be put in order. */
  oneIdType?: boolean;
  /** Broadcast, kafka, counter: what was acknowledged is on every node so long after the last heal, in milliseconds. */
  convergenceMs?: number;
  /** Broadcast: nodes are silent so long after the last operation and fault, in milliseconds without the network's own. */
  quietMs?: number;
  /**
   * Broadcast: for how many hops the network's own time is added to those two bounds. 2 if not
   * given; more where values go from node to node, as many as on the longest way in 100 nodes.
   */
  hops?: number;
  /** Broadcast: how often a value is sent to each other node at most, on average, without faults. */
  crossings?: number;
  /** Kafka: an acknowledged message can be polled on every node so long after, without faults, in milliseconds. */
  visibilityMs?: number;
  /** Counter: a read holds every add acknowledged so long before it, without faults, in milliseconds. */
  stalenessMs?: number;
  /** Kafka, counter: the last two hold under every fault too, since only services are asked, which nothing cuts off. */
  boundsUnderFaults?: boolean;
  /** Lin-kv: nodes that can talk to a majority answer so long after a cut, a heal or a kill, in milliseconds. */
  majorityMs?: number;
  /** Lin-kv: nodes are replicas of a log that keep so many committed entries of it at most. */
  logEntries?: number;
  /** Transactions: the level that is judged. */
  transactions?: "read-uncommitted" | "causal" | "strict-serializable";
}
