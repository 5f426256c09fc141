/** How nodes are hosted: as child processes in real time, or as modules in virtual time. */
import type { Packet } from "./network.ts";

/** What a host reports. */
export interface HostEvents {
  /** A node has written what should be a message. */
  sent(node: string, message: unknown): void;
  /** A node has written something that is no JSON. */
  garbage(node: string, text: string): void;
  /** A node does not read: more waits for it than can be kept, and is lost. */
  deaf(node: string): void;
  /** A node has ended without being told to. */
  exited(node: string, how: string): void;
}

/** The machinery under the nodes of one run. */
export interface Host {
  /** Starts a node, or starts it again after a {@link kill}. */
  start(node: string): void;
  /** Hands a node a message; one that is not running never gets it. */
  deliver(node: string, packet: Packet): void;
  /** Ends a node at once, without warning. */
  kill(node: string): void;
  /** Stops a node where it is; what comes for it waits until it may {@link resume}. */
  pause(node: string): void;
  /** Lets a paused node go on. */
  resume(node: string): void;
  /** Ends all nodes, and whatever else would outlive the run. */
  stop(): Promise<void>;
  /** The last lines a node wrote to stderr. */
  lastLines(node: string): string[];
  /** Why nothing is heard of a node, as far as can be told: `"it closed its stdout"`. */
  silence?(node: string): string | null;
}

/** Opens a host for these nodes. */
export type OpenHost = (nodes: readonly string[], events: HostEvents) => Host;

/** How many lines of stderr are kept per node, as Maelstrom keeps them. */
export const KEPT_LINES = 32;
