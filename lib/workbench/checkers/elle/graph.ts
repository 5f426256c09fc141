/**
 * Dependency graphs between transactions, after Adya ("Weak Consistency", 1999)
 * and Kingsbury and Alvaro ("Elle", VLDB 2020). A vertex is a transaction, here a
 * number; an edge says that one transaction precedes another, and why.
 */
import type { Json } from "../../history/json.ts";
import { type Components, componentsOf, type Edges } from "./components.ts";

/**
 * Why one transaction precedes another:
 * - `ww`: it wrote the version just before one that the other wrote;
 * - `wr`: it wrote a version that the other read;
 * - `rw`: it read the version just before one that the other wrote;
 * - `process`: one process did both, this one first;
 * - `realtime`: it had ended when the other began.
 */
export type EdgeKind = "ww" | "wr" | "rw" | "process" | "realtime";

/** One reason for an edge. */
export interface Dependency {
  kind: EdgeKind;
  /** The object concerned; none for `process` and `realtime`. */
  key?: Json;
  /** The version that the first transaction wrote or read. */
  value?: Json;
  /** For `ww` and `rw`: the version that the second one wrote. */
  next?: Json;
}

/** The order in which reasons are preferred where an edge has several. */
const PRECEDENCE: readonly EdgeKind[] = [
  "ww",
  "wr",
  "rw",
  "process",
  "realtime",
];

/**
 * A graph of transactions 0 .. size - 1.
 *
 * Most graphs have a hundred thousand edges, no cycle, and nobody asks for their reasons. So
 * links are kept in columns, in the order in which they were added, and are put together only
 * for those who ask.
 */
export class DependencyGraph {
  readonly size: number;
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #kinds: EdgeKind[] = [];
  readonly #keys: (Json | undefined)[] = [];
  readonly #values: (Json | undefined)[] = [];
  readonly #nexts: (Json | undefined)[] = [];
  /** The links by vertex, in their order; null when there are new ones. */
  #index: Edges & { links: Int32Array } | null = null;
  readonly #rank: ReadonlyMap<EdgeKind, number>;

  /**
   * @param size the number of transactions
   * @param precedence which kind explains an edge that has several: the first of
   * this list. It decides what a cycle through that edge is called.
   */
  constructor(size: number, precedence: readonly EdgeKind[] = PRECEDENCE) {
    this.size = size;
    this.#rank = new Map(precedence.map((kind, i) => [kind, i]));
  }

  /** Adds a reason for `from` to precede `to`; the first reason of each kind counts. */
  link(
    from: number,
    to: number,
    { kind, key, value, next }: Dependency,
  ): void {
    this.#index = null;
    this.#from.push(from);
    this.#to.push(to);
    this.#kinds.push(kind);
    this.#keys.push(key);
    this.#values.push(value);
    this.#nexts.push(next);
  }

  /** Whether no two transactions are linked. */
  get isEmpty(): boolean {
    return this.#from.length === 0;
  }

  /** Whom this transaction immediately precedes, and why: the preferred reason first. */
  successors(from: number): Map<number, Dependency[]> {
    const { starts, targets, links } = this.#indexed();
    const found = new Map<number, Dependency[]>();
    for (let at = starts[from]!; at < starts[from + 1]!; at++) {
      const to = targets[at]!, kind = this.#kinds[links[at]!]!;
      const known = found.get(to);
      if (known === undefined) found.set(to, [this.#reason(links[at]!)]);
      else if (!known.some((reason) => reason.kind === kind)) {
        known.push(this.#reason(links[at]!));
      }
    }
    for (const reasons of found.values()) {
      reasons.sort((a, b) => this.#rank.get(a.kind)! - this.#rank.get(b.kind)!);
    }
    return found;
  }

  /** Whom this transaction immediately precedes; one that it precedes for several reasons may come several times. */
  targets(from: number): Int32Array {
    const { starts, targets } = this.#indexed();
    return targets.subarray(starts[from]!, starts[from + 1]!);
  }

  /** Whom this transaction immediately precedes for a reason of this kind. */
  targetsBy(kind: EdgeKind, from: number): Set<number> {
    const { starts, targets, links } = this.#indexed();
    const found = new Set<number>();
    for (let at = starts[from]!; at < starts[from + 1]!; at++) {
      if (this.#kinds[links[at]!] === kind) found.add(targets[at]!);
    }
    return found;
  }

  /** Why `from` precedes `to`, the preferred reason first; empty if nothing says so. */
  dependencies(from: number, to: number): readonly Dependency[] {
    return this.successors(from).get(to) ?? [];
  }

  /** The strongly connected components. */
  components(): Components {
    return componentsOf(this.#indexed());
  }

  #reason(link: number): Dependency {
    const kind = this.#kinds[link]!;
    const key = this.#keys[link], value = this.#values[link];
    const next = this.#nexts[link];
    return {
      kind,
      ...(key !== undefined && { key }),
      ...(value !== undefined && { value }),
      ...(next !== undefined && { next }),
    };
  }

  #indexed(): Edges & { links: Int32Array } {
    if (this.#index !== null) return this.#index;
    const from = this.#from, to = this.#to;
    const starts = new Int32Array(this.size + 1);
    for (let i = 0; i < from.length; i++) starts[from[i]! + 1]!++;
    for (let v = 0; v < this.size; v++) starts[v + 1]! += starts[v]!;
    const free = starts.slice();
    const links = new Int32Array(from.length);
    const targets = new Int32Array(from.length);
    for (let i = 0; i < from.length; i++) {
      const at = free[from[i]!]!++;
      links[at] = i;
      targets[at] = to[i]!;
    }
    return this.#index = { starts, targets, links };
  }
}
