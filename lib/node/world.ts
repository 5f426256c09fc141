/**
 * The interface between a node and the world it runs in: messages, time, randomness and a log.
 * This file has only types, so importing it does not slow the start of a node.
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
  /** The request's type, `"x_ok"` in a reply to `"x"`, or `"error"`. */
  type: string;
  /** The sender's number for the message, if it awaits a reply. */
  msg_id?: number;
  /** In a reply, the request's `msg_id`. */
  in_reply_to?: number;
  /** The message's own fields. */
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

/**
 * What a node needs from its world: `run` implements it by stdin, stdout and the clock, a simulator
 * by its own means.
 */
export interface World {
  /** Puts a message on the network, which may delay, lose, duplicate or reorder it. */
  send(message: Message): void;
  /**
   * Milliseconds since the Unix epoch, the same throughout one event. It may go backwards: the node
   * makes up for that.
   */
  now(): number;
  /** A float, uniform on [0, 1). */
  random(): number;
  /** Calls `task` once, about `delayMs` from now, unless stopped before. */
  schedule(delayMs: number, task: () => void): Stop;
  /** Writes a line for people. */
  log(text: string): void;
}

/** A mounted program: how to feed it messages and end it. */
export interface Mounted {
  /**
   * Hands over what arrived. Anything that is not a message, or not for this node, is logged and
   * skipped. A request without a type is refused with error 12. The first `init` starts the
   * program; requests before it are refused with error 11.
   *
   * @param since the earliest time at which it may have arrived, on the world's clock: before now
   *   if the process was stopped, and only now reads what arrived meanwhile
   */
  receive(message: unknown, since?: number): void;
  /** Ends the program: its timers and calls are dropped. */
  dispose(): void;
}
