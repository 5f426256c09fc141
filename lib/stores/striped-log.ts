import type { Json } from "../maelstrom.ts";
import { placeOf } from "./logs.ts";
import type { Entry } from "../protocols.ts";

/**
 * One node's copy of a log that several nodes append to without asking each other.
 *
 * Node i of n gives out the offsets i, i + n, i + 2n, ... and none below one it has heard
 * of, so no offset is given twice and the stripes keep pace. With its entries a node sends
 * a promise: the lowest offset it may still give out. Below the lowest promise of all nodes
 * nothing can ever appear: this is the high watermark up to which a log is shown. So a
 * reader who goes forward misses nothing, although the offsets have gaps.
 *
 * Entries and promises of another node must arrive together and in order.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { StripedLog } from "./striped-log.ts";
 *
 * const [here, there] = [new StripedLog(0, 2), new StripedLog(1, 2)];
 * const entries = [here.append("a"), here.append("b")];
 * assertEquals(entries, [[0, "a"], [2, "b"]]);
 * assertEquals(here.from(0), [[0, "a"]]); // node 1 might still give out offset 1
 * there.receive(0, entries, here.promise);
 * assertEquals(there.from(0), entries); // and now will not
 * here.receive(1, [], there.promise);
 * assertEquals(here.from(0), entries);
 * ```
 */
export class StripedLog {
  readonly #node: number;
  /** By node: the lowest offset it may still give out, as far as this node knows. */
  readonly #promises: number[];
  /** Entries below the watermark, in the order of their offsets. */
  readonly #shown: Entry[] = [];
  /** Those at and above it. */
  readonly #hidden = new Map<number, Entry>();
  #watermark = 0;
  #next: number;
  #isSettled: boolean;

  constructor(
    /** The number of the node whose copy this is, 0 .. `nodes` - 1. */
    node: number,
    /** How many nodes append. */
    nodes: number,
    /** Whether all that this node has ever given out is here; else it promises nothing until {@link settle}. */
    isSettled = true,
  ) {
    this.#isSettled = isSettled;
    this.#node = node;
    this.#promises = Array.from({ length: nodes }, (_, i) => i);
    this.#next = node;
  }

  /** The offset that this node gives out next. */
  get next(): number {
    return this.#next;
  }

  /** The lowest offset at which an entry of this node may still appear. */
  get promise(): number {
    return this.#promises[this.#node]!;
  }

  /** All entries that this copy has. */
  get all(): Entry[] {
    return [...this.#shown, ...this.#hidden.values()];
  }

  /** The offset of the last entry that is shown, -1 where there is none. */
  get last(): number {
    return this.#shown.at(-1)?.[0] ?? -1;
  }

  /** Adds a message of this node's own. */
  append(msg: Json): Entry {
    const entry: Entry = [this.#next, msg];
    this.#hidden.set(entry[0], entry);
    this.raise(this.#next + 1);
    return entry;
  }

  /** This node will give out nothing below an offset. */
  raise(offset: number): void {
    const stripe = this.#promises.length;
    const behind = Math.ceil((offset - this.#next) / stripe);
    if (behind > 0) this.#next += behind * stripe;
    if (this.#isSettled) this.#promises[this.#node] = this.#next;
    this.#show();
  }

  /** All that this node had given out in earlier lives, and told, is here now. */
  settle(): void {
    this.#isSettled = true;
    this.raise(0);
  }

  /**
   * Takes another node's entries, all that it has given out below its promise since it was
   * last heard. It may know others as well: of this node's own, from an earlier life, too.
   *
   * @returns entries of this node's own that were not known
   */
  receive(from: number, entries: readonly Entry[], promise: number): Entry[] {
    const stripe = this.#promises.length;
    // What is below the watermark, all have had.
    const news = entries.filter(([offset]) =>
      offset >= this.#watermark && !this.#hidden.has(offset)
    );
    for (const entry of news) this.#hidden.set(entry[0], entry);
    this.#promises[from] = Math.max(promise, this.#promises[from]!);
    // Give out nothing below what others have: stripes keep pace.
    const highest = Math.max(promise - stripe, ...news.map(([at]) => at));
    this.raise(highest);
    return news.filter(([offset]) => offset % stripe === this.#node);
  }

  /** The entries from an offset on, as far as they are shown. */
  from(offset: number): Entry[] {
    return this.#shown.slice(placeOf(this.#shown, offset));
  }

  /** Shows what the watermark has passed. */
  #show(): void {
    const watermark = Math.min(...this.#promises);
    if (watermark === this.#watermark) return;
    this.#watermark = watermark;
    const ready = this.#hidden.values()
      .filter(([offset]) => offset < watermark).toArray();
    for (const [offset] of ready) this.#hidden.delete(offset);
    this.#shown.push(...ready.sort(([a], [b]) => a - b));
  }
}
