/**
 * The journal: every message sent and delivered, as Maelstrom's network checker counts them. A run
 * may have millions of messages, so they are kept in columns of numbers, which take 60 bytes per
 * message; its body is kept once.
 */
import type {
  Body,
  EventHead,
  Events,
  Head,
  JournalEvent,
  Visitor,
} from "../history/history.ts";
import { type Json, stringify } from "../history/json.ts";
import type { Beginning } from "../history/lists.ts";
import { doubled, type Keeping, type Logged, Messages } from "./messages.ts";

/** The events of one part of a run (the run itself, its aftermath or its calm), in order. */
export class Journal implements Events {
  #length = 0;
  #times = new Float64Array(64);
  /** By event: twice the index of its message, plus 1 for an arrival. */
  #marks = new Uint32Array(64);
  readonly #messages: Messages;

  constructor(messages: Messages | Keeping = {}) {
    this.#messages = messages instanceof Messages
      ? messages
      : new Messages(messages);
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

  /** Records that a message was sent. */
  sent(time: number, message: Logged): void {
    this.#event(time, this.#messages.add(message) * 2);
  }

  /** Records that a message arrived. Its body is the one that was sent. */
  received(time: number, message: Logged): void {
    const messages = this.#messages;
    const place = messages.placeOf(message.id) ?? messages.add(message);
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

  /** The events whose sender and receiver satisfy a condition; the bodies of others are not read. */
  *among(
    wanted: (src: string, dest: string) => boolean,
  ): Generator<JournalEvent> {
    const messages = this.#messages;
    for (let i = 0; i < this.#length; i++) {
      const place = this.#marks[i]! >>> 1;
      if (wanted(messages.src(place), messages.dest(place))) {
        yield this.#eventAt(i);
      }
    }
  }

  /** The events of these messages. */
  *withIds(ids: ReadonlySet<number>): Generator<JournalEvent> {
    for (let i = 0; i < this.#length; i++) {
      const place = this.#marks[i]! >>> 1;
      if (ids.has(this.#messages.id(place))) yield this.#eventAt(i);
    }
  }

  visit(see: Visitor): void {
    const messages = this.#messages;
    for (let i = 0; i < this.#length; i++) {
      const mark = this.#marks[i]!, place = mark >>> 1;
      const isOver = see(
        (mark & 1) === 0 ? "send" : "recv",
        this.#times[i]!,
        messages.id(place),
        messages.src(place),
        messages.dest(place),
        i,
      );
      if (isOver) return;
    }
  }

  headAt(index: number): Head {
    return this.#messages.head(this.#marks[index]! >>> 1);
  }

  bodyAt(index: number): Body {
    return this.#messages.body(this.#marks[index]! >>> 1);
  }

  lengthAt(index: number): number {
    return this.#messages.length(this.#marks[index]! >>> 1);
  }

  /** All events, with only the heads of their bodies. */
  *heads(): Generator<EventHead> {
    for (let i = 0; i < this.#length; i++) yield this.#headAt(i);
  }

  /**
   * The JSON text of each event.
   *
   * @param tell what to write in place of a long list; the whole list if not given
   */
  *texts(tell?: (list: Beginning) => Json): Generator<string> {
    for (let i = 0; i < this.#length; i++) {
      const place = this.#marks[i]! >>> 1;
      const [kind, time, id, src, dest] = this.#headAt(i);
      const head = stringify([kind, time, id, src, dest]);
      yield `${head.slice(0, -1)},${this.#messages.text(place, tell)}]`;
    }
  }

  /** A journal of the events whose heads satisfy a condition, which shares its messages with this one. */
  part(wanted: (event: EventHead) => boolean): Journal {
    const part = new Journal(this.#messages);
    for (let i = 0; i < this.#length; i++) {
      if (!wanted(this.#headAt(i))) continue;
      part.#event(this.#times[i]!, this.#marks[i]!);
    }
    return part;
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
    const mark = this.#marks[index]!, place = mark >>> 1;
    const messages = this.#messages;
    return [
      (mark & 1) === 0 ? "send" : "recv",
      this.#times[index]!,
      messages.id(place),
      messages.src(place),
      messages.dest(place),
      messages.body(place),
    ];
  }

  #headAt(index: number): EventHead {
    const mark = this.#marks[index]!, place = mark >>> 1;
    const messages = this.#messages;
    return [
      (mark & 1) === 0 ? "send" : "recv",
      this.#times[index]!,
      messages.id(place),
      messages.src(place),
      messages.dest(place),
      messages.head(place),
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
}
