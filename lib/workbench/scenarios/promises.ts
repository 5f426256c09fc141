/** What the strict judge holds a program to, beyond what it asks of every node of the workload. */
export interface Promises {
  /**
   * Whether nothing is lost when nodes are killed and restarted at any moment: chaos then does
   * so. With `"minority"`, this holds as long as a majority has not been killed, or has
   * answered clients since. With `"told"`, what had reached another node survives, what is
   * acknowledged after the return is as safe as ever, and nothing is handed out twice.
   */
  survivesRestart?: boolean | "minority" | "told";
  /**
   * With `"told"`: for how long a node that has come back may lack what it had shown before, in
   * milliseconds after it is first spoken to. 0 if not given: its clients wait meanwhile.
   */
  backMs?: number;
  /**
   * Whether it relies on a network that delivers each message once, as Maelstrom's does: chaos
   * then duplicates none.
   */
  assumesOnce?: boolean;
  /** Whether every operation succeeds, whatever the network does between nodes. */
  available?: boolean;
  /** Unique ids: all have one type, so that they can be ordered. */
  oneIdType?: boolean;
  /**
   * Broadcast, kafka, counter: how long after the last heal everything acknowledged is on every
   * node, in milliseconds.
   */
  convergenceMs?: number;
  /**
   * Broadcast: how long after the last operation and fault nodes are silent, in milliseconds,
   * network latency excluded.
   */
  quietMs?: number;
  /**
   * Broadcast: for how many hops network latency is added to those two bounds. 2 if not given;
   * more where values go from node to node: the longest way among 100 nodes.
   */
  hops?: number;
  /**
   * How long messages between nodes and to services may become in a steady run, in characters,
   * half of them at least: 1000 if not given; more where a message holds a bounded part of the
   * data.
   */
  messageCharacters?: number;
  /** Broadcast: how often a value is sent to each other node at most, on average and without faults. */
  crossings?: number;
  /** Kafka: how soon an acknowledged message can be polled on every node, without faults, in milliseconds. */
  visibilityMs?: number;
  /** Counter: how old an acknowledged add can be that a read lacks, without faults, in milliseconds. */
  stalenessMs?: number;
  /**
   * Kafka, counter: whether the last two bounds hold under every fault: only services are
   * asked, which nothing cuts off.
   */
  boundsUnderFaults?: boolean;
  /**
   * Lin-kv: how soon after a cut, a heal or a kill nodes answer that can talk to a majority, in
   * milliseconds.
   */
  majorityMs?: number;
  /** Lin-kv: nodes are replicas of a log, and keep at most this many committed entries of it. */
  logEntries?: number;
  /** Transactions: the level that is judged. */
  transactions?: "read-uncommitted" | "causal" | "strict-serializable";
}
