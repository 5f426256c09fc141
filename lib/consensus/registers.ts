/**
 * Registers with compare-and-set as a state machine: replicas that apply the same commands
 * in the same order hold the same registers, and each command takes effect once, however
 * often it is in the log.
 *
 * For this, every command has a number (Ongaro's dissertation, 6.3: sessions), and its result is
 * kept until its node no longer needs it.
 *
 * @module
 */
import { ErrorCode } from "../maelstrom.ts";
import type { Json } from "../node/world.ts";
import {
  array,
  json,
  type Key,
  key,
  natural,
  object,
  optional,
  string,
  tuple,
  type TypeOf,
} from "../protocols.ts";

/** {@link Command} at run time. */
export const command = object({
  /** The node that received the client's request, and which of its lives. */
  node: string,
  life: natural,
  /** The number of the request in that life. */
  serial: natural,
  /** All requests of that life before this number have been answered or abandoned. */
  floor: natural,
  key,
  to: json,
  from: optional(json),
});

/** A change of a register to `to`; if there is a `from`, only from that value. */
export type Command = TypeOf<typeof command>;

const session = object({
  life: natural,
  floor: natural,
  /** The results of requests: 0, or the code of the error that a client gets. */
  done: array(tuple(natural, natural)),
});

/** What is kept about a node's requests. */
type Session = TypeOf<typeof session>;

/** {@link Snapshot} at run time. */
export const snapshot = object({
  registers: array(tuple(key, json)),
  sessions: array(tuple(string, session)),
});

/** All registers and sessions, as they are sent to a node that has fallen behind. */
export type Snapshot = TypeOf<typeof snapshot>;

/** See the module. */
export class Registers {
  #registers = new Map<Key, Json>();
  #sessions = new Map<string, Session>();

  /** A register's value; undefined if it has none. */
  read(key: Key): Json | undefined {
    return this.#registers.get(key);
  }

  /** Applies a change, unless it was applied before. */
  apply(command: Command): void {
    const { node, life, serial, floor } = command;
    let session = this.#sessions.get(node);
    if (session !== undefined && life < session.life) return;
    if (session === undefined || life > session.life) {
      session = { life, floor: 0, done: [] };
      this.#sessions.set(node, session);
    }
    session.floor = Math.max(session.floor, floor);
    session.done = session.done.filter(([done]) => done >= session.floor);
    // A request below the floor was answered or abandoned, so this is a late copy.
    if (serial < session.floor) return;
    if (session.done.some(([done]) => done === serial)) return;
    session.done.push([serial, this.#change(command)]);
  }

  /** The result of a request of a node's present life: 0 or the code of an error; undefined if it has not been applied. */
  outcome(node: string, life: number, serial: number): number | undefined {
    const session = this.#sessions.get(node);
    if (session?.life !== life) return undefined;
    return session.done.find(([done]) => done === serial)?.[1];
  }

  /** Everything, as it is now. */
  snapshot(): Snapshot {
    return {
      registers: [...this.#registers],
      sessions: structuredClone([...this.#sessions]),
    };
  }

  /** Replaces everything. */
  restore({ registers, sessions }: Snapshot): void {
    this.#registers = new Map(registers);
    this.#sessions = new Map(structuredClone(sessions));
  }

  #change({ key, to, from }: Command): number {
    if (from !== undefined) {
      const value = this.#registers.get(key);
      if (value === undefined) return ErrorCode.keyDoesNotExist;
      if (!isEqual(value, from)) return ErrorCode.preconditionFailed;
    }
    this.#registers.set(key, to);
    return 0;
  }
}

/** Whether two JSON values are equal. A large float is a bigint once it has been passed on. */
function isEqual(a: Json, b: Json): boolean {
  if (a === b || isNumber(a) && isNumber(b) && a == b) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [ours, theirs] = [Object.entries(a), new Map(Object.entries(b))];
  return ours.length === theirs.size &&
    ours.every(([name, value]) =>
      theirs.has(name) && isEqual(value, theirs.get(name)!)
    );
}

function isNumber(value: Json): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
