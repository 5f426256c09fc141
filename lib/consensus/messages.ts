/**
 * What replicas say to each other while they have a leader, and while a node recovers its
 * memory.
 *
 * @module
 */
import type { ProtocolOf } from "../maelstrom.ts";
import {
  amongNodes,
  array,
  boolean,
  message,
  natural,
  object,
  optional,
  registerProtocol,
  tuple,
  type TypeOf,
} from "../protocols.ts";
import { base, entry, logState } from "./log.ts";
import { command } from "./registers.ts";

/** What every message begins with: the life of each node that the sender knows of, and its epoch. */
export const header = { lives: array(natural), epoch: natural };

const append = object({
  ...header,
  round: natural,
  /** Entries that follow on this one. */
  after: natural,
  afterEpoch: natural,
  entries: array(entry),
  commit: natural,
  /** The round trip to a majority, in milliseconds. */
  trip: natural,
  /** Instead of entries that the leader no longer has. */
  base: optional(base),
  /** Reads up to this one may be answered from what is committed up to there. */
  read: optional(tuple(natural, natural)),
});

const ack = object({
  ...header,
  round: natural,
  /** How much of the leader's log has arrived, and whether entries were missing before these. */
  match: natural,
  gap: boolean,
  /** What the node's clients ask, and the last of their reads. */
  commands: array(command),
  read: natural,
});

const known = object({
  ...header,
  leads: boolean,
  log: optional(logState),
  commit: natural,
});

/** What nodes and their clients say. */
export const replicaProtocol = {
  ...registerProtocol,
  ...amongNodes({
    /** Wakes a node that no client has spoken to. */
    hello: message({}),
    /** The leader's word. */
    append: message(append),
    /** The answer. */
    ack: message(ack),
    /** A node has lost its memory. */
    recover: message(header),
    /** What another one knows. */
    known: message(known),
  }),
};

/** What nodes and their clients say. */
export type ReplicaProtocol = ProtocolOf<typeof replicaProtocol>;

const anyMessage = object(header);

/** The header of every message. */
export type Header = TypeOf<typeof anyMessage>;

/** The leader's word: entries that follow on another, and how much is committed. */
export type Append = TypeOf<typeof append>;

/** The answer: how much of the leader's log is there. */
export type Ack = TypeOf<typeof ack>;

/** What a node knows, for one that has lost its memory. */
export type Known = TypeOf<typeof known>;
