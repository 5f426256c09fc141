/** The messages of a journal, by index: columns of numbers, and bodies. */
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

/** A message to be recorded. */
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
   * Whether to keep only the head and the length of messages between servers. That takes a
   * fraction of the memory, and is all that most judges look at. Asking for their bodies throws.
   */
  headsAlone?: boolean;
  /** Keeps the long lists that are sent to clients. */
  lists?: LongLists;
}

const LIVE_WEIGHT = 64e6;

/** Stands for a field that a message lacks, in a column of numbers. */
const NONE = 2 ** 32 - 1;

/** The type of a message whose head does not fit into the columns: a string and two small integers. */
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
   * The indices of messages whose ids do not follow from their indices: those sent in an earlier part
   * of the run, or by a real Maelstrom.
   */
  readonly #places = new Map<number, number>();
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #bodies: Bodies;
  /** By index, bodies with a long list. */
  readonly #long = new Map<number, Body>();
  readonly #headsAlone: boolean;
  readonly #lists: LongLists;
  /** The id of the first message. In a run of the workbench, the others count on from there. */
  #firstId = 0;

  constructor(
    { liveWeight = LIVE_WEIGHT, headsAlone = false, lists = new LongLists() }:
      Keeping,
  ) {
    this.#bodies = new Bodies(liveWeight);
    this.#headsAlone = headsAlone;
    this.#lists = lists;
  }

  /** Adds a message; returns its index. */
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

  /** The same body with its long list in compact form; null if it has none. */
  #holding(src: string, body: Body): Body | null {
    for (const field of Object.keys(body)) {
      const value = body[field];
      const list = Array.isArray(value) ? this.#lists.keep(value, src) : null;
      if (list !== null) return holding(body, field, list);
    }
    return null;
  }

  /** The index of the message with this id. */
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

  /** @throws {Error} the body was not kept */
  body(place: number): Body {
    const body = this.#long.get(place) ?? this.#bodies.get(place);
    if (body === null) throw this.#notKept(place);
    return body;
  }

  /**
   * A body as JSON text.
   *
   * @param tell what to write in place of a long list; the whole list if not given
   * @throws {Error} the body was not kept
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
      `Cannot read what ${this.src(place)} sent ${
        this.dest(place)
      }: only its ` +
        "head was kept; run this seed alone",
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

/** A copy of a column, twice as long. */
export function doubled<Column extends Float64Array | Uint32Array>(
  column: Column,
  Kind: new (length: number) => Column,
): Column {
  const longer = new Kind(2 * column.length);
  longer.set(column);
  return longer;
}
