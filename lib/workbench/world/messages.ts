/** The messages of a journal, by their places: columns of numbers, and bodies. */
import {
  type Body,
  type Head,
  isBetweenServers,
  isClient,
} from "../history/history.ts";
import { type Json, stringify, textLength } from "../history/json.ts";
import {
  type Beginning,
  briefly,
  holding,
  lengthOf,
  LongLists,
} from "../history/lists.ts";
import { Bodies } from "./bodies.ts";

/** A message as the journal sees it. */
export interface Logged {
  /** The network's own number for the message. */
  id: number;
  src: string;
  dest: string;
  body: Body;
}

/** How messages are kept. */
export interface Keeping {
  /** About how many bytes of bodies may be in memory as objects; 64 million if not given. */
  liveWeight?: number;
  /**
   * Whether only head and length are kept of messages that touch no client: all that most
   * judges look at, for a fraction of the memory. Asking for their bodies throws.
   */
  headsAlone?: boolean;
  /** Keeps the long lists that clients are sent. */
  lists?: LongLists;
}

const LIVE_WEIGHT = 64e6;

/** In a column of numbers, stands for a field that a message lacks. */
const NONE = 2 ** 32 - 1;

/** The type of a message whose head is not a text and two such numbers. */
const ODD = 2 ** 32 - 2;

/** Messages, in the order in which they were added. */
export class Messages {
  #length = 0;
  #ids = new Float64Array(64);
  #srcs = new Uint32Array(64);
  #dests = new Uint32Array(64);
  #types = new Uint32Array(64);
  #msgIds = new Uint32Array(64);
  #replyIds = new Uint32Array(64);
  /** The length of each body as text; 0 until somebody asks. */
  #lengths = new Uint32Array(64);
  readonly #odd = new Map<number, Head>();
  /**
   * Places of messages whose ids do not follow from their places: those of an earlier chapter,
   * or of a real Maelstrom.
   */
  readonly #places = new Map<number, number>();
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #bodies: Bodies;
  /** By place, bodies that hold a long list. */
  readonly #long = new Map<number, Body>();
  readonly #headsAlone: boolean;
  readonly #lists: LongLists;
  /** The id of the first message: in a run of our own the others count on from there. */
  #firstId = 0;

  constructor(
    { liveWeight = LIVE_WEIGHT, headsAlone = false, lists = new LongLists() }:
      Keeping,
  ) {
    this.#bodies = new Bodies(liveWeight);
    this.#headsAlone = headsAlone;
    this.#lists = lists;
  }

  /** Adds a message; returns its place. */
  add({ id, src, dest, body }: Logged): number {
    const place = this.#length++;
    if (place === this.#ids.length) this.#grow();
    if (place === 0) this.#firstId = id;
    else if (id !== this.#firstId + place) this.#places.set(id, place);
    this.#ids[place] = id;
    this.#srcs[place] = this.#numberOf(src);
    this.#dests[place] = this.#numberOf(dest);
    this.#addHead(place, body);
    if (this.#headsAlone && isBetweenServers(src, dest)) {
      this.#lengths[place] = textLength(body);
      this.#bodies.push(null);
      return place;
    }
    const long = isClient(dest) ? this.#holding(src, body) : null;
    if (long !== null) this.#long.set(place, long);
    this.#bodies.push(long === null ? body : null);
    return place;
  }

  /** The same body, holding its long list; null if it has none. */
  #holding(src: string, body: Body): Body | null {
    for (const field of Object.keys(body)) {
      const value = body[field];
      const list = Array.isArray(value) ? this.#lists.keep(value, src) : null;
      if (list !== null) return holding(body, field, list);
    }
    return null;
  }

  /** The place of the message with this id. */
  placeOf(id: number): number | undefined {
    const place = id - this.#firstId;
    return this.#ids[place] === id && place < this.#length
      ? place
      : this.#places.get(id);
  }

  id(place: number): number {
    return this.#ids[place]!;
  }

  src(place: number): string {
    return this.#names[this.#srcs[place]!]!;
  }

  dest(place: number): string {
    return this.#names[this.#dests[place]!]!;
  }

  head(place: number): Head {
    const type = this.#types[place]!;
    if (type === ODD) return this.#odd.get(place)!;
    const msgId = this.#msgIds[place]!, replyId = this.#replyIds[place]!;
    return {
      type: type === NONE ? undefined : this.#names[type]!,
      msg_id: msgId === NONE ? undefined : msgId,
      in_reply_to: replyId === NONE ? undefined : replyId,
    };
  }

  /** @throws {Error} it was not kept */
  body(place: number): Body {
    const body = this.#long.get(place) ?? this.#bodies.get(place);
    if (body === null) throw this.#notKept(place);
    return body;
  }

  /**
   * A body as JSON text.
   *
   * @param tell says what stands there for a long list; all of it, if not given
   * @throws {Error} it was not kept
   */
  text(place: number, tell?: (list: Beginning) => Json): string {
    const long = this.#long.get(place);
    if (long !== undefined) return stringify(tell ? briefly(long, tell) : long);
    const text = this.#bodies.textOf(place);
    if (text === null) throw this.#notKept(place);
    return text;
  }

  #notKept(place: number): Error {
    return new Error(
      `Cannot read what ${this.src(place)} sent ${this.dest(place)}: only ` +
        "heads are kept of it; run one seed alone",
    );
  }

  /** The length of a body as JSON text. */
  length(place: number): number {
    const long = this.#long.get(place);
    return this.#lengths[place] ||= long === undefined
      ? this.#bodies.lengthOf(place)
      : lengthOf(long);
  }

  #addHead(place: number, { type, msg_id, in_reply_to }: Head): void {
    const isPlain = (type === undefined || typeof type === "string") &&
      (msg_id === undefined || isSmall(msg_id)) &&
      (in_reply_to === undefined || isSmall(in_reply_to));
    if (!isPlain) this.#odd.set(place, { type, msg_id, in_reply_to });
    this.#types[place] = isPlain
      ? type === undefined ? NONE : this.#numberOf(type)
      : ODD;
    this.#msgIds[place] = isPlain ? msg_id ?? NONE : ODD;
    this.#replyIds[place] = isPlain ? in_reply_to ?? NONE : ODD;
  }

  #grow(): void {
    this.#ids = doubled(this.#ids, Float64Array);
    this.#srcs = doubled(this.#srcs, Uint32Array);
    this.#dests = doubled(this.#dests, Uint32Array);
    this.#types = doubled(this.#types, Uint32Array);
    this.#msgIds = doubled(this.#msgIds, Uint32Array);
    this.#replyIds = doubled(this.#replyIds, Uint32Array);
    this.#lengths = doubled(this.#lengths, Uint32Array);
  }

  #numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }
}

function isSmall(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 &&
    value < ODD;
}

/** The same column, twice as long. */
export function doubled<Column extends Float64Array | Uint32Array>(
  column: Column,
  Kind: new (length: number) => Column,
): Column {
  const longer = new Kind(2 * column.length);
  longer.set(column);
  return longer;
}
