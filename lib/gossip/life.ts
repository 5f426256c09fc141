/**
 * The lives of a node. A process that is killed and started again has the same name and
 * none of its memory; Maelstrom's `init` does not distinguish it from the first. So every
 * life takes a stamp, its epoch, and tells it to the nodes it meets.
 *
 * Later lives have higher stamps, since they begin later by the clock. If a clock was set
 * back between two lives, a peer says that it knows a later one, and the life takes a new
 * stamp above that.
 *
 * A life asks its peers what it may have known as soon as it is spoken to, and 5 s after its start
 * otherwise. What nobody is left to tell is lost: of nodes that are restarted one after the other,
 * each needs that time.
 *
 * @module
 */
import type { Node } from "../maelstrom.ts";
import type { Stop } from "../node/world.ts";

/** How many stamps a millisecond has: two lives may begin in the same one. */
const PER_MS = 100;

/**
 * How far above a known stamp a life may take its own, a second's worth: two lives in a row may
 * hear of the same one, and must not take one stamp.
 */
const ABOVE = 1_000 * PER_MS;

/** How long tasks wait at most for what a starting node's peers know, in ms: clients wait for 5 s. */
const CATCH_UP_MS = 1_000;

/** How another node's life relates to those that have spoken before. */
export type Meeting = "first" | "known" | "next" | "over";

/** The life of a node that is running, and those of the others, as far as they have spoken to it. */
export class Life {
  #stamp: number;
  readonly #onRaise: (() => void)[] = [];
  readonly #others = new Map<string, number>();
  readonly #node: Pick<Node<Record<never, never>>, "random" | "log">;

  /** A new life, stamped by the node's clock. */
  constructor(
    node: Pick<Node<Record<never, never>>, "now" | "random" | "log">,
  ) {
    this.#node = node;
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

  /** Calls a task when the life gets a new stamp. */
  onRaise(task: () => void): void {
    this.#onRaise.push(task);
  }

  /** A peer knows a life of this node with this stamp. If it is a later one, this life is stamped above it. */
  raise(known: number): void {
    if (known <= this.#stamp) return;
    this.#stamp = known + 1 + Math.floor(this.#node.random() * ABOVE);
    for (const task of this.#onRaise) task();
  }

  /**
   * Another node's life has spoken: its first, the known one, the next one, or one that is
   * over, since a later one is known. A next one is logged, once.
   */
  meet(id: string, stamp: number): Meeting {
    const latest = this.latest(id);
    if (stamp < latest) return "over";
    if (stamp === latest) return "known";
    this.#others.set(id, stamp);
    if (latest === 0) return "first";
    this.#node.log(`${id} has started again, without its memory`);
    return "next";
  }

  /** The latest life of another node; 0 if none has spoken. */
  latest(id: string): number {
    return this.#others.get(id) ?? 0;
  }
}

/** The node whose life has this name. */
export function nodeOf(name: string): string {
  return name.slice(0, name.lastIndexOf("@"));
}

/** The stamp of a node's latest life among these names; 0 if there is none. */
export function latestOf(id: string, names: Iterable<string>): number {
  let latest = 0;
  for (const name of names) {
    if (nodeOf(name) !== id) continue;
    latest = Math.max(latest, parseInt(name.slice(id.length + 1), 36));
  }
  return latest;
}

/** The part of a node that waits. */
type Waiter = Pick<Node<Record<never, never>>, "after">;

/**
 * Lets a starting node wait for what it may have known in an earlier life, for a second at
 * most from the first task on: its peers may be cut off, or there was no earlier life.
 */
export class CatchUp {
  readonly #over = Promise.withResolvers<void>();
  readonly #node: Waiter;
  readonly #isBack: () => boolean;
  #stop: Stop | null = null;
  #isOver = false;

  /** @param isBack whether everything has come that is waited for */
  constructor(node: Waiter, isBack: () => boolean) {
    this.#node = node;
    this.#isBack = isBack;
  }

  /** Something has come: checks whether that was the last. */
  look(): void {
    if (!this.#isOver && this.#isBack()) this.#end();
  }

  /** Runs a task: now, or as soon as there is nothing more to wait for. */
  run<R>(task: () => R): R | Promise<R> {
    this.look();
    if (this.#isOver) return task();
    this.#stop ??= this.#node.after(CATCH_UP_MS, () => this.#end());
    return this.#over.promise.then(task);
  }

  #end(): void {
    this.#isOver = true;
    this.#stop?.();
    this.#over.resolve();
  }
}
