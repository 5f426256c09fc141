/**
 * The messages of replicas while they have a leader, and while a node recovers its memory.
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

/**
 * What every message begins with: the latest life of each node that the sender knows of, and the
 * sender's epoch.
 */
export const header = { lives: array(natural), epoch: natural };

const append = object({
  ...header,
  round: natural,
  /** The entries follow this one, which is of that epoch. */
  after: natural,
  afterEpoch: natural,
  entries: array(entry),
  commit: natural,
  /** The round trip to a majority, in milliseconds. */
  trip: natural,
  /** Replaces entries that the leader no longer has. */
  base: optional(base),
  /** The receiver's reads up to this number may be answered when it has applied the entries up to this one. */
  read: optional(tuple(natural, natural)),
});

const ack = object({
  ...header,
  round: natural,
  /**
   * Up to which entry the leader's log has arrived, and whether entries before the last message's
   * were missing.
   */
  match: natural,
  gap: boolean,
  /** The commands of the node's clients, and the number of their last read. */
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
    /** Wakes a node that has not received a message yet. */
    hello: message({}),
    /** From the leader: entries, and how much is committed. */
    append: message(append),
    /** The answer to it. */
    ack: message(ack),
    /** From a node that has lost its memory. */
    recover: message(header),
    /** The answer: what another node knows. */
    known: message(known),
  }),
};

/** What nodes and their clients say. */
export type ReplicaProtocol = ProtocolOf<typeof replicaProtocol>;

const anyMessage = object(header);

/** The header of every message. */
export type Header = TypeOf<typeof anyMessage>;

/** From the leader: entries that follow another, and how much is committed. */
export type Append = TypeOf<typeof append>;

/** From a follower: how much of the leader's log it has. */
export type Ack = TypeOf<typeof ack>;

/** To a node that has lost its memory: what another one knows. */
export type Known = TypeOf<typeof known>;
