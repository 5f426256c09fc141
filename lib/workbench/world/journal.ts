/**
 * The journal: every message sent and delivered, as Maelstrom's network checker counts
 * them. A run may have many millions of them, so they are kept in columns of numbers: 40
 * bytes a message, and its body once. When bodies become too many to lie in memory as
 * objects, the oldest turn into compressed text, which is read again page by page.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type {
  Body,
  EventHead,
  Events,
  JournalEvent,
  Json,
  JsonObject,
  Size,
} from "../history.ts";
import { Float, parse, stringify } from "../json.ts";

export type { Body };

/** A message as the journal sees it. */
interface Logged {
  /** The network's own number of the message. */
  id: number;
  src: string;
  dest: string;
  body: Body;
}

/** The events of one chapter of a run, in their order. */
export class Journal implements Events {
  #length = 0;
  #times = new Float64Array(64);
  /** By event: twice the place of its message, and 1 more if it is an arrival. */
  #marks = new Uint32Array(64);
  #messages = 0;
  #ids = new Float64Array(64);
  #srcs = new Uint32Array(64);
  #dests = new Uint32Array(64);
  /** Places of messages whose id is not their place: those of an earlier chapter, or of a real Maelstrom. */
  readonly #places = new Map<number, number>();
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #bodies: Bodies;
  /** The id of the first message: those after it count on from there, in a run of our own. */
  #firstId = 0;

  /** @param liveWeight about how many bytes of bodies may lie in memory as objects */
  constructor(liveWeight = LIVE_WEIGHT) {
    this.#bodies = new Bodies(liveWeight);
  }

  /** A journal of these events. */
  static from(events: Iterable<JournalEvent>): Journal {
    const journal = new Journal();
    for (const event of events) journal.push(event);
    return journal;
  }

  /** How many events there are. */
  get length(): number {
    return this.#length;
  }

  /** A message was sent. */
  sent(time: number, message: Logged): void {
    this.#event(time, this.#add(message) * 2);
  }

  /** A message has arrived; its body is that of its sending. */
  received(time: number, message: Logged): void {
    const place = this.#placeOf(message.id) ?? this.#add(message);
    this.#event(time, place * 2 + 1);
  }

  /** Appends an event. */
  push([kind, time, id, src, dest, body]: JournalEvent): void {
    const message = { id, src, dest, body };
    if (kind === "send") this.sent(time, message);
    else this.received(time, message);
  }

  at(index: number): JournalEvent | undefined {
    const i = index < 0 ? this.#length + index : index;
    return i >= 0 && i < this.#length ? this.#eventAt(i) : undefined;
  }

  *[Symbol.iterator](): Iterator<JournalEvent> {
    for (let i = 0; i < this.#length; i++) yield this.#eventAt(i);
  }

  /** The events between such ends, the bodies of the others left alone. */
  *among(
    wanted: (src: string, dest: string) => boolean,
  ): Generator<JournalEvent> {
    for (let i = 0; i < this.#length; i++) {
      const place = this.#marks[i]! >>> 1;
      const src = this.#names[this.#srcs[place]!]!;
      const dest = this.#names[this.#dests[place]!]!;
      if (wanted(src, dest)) yield this.#eventAt(i);
    }
  }

  /** The sizes of what was sent between such ends. */
  *sizes(
    wanted: (src: string, dest: string) => boolean,
  ): Generator<Size> {
    for (let i = 0; i < this.#length; i++) {
      const mark = this.#marks[i]!, place = mark >>> 1;
      const src = this.#names[this.#srcs[place]!]!;
      const dest = this.#names[this.#dests[place]!]!;
      if ((mark & 1) === 1 || !wanted(src, dest)) continue;
      yield { time: this.#times[i]!, ...this.#bodies.sizeOf(place) };
    }
  }

  /** The events of these messages. */
  *withIds(ids: ReadonlySet<number>): Generator<JournalEvent> {
    for (let i = 0; i < this.#length; i++) {
      if (ids.has(this.#ids[this.#marks[i]! >>> 1]!)) yield this.#eventAt(i);
    }
  }

  /** All events without their bodies. */
  *heads(): Generator<EventHead> {
    for (let i = 0; i < this.#length; i++) yield this.#headAt(i);
  }

  filter(wanted: (event: JournalEvent) => boolean): JournalEvent[] {
    const found: JournalEvent[] = [];
    for (let i = 0; i < this.#length; i++) {
      const event = this.#eventAt(i);
      if (wanted(event)) found.push(event);
    }
    return found;
  }

  find(wanted: (event: JournalEvent) => boolean): JournalEvent | undefined {
    for (let i = 0; i < this.#length; i++) {
      const event = this.#eventAt(i);
      if (wanted(event)) return event;
    }
    return undefined;
  }

  some(wanted: (event: JournalEvent) => boolean): boolean {
    return this.find(wanted) !== undefined;
  }

  map<T>(change: (event: JournalEvent) => T): T[] {
    return Array.from(this, change);
  }

  /** In JSON, a journal is an array of its events. */
  toJSON(): JournalEvent[] {
    return [...this];
  }

  #eventAt(index: number): JournalEvent {
    const mark = this.#marks[index]!;
    const place = mark >>> 1;
    return [
      (mark & 1) === 0 ? "send" : "recv",
      this.#times[index]!,
      this.#ids[place]!,
      this.#names[this.#srcs[place]!]!,
      this.#names[this.#dests[place]!]!,
      this.#bodies.get(place),
    ];
  }

  #headAt(index: number): EventHead {
    const mark = this.#marks[index]!;
    const place = mark >>> 1;
    return [
      (mark & 1) === 0 ? "send" : "recv",
      this.#times[index]!,
      this.#ids[place]!,
      this.#names[this.#srcs[place]!]!,
      this.#names[this.#dests[place]!]!,
    ];
  }

  #event(time: number, mark: number): void {
    const index = this.#length++;
    if (index === this.#times.length) {
      this.#times = doubled(this.#times, Float64Array);
      this.#marks = doubled(this.#marks, Uint32Array);
    }
    this.#times[index] = time;
    this.#marks[index] = mark;
  }

  /** Takes in a message; gives its place. */
  #add({ id, src, dest, body }: Logged): number {
    const place = this.#messages++;
    if (place === this.#ids.length) {
      this.#ids = doubled(this.#ids, Float64Array);
      this.#srcs = doubled(this.#srcs, Uint32Array);
      this.#dests = doubled(this.#dests, Uint32Array);
    }
    if (place === 0) this.#firstId = id;
    else if (id !== this.#firstId + place) this.#places.set(id, place);
    this.#ids[place] = id;
    this.#srcs[place] = this.#numberOf(src);
    this.#dests[place] = this.#numberOf(dest);
    this.#bodies.push(body);
    return place;
  }

  #placeOf(id: number): number | undefined {
    const place = id - this.#firstId;
    return this.#ids[place] === id && place < this.#messages
      ? place
      : this.#places.get(id);
  }

  #numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }
}

function doubled<Column extends Float64Array | Uint32Array>(
  column: Column,
  Kind: new (length: number) => Column,
): Column {
  const longer = new Kind(2 * column.length);
  longer.set(column);
  return longer;
}

/** About how many bytes of bodies may lie in memory as objects. */
const LIVE_WEIGHT = 64e6;

/** A page is full when it has so many bodies, or weighs so many bytes. */
const PAGE_BODIES = 1_024;
const PAGE_WEIGHT = 256e3;

/** How many pages that were compressed are kept open: messages arrive soon after they are sent. */
const PAGES_OPEN = 8;

/** Some bodies after each other. */
interface Page {
  /** The place of the first. */
  first: number;
  count: number;
  weight: number;
  bodies: Body[];
  /** The bodies as text, instead of the objects. */
  packed: Uint8Array | null;
  /** By body, twice the length of its text, and 1 more if it is a reply; once they are compressed. */
  sizes: Uint32Array;
  /** Whether the text has numbers that need to be read with care. */
  isDelicate: boolean;
}

/** One body in so many is weighed, for all of them: weighing takes a tenth of a run else. */
const SAMPLE = 8;

/** Bodies by their place: the younger ones as objects, the others as compressed text. */
class Bodies {
  readonly #pages: Page[] = [];
  /** Compressed pages that were read lately. */
  readonly #open = new Map<Page, (Body | string)[]>();
  #weight = 0;
  /** How many pages are compressed: the first ones. */
  #packed = 0;
  /** The page that was read last. */
  #last = 0;

