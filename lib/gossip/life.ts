/**
 * The lives of a node. A process that is killed and started again has the same name but none of its
 * memory, and Maelstrom's `init` does not tell it which life it is in. So every life takes a stamp,
 * its epoch, and tells it to the nodes that it meets.
 *
 * Later lives have higher stamps, since they begin later by the clock. If the clock was set back
 * between two lives, a peer tells the new life that it knows a higher stamp, and the life takes a
 * new stamp above it.
 *
 * A life asks its peers for what it may have known as soon as it receives a message, and otherwise
 * 5 s after its start. What no running node knows any more is lost, so nodes that are restarted one
 * after the other need that time each.
 *
 * @module
 */
import type { Node } from "../maelstrom.ts";
import type { Stop } from "../node/world.ts";

/** How many stamps there are per millisecond, in which two lives may begin. */
const PER_MS = 100;

/**
 * How far above a known stamp a life may take its own, a second's worth: two lives in a row may
 * hear of the same known stamp, and must not take equal ones.
 */
const ABOVE = 1_000 * PER_MS;

/** How long tasks of a starting node wait at most for what its peers know, in ms; clients wait for 5 s. */
const CATCH_UP_MS = 1_000;

/** How another node's life relates to the lives of that node known before. */
export type Meeting = "first" | "known" | "next" | "over";

/** The present life of a node, and those of other nodes, as far as it has heard them. */
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

  /** Its epoch: higher than those of the node's earlier lives, as far as any node it has heard knows. */
  get stamp(): number {
    return this.#stamp;
  }

  /** A name for what belongs to this life of a node and to no other, such as `n1@mfx3k2a`. */
  nameOf(id: string): string {
    return `${id}@${this.#stamp.toString(36)}`;
  }

  /** Calls a task when the life gets a new stamp. */
  onRaise(task: () => void): void {
    this.#onRaise.push(task);
  }

  /** A peer knows a life of this node with this stamp; if it is higher, this life takes a stamp above it. */
  raise(known: number): void {
    if (known <= this.#stamp) return;
    this.#stamp = known + 1 + Math.floor(this.#node.random() * ABOVE);
    for (const task of this.#onRaise) task();
  }

  /**
   * A life of another node has been heard: the first one, the known one, the next one, or one that
   * is over, since a later one is known. A next one is logged, once.
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

  /** The stamp of another node's latest life; 0 if none has been heard. */
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
 * Lets the tasks of a starting node wait for what it may have known in an earlier life. They wait
 * for a second at most, counted from the first task: peers may be cut off, or there was no earlier
 * life.
 */
export class CatchUp {
  readonly #over = Promise.withResolvers<void>();
  readonly #node: Waiter;
  readonly #isBack: () => boolean;
  #stop: Stop | null = null;
  #isOver = false;

  /** @param isBack whether everything that is waited for has come */
  constructor(node: Waiter, isBack: () => boolean) {
    this.#node = node;
    this.#isBack = isBack;
  }

  /** Checks whether everything has come; to be called whenever something has. */
  look(): void {
    if (!this.#isOver && this.#isBack()) this.#end();
  }

  /** Runs a task now, or as soon as there is nothing more to wait for. */
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
