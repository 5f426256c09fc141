/**
 * The protocols of Maelstrom's workloads, and the schemas for a program's own messages: a
 * program imports its whole protocol from here.
 *
 * @module
 */
import type { ProtocolOf } from "./maelstrom.ts";
import {
  array,
  dict,
  either,
  type Integer,
  integer,
  json,
  natural,
  number,
  oneOf,
  rpc,
  type Schema,
  string,
  tuple,
  type TypeOf,
} from "./schema.ts";

export type { Json } from "./node/world.ts";
export * from "./schema.ts";

/** Of `unique-ids`. */
export const uniqueIdsProtocol = { generate: rpc({}, { id: string }) };

/** Of `broadcast`: values are integers. */
export const broadcastProtocol = {
  broadcast: rpc({ message: integer }, {}),
  read: rpc({}, { messages: array(integer) }),
  topology: rpc({ topology: dict(array(string)) }, {}),
};

/** Of `g-counter` and `pn-counter`. */
export const counterProtocol = {
  add: rpc({ delta: integer }, {}),
  read: rpc({}, { value: integer }),
};

/** {@link Entry} at run time. */
export const entry = tuple(natural, json);

/** A message at its place in a log. */
export type Entry = TypeOf<typeof entry>;

/** {@link Offsets} at run time. */
export const offsets = dict(natural);

/** Offsets by key. */
export type Offsets = TypeOf<typeof offsets>;

/** {@link Entries} at run time. */
export const entries = dict(array(entry));

/** Messages by key, in the order of their offsets. */
export type Entries = TypeOf<typeof entries>;

/** Of `kafka`. */
export const kafkaProtocol = {
  send: rpc({ key: string, msg: json }, { offset: natural }),
  /** The messages from these offsets on; keys that have none are left out. */
  poll: rpc({ offsets }, { msgs: entries }),
  commit_offsets: rpc({ offsets }, {}),
  /** Keys that were never committed are left out. */
  list_committed_offsets: rpc({ keys: array(string) }, { offsets }),
};

/** What the nodes of a log answer. */
export type KafkaProtocol = ProtocolOf<typeof kafkaProtocol>;

/** {@link Key} at run time. */
export const key: Schema<Integer | string> = either(number, string);

/** The key of a value in a database or a register. */
export type Key = TypeOf<typeof key>;

/** Of `lin-kv`. */
export const registerProtocol = {
  read: rpc({ key }, { value: json }),
  write: rpc({ key, value: json }, {}),
  cas: rpc({ key, from: json, to: json }, {}),
};

/** What nodes with registers answer. */
export type RegisterProtocol = ProtocolOf<typeof registerProtocol>;

const microOp = tuple(oneOf("r", "w", "append"), key, json);

/** One step: read (null in a request, the value in a reply), write, or append to a list. */
export type MicroOp = TypeOf<typeof microOp>;

/** Of `txn-rw-register` and `txn-list-append`. */
export const txnProtocol = {
  txn: rpc({ txn: array(microOp) }, { txn: array(microOp) }),
};

/** What the nodes of a database answer. */
export type TxnProtocol = ProtocolOf<typeof txnProtocol>;
