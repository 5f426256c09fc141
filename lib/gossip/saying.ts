/**
 * What two nodes say to each other in a conversation (lib/gossip/conversation.ts).
 *
 * @module
 */
import type { Json } from "../maelstrom.ts";
import {
  array,
  natural,
  object,
  oneOf,
  type Optional,
  optional,
  type Schema,
} from "../schema.ts";

/** How a conversation begins: said with every message until the peer has answered. */
export type Hello = {
  /** The life that speaks. */
  me: number;
  /** The life that is spoken to, if the sender knows of one. */
  you?: number;
  /** What to add to acknowledgements. */
  tag: number;
  /** How many items the sender owed when it said this, if any. */
  owes?: number;
  /** The receiver has had an earlier life, and is owed all that the sender knows. */
  back?: true;
};

/**
 * One message of a conversation. Names are letters since messages are short: with words for
 * names, broadcast would send more of names than of values.
 */
export interface Saying<T extends Json> {
  /** How many items came before these. */
  n: number;
  /** The values: some items, in the order of their numbers. */
  v: T[];
  /** The acknowledgement: the receiver's tag, and how many of its items have arrived without a gap. */
  a?: number;
  /** For how many milliseconds that was held back, if it answers one message, and that for the first time. */
  h?: number;
  /** The sender has missed items or answers: it wants to hear of all it lacks, at once. */
  lost?: true;
  /** The greeting, until the other side has answered. */
  hello?: Hello;
}

const hello: Schema<Hello> = object({
  me: natural,
  you: optional(natural),
  tag: natural,
  owes: optional(natural),
  back: optional(oneOf(true)),
});

/** What a {@link Saying} is at run time. */
export function saying<T>(item: Schema<T>): {
  n: Schema<number>;
  v: Schema<T[]>;
  a: Optional<number>;
  h: Optional<number>;
  lost: Optional<true>;
  hello: Optional<Hello>;
} {
  return {
    n: natural,
    v: array(item),
    a: optional(natural),
    h: optional(natural),
    lost: optional(oneOf(true)),
    hello: optional(hello),
  };
}
