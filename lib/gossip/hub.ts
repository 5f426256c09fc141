/**
 * Which node is the hub of a star, as one node sees it: the first of these that answers.
 *
 * 1. The first of all nodes.
 * 2. A relay: a node that says it is in touch with the first.
 * 3. Each node that is before this one, in order.
 * 4. This node itself.
 *
 * Nodes need not agree. Those on one side of a partition choose the same hub, since they use the
 * same order; otherwise there are several hubs for a while, and a program stays correct if it owes
 * everything to the first node as well. The program says which nodes answer.
 *
 * @module
 */
import type { Node } from "../maelstrom.ts";
import { oneOf, type Optional, optional } from "../schema.ts";

const yes: Optional<true> = optional(oneOf(true));

/** What {@link HubMarks} are at run time. */
export const hubMarks = { follow: yes, up: yes };

/** What nodes tell each other of their hubs, in every message. */
export interface HubMarks {
  /** The sender has chosen the receiver, which is not the first node, as its hub. */
  follow?: true;
  /** The sender, which is not the first node, is in touch with the first node. */
  up?: true;
}

/** The hub that one node has chosen. */
export class Hub {
  /** The usual hub. */
  readonly first: string;
  /** The hub: this node or another. */
  id: string;
  readonly #self: string;
  /** The nodes that are before this one in order. */
  readonly #before: readonly string[];
  readonly #followers = new Set<string>();
  #relay: string | null = null;
  /** Whether a node has not answered in time. */
  readonly #isSilent: (id: string) => boolean;

  constructor(
    node: Pick<Node<Record<never, never>>, "id" | "ids">,
    isSilent: (id: string) => boolean,
  ) {
    this.#isSilent = isSilent;
    this.#self = node.id;
    this.#before = node.ids.slice(0, node.ids.indexOf(node.id));
    this.id = this.first = node.ids[0]!;
  }

  /** Whether the node is its own hub. */
  get isHere(): boolean {
    return this.id === this.#self;
  }

  /** Whether this node must tell another what it learns. */
  isNeighbour(id: string): boolean {
    return this.isHere || id === this.id || id === this.first ||
      this.#followers.has(id);
  }

  /** The marks of a message to another node. */
  marks(id: string): HubMarks {
    if (id === this.id) return id === this.first ? {} : { follow: true };
    return this.id === this.first && !this.isHere ? { up: true } : {};
  }

  /** Takes in the marks of another node's message; returns whether it has just made this node its hub. */
  hear(src: string, { follow, up }: HubMarks): boolean {
    const joins = follow === true && !this.#followers.has(src);
    if (joins) this.#followers.add(src);
    else if (!follow) this.#followers.delete(src);
    if (up && this.isHere) this.#relay = src;
    else if (!up && this.#relay === src) this.#relay = null;
    return joins;
  }

  /** Chooses the hub again; returns the old one if it has changed, else null. */
  choose(): string | null {
    const { first } = this;
    if (this.#self === first) return null;
    if (this.#relay !== null && this.#isSilent(this.#relay)) this.#relay = null;
    const best = !this.#isSilent(first)
      ? first
      : this.#relay ?? this.#before.find((id) => !this.#isSilent(id)) ??
        this.#self;
    if (best === this.id) return null;
    const old = this.id;
    this.id = best;
    if (best !== first) this.#followers.delete(best);
    return old;
  }
}
