/**
 * What passes between a node and the world that it is in: messages, time, chance and a
 * log. Types alone, so that importing them costs nothing when a node starts.
 *
 * @module
 */

/** Any JSON value. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | Json[]
  | { [key: string]: Json };

/** A message body as it is on the wire. */
export interface Body {
  /** What it asks, or `"x_ok"` as the reply to `"x"`, or `"error"`. */
  type: string;
  /** The sender's number for it, where a reply is awaited. */
  msg_id?: number;
  /** In a reply, the request's `msg_id`. */
  in_reply_to?: number;
  /** What else it says. */
  [field: string]: Json | undefined;
}

/** A message as it is on the wire. */
export interface Message {
  /** Who sends it: `"n0"`, `"c1"`, `"lin-kv"`. */
  src: string;
  /** Whom it is for. */
  dest: string;
  /** What it says. */
  body: Body;
}

/** Stops what was started; calling it again does nothing. */
export type Stop = () => void;

/** What a node needs from the world: a process uses stdin, stdout and the clock, a simulator its own. */
export interface World {
  /** Puts a message on the network, which may delay, lose, duplicate or reorder it. */
  send(message: Message): void;
  /** Milliseconds since the Unix epoch, the same all through one event. A node hides it if this goes backwards. */
  now(): number;
  /** A float, uniform on [0, 1). */
  random(): number;
  /** Calls `task` once, about `delayMs` from now, unless stopped before. */
  schedule(delayMs: number, task: () => void): Stop;
  /** Writes a line for people. */
  log(text: string): void;
}

/** A program in its place: what feeds it messages and ends it. */
export interface Mounted {
  /**
   * Hands over what arrived. Anything that is no message, or not for this node, is logged and
   * skipped; a request without a type is refused with error 12; the first `init` starts the
   * program; what comes before it is refused with error 11.
   *
   * @param since when it may have arrived, on the world's clock: earlier than now where the
   *   process was stopped, and reads only now what came meanwhile
   */
  receive(message: unknown, since?: number): void;
  /** Ends the program: its timers and calls are dropped. */
  dispose(): void;
}
