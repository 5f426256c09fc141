/** The journal: compact, and yet it gives back every event as it was. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  among,
  type Body,
  type EventHead,
  type Events,
  headAt,
  headsOf,
  isBetweenServers,
  isWithClient,
  type JournalEvent,
  lengthAt,
  partOf,
  textsOf,
  visit,
  withIds,
} from "../../lib/workbench/history/history.ts";
import { float, parse, stringify } from "../../lib/workbench/history/json.ts";
import { Bodies } from "../../lib/workbench/world/bodies.ts";
import { Journal } from "../../lib/workbench/world/journal.ts";

const BODIES = fc.dictionary(
  fc.oneof(
    fc.string({ maxLength: 5 }),
    fc.constantFrom("type", "msg_id", "in_reply_to"),
  ),
  fc.oneof(
    fc.string(),
    fc.integer(),
    fc.array(fc.integer()),
    fc.jsonValue(),
    fc.bigInt(),
    fc.integer().map(float),
  ),
).map((body) => parse(stringify(body)) as Body);

const NAMES = fc.constantFrom("n0", "n1", "lin-kv", "c0", "c77");

/** Events as a network makes them: ids that count up, arrivals in any order, repeated or of an earlier chapter. */
const EVENTS = fc.record({
  first: fc.nat(5),
  messages: fc.array(fc.tuple(NAMES, NAMES, BODIES), { maxLength: 60 }),
  arrivals: fc.array(fc.nat(70), { maxLength: 80 }),
}).map(({ first, messages, arrivals }) => {
  const events: JournalEvent[] = [];
  const earlier: JournalEvent = ["recv", 0, 0, "n1", "n0", { type: "old" }];
  messages.forEach(([src, dest, body], i) => {
    events.push(["send", i * 1e6 + 0.5, first + i, src, dest, body]);
    const came = events[arrivals[i] ?? -1];
    if (came !== undefined) {
      events.push(["recv", i * 1e6 + 2e5, came[2], came[3], came[4], came[5]]);
    } else if (first > 0) events.push(earlier);
  });
  return events;
});

/** What a visit shows, with the heads that can then be asked for. */
function visited(events: Events): unknown[] {
  const seen: unknown[] = [];
  visit(events, (...[kind, time, id, src, dest, index]) => {
    const { type, msg_id, in_reply_to } = headAt(events, index);
    const head = { type, msg_id, in_reply_to };
    seen.push([kind, time, id, src, dest, index, head]);
    return seen.length === 50;
  });
  return seen;
}

/** The lengths of all messages. */
function lengthsOf(events: Events): number[] {
  const lengths: number[] = [];
  visit(events, (...[, , , , , index]) => {
    lengths.push(lengthAt(events, index));
  });
  return lengths;
}

/** An event without the rest of its body. */
function headOf([kind, time, id, src, dest, body]: JournalEvent): EventHead {
  const { type, msg_id, in_reply_to } = body;
  return [kind, time, id, src, dest, { type, msg_id, in_reply_to }];
}

for (const [how, liveWeight] of [["live", 1e9], ["compressed", 0]] as const) {
  Deno.test(`a journal gives back what it was given, ${how}`, () => {
    fc.assert(fc.property(EVENTS, (events) => {
      const journal = new Journal({ liveWeight });
      for (const event of events) journal.push(event);
      assertEquals([...journal], events);
      assertEquals(stringify(journal), stringify(events));
      assertEquals(journal.length, events.length);
      assertEquals(journal.at(-1), events.at(-1));
      assertEquals(journal.at(0), events[0]);
      const isSend = ([kind]: JournalEvent) => kind === "send";
      assertEquals(journal.filter(isSend), events.filter(isSend));
      assertEquals(journal.find(isSend), events.find(isSend));
      assertEquals(journal.map(isSend), events.map(isSend));
      assertEquals(journal.some(isSend), events.some(isSend));
      // What the compact form does its own way is what the array would give.
      const ends = (src: string) => src !== "n0";
      assertEquals([...among(journal, ends)], [...among(events, ends)]);
      assertEquals(lengthsOf(journal), lengthsOf(events));
      assertEquals([...headsOf(journal)], events.map(headOf));
      assertEquals(visited(journal), visited(events));
      assertEquals(
        [...textsOf(journal)],
        events.map((event) => stringify(event)),
      );
      const wanted = ([kind, , , src]: EventHead) =>
        kind === "recv" || src === "n0";
      assertEquals([...partOf(journal, wanted)], events.filter(wanted));
      const ids = new Set([1, 3, 5, 8]);
      assertEquals([...withIds(journal, ids)], [...withIds(events, ids)]);
    }));
  });
}

Deno.test("bodies that are too many for memory are compressed, and can be read back in any order", () => {
  const journal = new Journal({ liveWeight: 1e6 });
  const body = (i: number) => ({ type: "gossip", values: [i, i + 1], i });
  for (let id = 0; id < 50_000; id++) {
    const message = { id, src: "n0", dest: "n1", body: body(id) };
    journal.sent(id, message);
    if (id >= 5_000) journal.received(id, { ...message, id: id - 5_000 });
  }
  let index = 0;
  for (const [kind, time, id, , , read] of journal) {
    assertEquals(read.i, id);
    if (kind === "recv") assertEquals(id, time - 5_000);
    index++;
  }
  assertEquals(index, 95_000);
  for (const i of [0, 94_999, 1, 60_000, 3]) {
    const [, , id, , , read] = journal.at(i)!;
    assertEquals(read, body(id));
  }
  assert(!journal.some(([, , id, , , read]) => read.i !== id));
});

Deno.test("large bodies are compressed even if only every second message has one, and few pages are kept open", () => {
  const bodies = new Bodies(1e6);
  const large = (i: number) => ({ type: "read_ok", text: `${i}`.repeat(1e5) });
  const given = Array.from(
    { length: 60 },
    (_, i) => i % 2 === 0 ? { type: "read" } : large(i),
  );
  for (const body of given) bodies.push(body);
  // What lies in memory is the very object, and what was compressed is another each time.
  const isLive = (i: number) => bodies.get(i) === given[i];
  const live = given.keys().filter((i) => i % 2 === 1 && isLive(i)).toArray();
  assert(live.length < 12, `${live}`);
  const first = bodies.get(1);
  assertEquals(first, given[1]);
  for (const i of given.keys()) assertEquals(bodies.get(i), given[i]);
  assert(bodies.get(1) !== first);
});

Deno.test("a journal may keep only head and length of messages that touch no client", () => {
  const kept = Journal.from(EVENTS_OF_A_CALL);
  const heads = new Journal({ headsAlone: true });
  for (const event of EVENTS_OF_A_CALL) heads.push(event);
  assertEquals([...headsOf(heads)], [...headsOf(kept)]);
  assertEquals(lengthsOf(heads), lengthsOf(kept));
  assertEquals([...among(heads, isWithClient)], [...among(kept, isWithClient)]);
  assertThrows(
    () => [...among(heads, isBetweenServers)],
    Error,
    "Cannot read what n0 sent lin-kv",
  );
});

const ASK: Body = { type: "ask", msg_id: 1 };
const READ: Body = { type: "read", key: "k", msg_id: 7 };

const EVENTS_OF_A_CALL: JournalEvent[] = [
  ["send", 1, 0, "c0", "n0", ASK],
  ["recv", 1, 0, "c0", "n0", ASK],
  ["send", 2, 1, "n0", "lin-kv", READ],
  ["recv", 3, 1, "n0", "lin-kv", READ],
];
