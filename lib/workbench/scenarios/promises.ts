/** What a program promises: the strict judge holds it to this, beyond what it demands of any program. */
export interface Promises {
  /**
   * Whether nothing is lost when nodes are killed and restarted at any moment; chaos then kills
   * nodes. With `"minority"`, this holds as long as no majority has been killed, or one has
   * answered clients since. With `"told"`, what had reached another node survives, what is
   * acknowledged after the return is as safe as ever, and nothing is handed out twice.
   */
  survivesRestart?: boolean | "minority" | "told";
  /**
   * With `"told"`: for how long a node that has come back may lack what it had shown before, in
   * milliseconds after its first message. 0 if not given: its clients then have to wait.
   */
  backMs?: number;
  /**
   * Whether it relies on a network that delivers each message at most once, as Maelstrom's does;
   * chaos then duplicates none.
   */
  assumesOnce?: boolean;
  /** Whether every operation succeeds, whatever the network does between nodes. */
  available?: boolean;
  /** Unique ids: whether all have one type, so that they can be ordered. */
  oneIdType?: boolean;
  /**
   * Broadcast, kafka, counter: how long after the last heal every node has everything that was
   * acknowledged, in milliseconds.
   */
  convergenceMs?: number;
  /**
   * Broadcast: how long after the last operation and fault nodes fall silent, in milliseconds,
   * excluding network latency.
   */
  quietMs?: number;
  /**
   * For how many hops network latency is added; 2 if not given. Broadcast: to those two bounds, and
   * where values travel from node to node, it is the longest path among 100 nodes. Kafka: to the
   * first of them, and to `visibilityMs`.
   */
  hops?: number;
  /**
   * How long the median message between nodes and to services may become in a steady run, in
   * characters; 1000 if not given. It is more where messages hold a bounded part of the data.
   */
  messageCharacters?: number;
  /** Broadcast: how often each value is sent to each other node at most, on average, without faults. */
  crossings?: number;
  /**
   * Kafka: how soon an acknowledged message can be polled on every node, without faults, on a machine
   * that does not stall, in milliseconds.
   */
  visibilityMs?: number;
  /** Counter: for how long after its acknowledgement a read may lack an add, without faults, in milliseconds. */
  stalenessMs?: number;
  /**
   * Kafka, counter: whether the last two bounds hold under every fault, because the program asks
   * only services, which are never cut off.
   */
  boundsUnderFaults?: boolean;
  /**
   * Lin-kv: how soon after a partition, a heal or a kill the nodes that can talk to a majority
   * answer, in milliseconds.
   */
  majorityMs?: number;
  /** Lin-kv: how many committed entries a replica keeps at most, if nodes are replicas of a log. */
  logEntries?: number;
  /** Transactions: the level that is judged. */
  transactions?: "read-uncommitted" | "causal" | "strict-serializable";
}