  constructor(private readonly liveWeight: number) {}

  push(body: Body): void {
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

  get(place: number): Body {
    const page = this.#pageOf(place);
    const at = place - page.first;
    if (page.packed === null) return page.bodies[at]!;
    const bodies = this.#opened(page, page.packed);
    const body = bodies[at]!;
    if (typeof body !== "string") return body;
    const read = page.isDelicate ? parse(body) : JSON.parse(body);
    return bodies[at] = read;
  }

  /** The size of a body, which need not be read if it is compressed. */
  sizeOf(place: number): Omit<Size, "time"> {
    const page = this.#pageOf(place);
    const at = place - page.first;
    if (page.packed === null) return sizeOf(page.bodies[at]!);
    const size = page.sizes[at]!;
    return { characters: size >>> 1, isReply: (size & 1) === 1 };
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
      sizes: NO_SIZES,
      isDelicate: false,
    });
    return this.#pages.at(-1)!;
  }

  #pack(page: Page): void {
    const texts = page.bodies.map((body) => stringify(body));
    page.sizes = Uint32Array.from(
      texts,
      ({ length }, i) =>
        2 * length + Number(page.bodies[i]!.in_reply_to !== undefined),
    );
    const text = texts.join("\n");
    page.isDelicate = MAY_BE_DELICATE.test(text) &&
      page.bodies.some(isDelicate);
    page.packed = new Uint8Array(deflateRawSync(text, { level: 1 }));
    page.bodies = [];
    this.#weight -= page.weight;
  }

  /** The bodies of a compressed page: texts, until somebody reads them. */
  #opened(page: Page, packed: Uint8Array): (Body | string)[] {
    const known = this.#open.get(page);
    if (known !== undefined) return known;
    const bodies = inflateRawSync(packed).toString().split("\n");
    this.#open.set(page, bodies);
    const [oldest] = this.#open.keys();
    if (this.#open.size > PAGES_OPEN) this.#open.delete(oldest!);
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

const NO_SIZES = new Uint32Array();

function sizeOf(body: Body): Omit<Size, "time"> {
  const isReply = body.in_reply_to !== undefined;
  return { characters: stringify(body).length, isReply };
}

/** What every text with such a number has. */
const MAY_BE_DELICATE = /\d[.eE]|\d{16}/;

/** Whether some number in a value would not be the same if JavaScript's own parser read it. */
function isDelicate(value: Json): boolean {
  if (typeof value !== "object" || value === null) {
    return typeof value === "bigint";
  }
  if (value instanceof Float) return true;
  if (Array.isArray(value)) return value.some(isDelicate);
  for (const key in value) {
    if (isDelicate((value as JsonObject)[key]!)) return true;
  }
  return false;
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
    for (const key in value) {
      weight += 8 + weightOf((value as Record<string, unknown>)[key]);
    }
  }
  return weight;
}
