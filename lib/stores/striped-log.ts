import type { Json } from "../maelstrom.ts";
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
  /** Entries at and above it, in no order. */
  #hidden: Entry[] = [];
  #watermark = 0;

  constructor(
    /** The number of the node whose copy this is, 0 .. `nodes` - 1. */
    node: number,
    /** How many nodes append. */
    nodes: number,
  ) {
    this.#node = node;
    this.#promises = Array.from({ length: nodes }, (_, i) => i);
  }

  /** The lowest offset that this node may still give out. */
  get promise(): number {
    return this.#promises[this.#node]!;
  }

  /** The offset of the last entry that is shown, -1 where there is none. */
  get last(): number {
    return this.#shown.at(-1)?.[0] ?? -1;
  }

  /** Adds a message of this node's own. */
  append(msg: Json): Entry {
    const entry: Entry = [this.promise, msg];
    this.#hidden.push(entry);
    this.#promises[this.#node]! += this.#promises.length;
    this.#show();
    return entry;
  }

  /**
   * Takes another node's entries, all that it has given out below its promise since it was
   * last heard.
   */
  receive(from: number, entries: readonly Entry[], promise: number): void {
    this.#hidden.push(...entries);
    this.#promises[from] = promise;
    // Its last entry lies a stripe below its promise: give out nothing below that.
    const stripe = this.#promises.length;
    const behind = promise - stripe - this.promise;
    if (behind > 0) {
      this.#promises[this.#node]! += Math.ceil(behind / stripe) * stripe;
    }
    this.#show();
  }

  /** The entries from an offset on, as far as they are shown. */
  from(offset: number): Entry[] {
    let low = 0, high = this.#shown.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#shown[middle]![0] < offset) low = middle + 1;
      else high = middle;
    }
    return this.#shown.slice(low);
  }

  /** Shows what the watermark has passed. */
  #show(): void {
    const watermark = Math.min(...this.#promises);
    if (watermark === this.#watermark) return;
    this.#watermark = watermark;
    const ready = this.#hidden.filter(([offset]) => offset < watermark);
    if (ready.length === 0) return;
    this.#hidden = this.#hidden.filter(([offset]) => offset >= watermark);
    this.#shown.push(...ready.sort(([a], [b]) => a - b));
  }
}
