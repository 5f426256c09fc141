/**
 * Dependency graphs between transactions, after Adya ("Weak Consistency", 1999)
 * and Kingsbury and Alvaro ("Elle", VLDB 2020). A vertex is a transaction, here a
 * number; an edge says that one transaction precedes another, and why.
 */
import type { Json } from "../../history/json.ts";
import { Column, grouped } from "./columns.ts";
import { type Components, componentsOf } from "./components.ts";
import { NONE, Versions } from "./steps.ts";

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

/** Kinds of edges as bits. */
export const BIT = { ww: 1, wr: 2, rw: 4, process: 8, realtime: 16 } as const;

const KINDS = Object.keys(BIT) as EdgeKind[];

/** What graphs of one workload have in common. */
export interface GraphOptions {
  /** The keys and versions that edges are about. */
  versions?: Versions;
  /** What the version before all writes is called in results. */
  initial?: Json;
  /**
   * Which kind explains an edge that has several: the first of this list. It decides what a
   * cycle through that edge is called.
   */
  precedence?: readonly EdgeKind[];
}

/** A graph's edges in columns, those that leave one vertex beside each other, in the order in which they were linked. */
export interface EdgeColumns {
  /** The edges that leave vertex v are those from `starts[v]` to before `starts[v + 1]`. */
  starts: Int32Array;
  targets: Int32Array;
  /** {@link BIT} of its kind. */
  kinds: Int32Array;
  /** The place of each in the order in which all were linked. */
  links: Int32Array;
}

/**
 * A graph of transactions 0 .. size - 1.
 *
 * Most graphs have a hundred thousand edges, no cycle, and nobody asks for their reasons. So
 * edges are numbers in columns; reasons are made for those who ask.
 */
export class DependencyGraph {
  readonly size: number;
  readonly versions: Versions;
  readonly #initial: Json;
  readonly #precedence: readonly EdgeKind[];
  #hasSelf = false;
  readonly #from = new Column();
  readonly #to = new Column();
  readonly #kinds = new Column();
  readonly #keys = new Column();
  readonly #values = new Column();
  readonly #nexts = new Column();
  /** Null when there are new edges. */
  #columns: EdgeColumns | null = null;
  #components: Components | null = null;

  /** @param size the number of transactions */
  constructor(
    size: number,
    { versions = new Versions(), initial = null, precedence = KINDS }:
      GraphOptions = {},
  ) {
    this.size = size;
    this.versions = versions;
    this.#initial = initial;
    this.#precedence = precedence;
  }

  /**
   * Adds a reason for `from` to precede `to`; the first reason of each kind counts.
   *
   * @param kind its {@link BIT}
   * @param key the number of the object concerned; none for `process` and `realtime`
   * @param version the number of the version that the first transaction wrote or read
   * @param next for `ww` and `rw`: of the one that the second wrote
   */
  link(
    from: number,
    to: number,
    kind: number,
    key = NONE,
    version = NONE,
    next = NONE,
  ): void {
    this.#columns = this.#components = null;
    this.#from.push(from);
    this.#to.push(to);
    this.#kinds.push(kind);
    this.#keys.push(key);
    this.#values.push(version);
    this.#nexts.push(next);
  }

  /** Notes that a transaction comes before itself: Elle's graph has it, without the edge. */
  noteSelf(): void {
    this.#hasSelf = true;
  }

  /** Whether no transaction is linked, not even to itself. */
  get isEmpty(): boolean {
    return this.#from.length === 0 && !this.#hasSelf;
  }

  /** Whom a transaction immediately precedes, with the {@link BIT}s of all kinds of edges to each. */
  kinds(from: number): Map<number, number> {
    const { starts, targets, kinds } = this.edges();
    const found = new Map<number, number>();
    for (let at = starts[from]!; at < starts[from + 1]!; at++) {
      const to = targets[at]!;
      found.set(to, (found.get(to) ?? 0) | kinds[at]!);
    }
    return found;
  }

  /** What explains an edge of these kinds. */
  preferred(kinds: number): EdgeKind {
    return this.#precedence.find((kind) => kinds & BIT[kind])!;
  }

  /** Whom this transaction immediately precedes, and why: the preferred reason first. */
  successors(from: number): Map<number, Dependency[]> {
    const { starts, targets, links } = this.edges();
    const found = new Map<number, Dependency[]>();
    for (let at = starts[from]!; at < starts[from + 1]!; at++) {
      const reasons = found.get(targets[at]!) ?? [];
      const reason = this.#reason(links[at]!);
      found.set(targets[at]!, reasons);
      if (!reasons.some(({ kind }) => kind === reason.kind)) {
        reasons.push(reason);
      }
    }
    const rank = (kind: EdgeKind) => this.#precedence.indexOf(kind);
    for (const reasons of found.values()) {
      reasons.sort((a, b) => rank(a.kind) - rank(b.kind));
    }
    return found;
  }

  /** Why `from` precedes `to`, the preferred reason first; empty if nothing says so. */
  dependencies(from: number, to: number): readonly Dependency[] {
    return this.successors(from).get(to) ?? [];
  }

  /** The strongly connected components. */
  components(): Components {
    return this.#components ??= componentsOf(this.edges());
  }

  /** All edges. */
  edges(): EdgeColumns {
    if (this.#columns !== null) return this.#columns;
    const { starts, members: links } = grouped(this.#from.values, this.size);
    const to = this.#to.values, all = this.#kinds.values;
    const targets = new Int32Array(links.length);
    const kinds = new Int32Array(links.length);
    for (let at = 0; at < links.length; at++) {
      targets[at] = to[links[at]!]!;
      kinds[at] = all[links[at]!]!;
    }
    return this.#columns = { starts, targets, kinds, links };
  }

  #reason(link: number): Dependency {
    const bit = this.#kinds.at(link), key = this.#keys.at(link);
    const kind = KINDS.find((kind) => BIT[kind] === bit)!;
    if (key === NONE) return { kind };
    const { keys, values } = this.versions;
    const named = (version: number) =>
      version === NONE ? this.#initial : values[version]!;
    const reason = {
      kind,
      key: keys[key]!,
      value: named(this.#values.at(link)),
    };
    return kind === "wr"
      ? reason
      : { ...reason, next: named(this.#nexts.at(link)) };
  }
}
