/** How nodes are hosted: as child processes in real time, or as modules in virtual time. */
import type { Packet } from "./network.ts";

/** What a host reports. */
export interface HostEvents {
  /** A node has written what should be a message. */
  sent(node: string, message: unknown): void;
  /** A node has written a line that cannot be read; `why` says why, unless it simply is not JSON. */
  garbage(node: string, text: string, why?: string): void;
  /** A node does not read its input: more is waiting than can be kept, and is lost. */
  deaf(node: string): void;
  /** A node has ended by itself. */
  exited(node: string, how: string): void;
}

/** What runs the nodes of one run. */
export interface Host {
  /** Starts a node, or starts it again after a {@link kill}. */
  start(node: string): void;
  /** Gives a node a message; a node that is not running never gets it. */
  deliver(node: string, packet: Packet): void;
  /** Ends a node at once, without warning. */
  kill(node: string): void;
  /** Stops a node where it is; its messages wait until {@link resume}. */
  pause(node: string): void;
  /** Lets a paused node continue. */
  resume(node: string): void;
  /** Ends all nodes, and everything else that would outlive the run. */
  stop(): Promise<void>;
  /** The last lines a node wrote to stderr. */
  lastLines(node: string): string[];
  /** Why nothing is heard from a node, if that is known: `"it closed its stdout"`. */
  silence?(node: string): string | null;
}

/** Opens a host for these nodes. */
export type OpenHost = (nodes: readonly string[], events: HostEvents) => Host;

/** How many lines of stderr are kept per node, as Maelstrom keeps them. */
export const KEPT_LINES = 32;

/** Lines of a node's log are cut after this many characters. */
export const LONGEST_LOG_LINE = 65_536;
