/**
 * The lives of a node. A process that is killed and started again has the same name and
 * none of its memory; Maelstrom's `init` does not tell it apart from the first. So every
 * life takes a stamp, its epoch, and says it to whom it meets.
 *
 * Later lives have higher stamps, since they begin later by the clock. Where a clock was
 * set back between two lives, a peer says that it knows a later one, and the life is
 * stamped anew, above that.
 *
 * @module
 */
import type { Node } from "../maelstrom.ts";

/** How many stamps a millisecond has: two lives may begin in the same. */
const PER_MS = 100;

/** How long a node that starts waits at most for what its peers know, in ms: clients wait for 5 s. */
const CATCH_UP_MS = 1_000;

/** The life of a node that is running. */
export class Life {
  #stamp: number;
  readonly #onRaise: (() => void)[] = [];

  constructor(node: Pick<Node<Record<never, never>>, "now" | "random">) {
    const ms = Math.floor(node.now());
    this.#stamp = 1 + ms * PER_MS + Math.floor(node.random() * PER_MS);
  }

  /** Its epoch: higher than those of the node's earlier lives, as far as anybody knows. */
  get stamp(): number {
    return this.#stamp;
  }

  /** A name for what belongs to this life of a node and to no other: `n1@mfx3k2a`. */
  nameOf(id: string): string {
    return `${id}@${this.#stamp.toString(36)}`;
  }

  /** Calls a task when the life has got a new stamp. */
  onRaise(task: () => void): void {
    this.#onRaise.push(task);
  }

  /** A peer knows a life of this node with this stamp. If it is a later one, this life is stamped above it. */
  raise(known: number): void {
    if (known <= this.#stamp) return;
    this.#stamp = known + 1;
    for (const task of this.#onRaise) task();
  }
}

/** The node whose life has this name. */
export function nodeOf(name: string): string {
  return name.slice(0, name.lastIndexOf("@"));
}

/** The lives of other nodes, as far as they are known here. */
export class OtherLives {
  readonly #latest = new Map<string, number>();

  /** A message of a life has come. Tells whether that is over, since a later one is known. */
  isOver(id: string, stamp: number): boolean {
    const latest = this.latest(id);
    if (stamp > latest) this.#latest.set(id, stamp);
    return stamp < latest;
  }

  /** The latest life of a node; 0 if none is known. */
  latest(id: string): number {
    return this.#latest.get(id) ?? 0;
  }
}

/** The part of a node that waits. */
type Waiter = Pick<Node<Record<never, never>>, "after">;

/**
 * What a node waits for before it answers, since it may have known more in an earlier
 * life; but for a second at most, since its peers may be cut off, or there was no earlier life.
 */
export class CatchUp {
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;

  constructor(node: Waiter) {
    const stop = node.after(CATCH_UP_MS, () => this.end());
    this.#over.promise.then(stop);
  }

  /** There is nothing more to wait for. */
  end(): void {
    this.#isOver = true;
    this.#over.resolve();
  }

  /** Does a task: now, or as soon as there is nothing more to wait for. */
  run<R>(task: () => R): R | Promise<R> {
    return this.#isOver ? task() : this.#over.promise.then(task);
  }
}
