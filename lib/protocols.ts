/**
 * The protocols of Maelstrom's workloads, and the schemas for a program's own messages, so that a
 * program can import its whole protocol from here.
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

/** The protocol of `unique-ids`. */
export const uniqueIdsProtocol = { generate: rpc({}, { id: string }) };

/** The protocol of `broadcast`; values are integers. */
export const broadcastProtocol = {
  broadcast: rpc({ message: integer }, {}),
  read: rpc({}, { messages: array(integer) }),
  topology: rpc({ topology: dict(array(string)) }, {}),
};

/** The protocol of `g-counter` and `pn-counter`. */
export const counterProtocol = {
  add: rpc({ delta: integer }, {}),
  read: rpc({}, { value: integer }),
};

/** The schema of {@link Entry}. */
export const entry = tuple(natural, json);

/** A message in a log, with its offset. */
export type Entry = TypeOf<typeof entry>;

/** The schema of {@link Offsets}. */
export const offsets = dict(natural);

/** Offsets by key. */
export type Offsets = TypeOf<typeof offsets>;

/** The schema of {@link Entries}. */
export const entries = dict(array(entry));

/** Messages by key, in the order of their offsets. */
export type Entries = TypeOf<typeof entries>;

/** The protocol of `kafka`. */
export const kafkaProtocol = {
  send: rpc({ key: string, msg: json }, { offset: natural }),
  /** The messages from these offsets on; keys that have none are left out. */
  poll: rpc({ offsets }, { msgs: entries }),
  commit_offsets: rpc({ offsets }, {}),
  /** Keys that were never committed are left out. */
  list_committed_offsets: rpc({ keys: array(string) }, { offsets }),
};

/** The protocol of `kafka`, as a type. */
export type KafkaProtocol = ProtocolOf<typeof kafkaProtocol>;

/** The schema of {@link Key}. */
export const key: Schema<Integer | string> = either(number, string);

/** The key of a value in a database or a register. */
export type Key = TypeOf<typeof key>;

/** The protocol of `lin-kv`. */
export const registerProtocol = {
  read: rpc({ key }, { value: json }),
  write: rpc({ key, value: json }, {}),
  cas: rpc({ key, from: json, to: json }, {}),
};

/** The protocol of `lin-kv`, as a type. */
export type RegisterProtocol = ProtocolOf<typeof registerProtocol>;

const microOp = tuple(oneOf("r", "w", "append"), key, json);

/** One step of a transaction: read (null in a request, the value in a reply), write, or append to a list. */
export type MicroOp = TypeOf<typeof microOp>;

/** The protocol of `txn-rw-register` and `txn-list-append`. */
export const txnProtocol = {
  txn: rpc({ txn: array(microOp) }, { txn: array(microOp) }),
};

/** The protocol of transactions, as a type. */
export type TxnProtocol = ProtocolOf<typeof txnProtocol>;
