/** The interface of what hosts nodes: child processes in real time, or modules in virtual time. */
import type { Packet } from "./network.ts";

/** What a host reports. */
export interface HostEvents {
  /** A node has written a JSON value, which should be a message. */
  sent(node: string, message: unknown): void;
  /** A node has written a line that cannot be read; `why` says why, if it is not simply that it is not JSON. */
  garbage(node: string, text: string, why?: string): void;
  /** A node has written something after the first JSON value of a line, which is not read. */
  more?(node: string, text: string): void;
  /** A node does not read its input: more is waiting than can be kept, and the rest is lost. */
  deaf(node: string): void;
  /** A node has closed its stdout, and runs on. */
  closed(node: string): void;
  /** A node has closed its stdin, and runs on. */
  unreachable?(node: string): void;
  /** A node has exited by itself. */
  exited(node: string, how: string): void;
}

/** Hosts the nodes of one run. */
export interface Host {
  /** Starts a node, or restarts it after a {@link kill}. */
  start(node: string): void;
  /**
   * Lets everything else happen before another node is started. Without it, nothing is heard or
   * timed while many are.
   */
  started?(): Promise<void>;
  /** Gives a node a message. A node that is not running never gets it. */
  deliver(node: string, packet: Packet): void;
  /** Ends a node at once, without warning. */
  kill(node: string): void;
  /** Stops a node where it is; its messages wait until {@link resume}. */
  pause(node: string): void;
  /** Lets a paused node continue. */
  resume(node: string): void;
  /** Ends all nodes, and everything they have started. */
  stop(): Promise<void>;
  /** The last lines a node wrote to stderr, or the first of its report of a crash. */
  lastLines(node: string): string[];
  /** Why nothing has been heard from a node, if that is known: `"it closed its stdout"`. */
  silence?(node: string): string | null;
  /** How many bytes a node has written after its last newline and left so for a second; 0 if none. */
  unended?(node: string): number;
}

/** Opens a host for these nodes. */
export type OpenHost = (nodes: readonly string[], events: HostEvents) => Host;

/** How many lines of stderr are kept per node, as Maelstrom keeps them. */
export const KEPT_LINES = 32;

/** Lines of a node's log are cut after this many characters. */
export const LONGEST_LOG_LINE = 65_536;
