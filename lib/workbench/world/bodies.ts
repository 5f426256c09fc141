/**
 * The bodies of a journal's messages, by index. When too many are in memory as objects, the oldest
 * become compressed text, which is read back page by page.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Body } from "../history/history.ts";
import {
  Float,
  type Json,
  parse,
  stringify,
  textLength,
} from "../history/json.ts";

/** A page is full when it holds this many bodies, or weighs this many bytes. */
const PAGE_BODIES = 1_024;
const PAGE_WEIGHT = 256e3;

/**
 * How many compressed pages are kept uncompressed at most after reading: messages arrive soon after
 * they are sent.
 */
const PAGES_OPEN = 8;

/** A run of consecutive bodies. */
interface Page {
  /** The index of its first body. */
  first: number;
  count: number;
  weight: number;
  bodies: (Body | null)[];
  /** The bodies as text, instead of the objects. */
  packed: Uint8Array | null;
  /** The lengths of the bodies as text, once they are compressed. */
  lengths: Uint32Array;
  /** Whether the text holds numbers that JavaScript's own parser would change. */
  isDelicate: boolean;
}

/**
 * One body in this many is weighed, and stands for all of them: weighing each would take a tenth
 * of a run's time. The number is odd because requests and replies alternate, and only one of the
 * two kinds may be large.
 */
const SAMPLE = 7;

/** Bodies by index. */
export class Bodies {
  readonly #pages: Page[] = [];
  /** Recently read compressed pages, uncompressed. */
  readonly #open = new Map<Page, (Body | string | null)[]>();
  #openWeight = 0;
  #weight = 0;
  /** How many pages are compressed, from the first on. */
  #packed = 0;
  /** The page that was read last. */
  #last = 0;

  /** @param liveWeight about how many bytes of them may be in memory as objects */
  constructor(private readonly liveWeight: number) {}

  /** Adds the next body; null for one that is not kept. */
  push(body: Body | null): void {
    const page = this.#lastPage();
    page.bodies.push(body);
    if (page.count++ % SAMPLE !== 0) return;
    const weight = SAMPLE * weightOf(body);
    page.weight += weight;
    this.#weight += weight;
    while (
      this.#weight > this.liveWeight && this.#packed < this.#pages.length - 1
    ) this.#pack(this.#pages[this.#packed++]!);
  }

  /** The body at an index; null if it is not kept. */
  get(place: number): Body | null {
    const page = this.#pageOf(place);
    const at = place - page.first;
    if (page.packed === null) return page.bodies[at] ?? null;
    const bodies = this.#opened(page, page.packed);
    const body = bodies[at] ?? null;
    if (typeof body !== "string") return body;
    const read = page.isDelicate ? parse(body) : JSON.parse(body);
    return bodies[at] = read;
  }

  /** The body at an index as JSON text, without parsing it if it is compressed; null if it is not kept. */
  textOf(place: number): string | null {
    const page = this.#pageOf(place);
    const at = place - page.first;
    const bodies = page.packed === null
      ? page.bodies
      : this.#opened(page, page.packed);
    const body = bodies[at] ?? null;
    const text = typeof body === "string" ? body : stringify(body);
    return text === "null" ? null : text;
  }

  /** The length of the body at an index as JSON text, without parsing it if it is compressed. */
  lengthOf(place: number): number {
    const page = this.#pageOf(place);
    const at = place - page.first;
    return page.packed === null
      ? textLength(page.bodies[at]!)
      : page.lengths[at]!;
  }

  /** The page to which the next body goes. */
  #lastPage(): Page {
    const last = this.#pages.at(-1);
    if (
      last !== undefined && last.count < PAGE_BODIES &&
      last.weight < PAGE_WEIGHT
    ) return last;
    const first = last === undefined ? 0 : last.first + last.count;
    this.#pages.push({
      first,
      count: 0,
      weight: 0,
      bodies: [],
      packed: null,
      lengths: NO_LENGTHS,
      isDelicate: false,
    });
    return this.#pages.at(-1)!;
  }

  #pack(page: Page): void {
    const texts = page.bodies.map((body) => stringify(body));
    page.lengths = Uint32Array.from(texts, ({ length }) => length);
    const text = texts.join("\n");
    page.isDelicate = MAY_BE_DELICATE.test(text) &&
      page.bodies.some(isDelicate);
    page.packed = new Uint8Array(deflateRawSync(text, { level: 1 }));
    page.bodies = [];
    this.#weight -= page.weight;
  }

  /** The bodies of a compressed page: texts, each of which is parsed when it is first read. */
  #opened(page: Page, packed: Uint8Array): (Body | string | null)[] {
    const known = this.#open.get(page);
    if (known !== undefined) return known;
    const bodies: (Body | string | null)[] = inflateRawSync(packed).toString()
      .split("\n");
    this.#open.set(page, bodies);
    this.#openWeight += page.weight;
    for (const oldest of this.#open.keys()) {
      const isMuch = this.#open.size > PAGES_OPEN ||
        this.#openWeight > this.liveWeight;
      if (!isMuch || oldest === page) break;
      this.#open.delete(oldest);
      this.#openWeight -= oldest.weight;
    }
    return bodies;
  }

  #pageOf(place: number): Page {
    const pages = this.#pages;
    const last = pages[this.#last]!;
    if (place >= last.first && place < last.first + last.count) return last;
    let low = 0, high = pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pages[middle]!.first <= place) low = middle;
      else high = middle - 1;
    }
    this.#last = low;
    return pages[low]!;
  }
}

const NO_LENGTHS = new Uint32Array();

/** Matches every text with a number that JavaScript's own parser would change, and some others. */
const MAY_BE_DELICATE = /\d[.eE]|\d{16}/;

/** Whether a value has a number that JavaScript's own parser would change. */
function isDelicate(value: Json): boolean {
  if (typeof value !== "object" || value === null) {
    return typeof value === "bigint";
  }
  if (value instanceof Float) return true;
  if (Array.isArray(value)) return value.some(isDelicate);
  return Object.values(value).some(isDelicate);
}

/** About how many bytes a value takes as an object. */
function weightOf(value: unknown): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 8;
  let weight = 40;
  if (Array.isArray(value)) {
    if (typeof value[0] === "number") return weight + 8 * value.length;
    for (const element of value) weight += 8 + weightOf(element);
  } else {
    for (const field of Object.values(value)) weight += 8 + weightOf(field);
  }
  return weight;
}
