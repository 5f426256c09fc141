/** Schedules: hubs and the nodes around them, whatever their messages go through. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { RoundTrip } from "../../lib/gossip/round-trip.ts";
import {
  MARGIN_MS,
  Schedule,
  type TurnMarks,
} from "../../lib/gossip/schedule.ts";
import { Time } from "../fixtures/time.ts";

const BUDGET_MS = 1_000, TRIP_MS = 200, WINDOW_MS = 90;

/** For how long a value may wait on its way. */
const PERIOD_MS = BUDGET_MS - TRIP_MS;

/** How long after it has heard the hub a node tells what it has. */
const LEAD_MS = PERIOD_MS - TRIP_MS - MARGIN_MS;

/** A node with a round trip of 200 ms, and when it speaks; `something` is whether there is something to say. */
function node(tripMs = TRIP_MS, budgetMs = BUDGET_MS, time = new Time()) {
  const roundTrip = new RoundTrip();
  for (let i = 0; i < 20; i++) roundTrip.measure(tripMs);
  const options = { budgetMs, windowMs: WINDOW_MS };
  const ticks: number[] = [], marks: TurnMarks[] = [], toHub: TurnMarks[] = [];
  const self = {
    time,
    roundTrip,
    ticks,
    marks,
    toHub,
    something: true,
    schedule: new Schedule(time, roundTrip, options, () => {
      if (!self.something) return false;
      ticks.push(time.now());
      marks.push(self.schedule.marks(false));
      toHub.push(self.schedule.marks(true));
      return true;
    }),
    at(ms: number) {
      time.pass(ms - time.now());
      return self.schedule;
    },
  };
  return self;
}

/** A hub whose first turn was at 0. */
function hub() {
  const self = node();
  self.schedule.take(true);
  assertEquals(self.ticks, [0]);
  return self;
}

Deno.test("a value may wait for what the budget leaves beside two hops, or for as long as nodes need to answer", () => {
  const { roundTrip, schedule } = node();
  assertEquals(schedule.periodMs, PERIOD_MS);
  for (let i = 0; i < 200; i++) roundTrip.measure(800);
  assertEquals(schedule.periodMs, 800 + MARGIN_MS);
});

Deno.test("a hub's turn is when the first value that it has heard of falls due, however late that comes", () => {
  const { at, ticks } = hub();
  at(300).hear({ w: 350 });
  at(310).hear({ w: 500 });
  at(320).hear({ w: 0 });
  at(2_000);
  assertEquals(ticks[1], 310 + PERIOD_MS - 500);
});

Deno.test("what was due before it came is told at once, together with what comes just then", () => {
  const { at, ticks } = hub();
  at(300).hear({ w: PERIOD_MS + 100 });
  at(304).hear({ w: PERIOD_MS + 100 });
  at(500);
  assertEquals(ticks.length, 2);
  assert(ticks[1]! <= 310);
});

Deno.test("a hub that has heard nothing for long tells at once what it hears, with what others say at the same time", () => {
  const { at, ticks } = node();
  at(0).hear({ w: 0 });
  at(3).hear({ w: 0 });
  at(4);
  assertEquals(ticks, []);
  at(10);
  assertEquals(ticks, [5]);
});

Deno.test("a hub tells what is its own a hop later than what others would have to send it", () => {
  const hopMs = 20;
  const { at, ticks, schedule } = node(2 * hopMs);
  schedule.take(true);
  at(10).take(true);
  at(10 + schedule.periodMs + hopMs - 1);
  assertEquals(ticks, [0]);
  at(10 + schedule.periodMs + hopMs);
  assertEquals(ticks.length, 2);
});

Deno.test("a hub says when its next turn may be: a period after this one", () => {
  const { at, marks } = hub();
  at(PERIOD_MS - MARGIN_MS).hear({ w: PERIOD_MS - MARGIN_MS });
  at(PERIOD_MS + 1);
  assertEquals(marks, [{ t: PERIOD_MS }, { t: PERIOD_MS }]);
});

Deno.test("a turn before the others have told what they have leaves the next where it was", () => {
  const { at, marks, ticks } = hub();
  at(300).hear({ w: PERIOD_MS });
  at(400);
  assertEquals(marks[1], { t: PERIOD_MS - ticks[1]! });
});

Deno.test("after a late turn the next may be as soon as what others have kept since their window closed", () => {
  const lateMs = 50;
  const { at, marks, ticks } = hub();
  at(PERIOD_MS).hear({ w: PERIOD_MS - lateMs });
  at(PERIOD_MS + lateMs + 1);
  assertEquals(ticks[1], PERIOD_MS + lateMs);
  const closedAt = PERIOD_MS - MARGIN_MS + WINDOW_MS;
  assertEquals(marks[1], { t: closedAt + PERIOD_MS - ticks[1]! });
});

Deno.test("a turn in which nothing was said does not count", () => {
  const self = hub();
  self.something = false;
  self.at(PERIOD_MS + MARGIN_MS); // a turn, of which nobody hears
  self.something = true;
  self.at(2 * PERIOD_MS + MARGIN_MS).hear({ w: PERIOD_MS });
  self.at(3 * PERIOD_MS);
  assertEquals(self.marks[1], { t: PERIOD_MS });
});

Deno.test("what comes without its age may be half as old as it can be", () => {
  const { at, ticks } = hub();
  at(300).hear({});
  at(300 + PERIOD_MS / 2);
  assertEquals(ticks, [0, 300 + PERIOD_MS / 2]);
});

Deno.test("a node tells the hub what it has a margin before that is due, and for how long it has waited", () => {
  const { at, ticks, toHub } = node();
  at(100).follow({ t: PERIOD_MS });
  at(110).take(false);
  at(120).take(false);
  at(100 + LEAD_MS);
  assertEquals(ticks, [100 + LEAD_MS]);
  assertEquals(toHub, [{ w: LEAD_MS - 10 }]);
});

Deno.test("within the window a node tells at once what comes, but not too often; after it, it waits for the hub", () => {
  const { at, ticks } = node();
  at(0).follow({ t: PERIOD_MS });
  at(100).take(false);
  at(LEAD_MS + 5).take(false);
  at(LEAD_MS + 70).take(false);
  at(LEAD_MS + WINDOW_MS - 1);
  assertEquals(ticks, [LEAD_MS, LEAD_MS + 30, LEAD_MS + 70]);
  at(LEAD_MS + WINDOW_MS).take(false);
  const heardAt = PERIOD_MS;
  at(heardAt).follow({ t: PERIOD_MS });
  at(heardAt + LEAD_MS - 1);
  assertEquals(ticks.length, 3);
  at(heardAt + LEAD_MS);
  assertEquals(ticks.length, 4);
});

Deno.test("what a node has kept is told in time, also if the hub says nothing or has a later turn", () => {
  for (const hears of [false, true]) {
    const { at, ticks } = node();
    at(0).follow({ t: PERIOD_MS });
    const keptAt = LEAD_MS + WINDOW_MS;
    at(keptAt).take(false);
    ticks.length = 0;
    if (hears) at(keptAt + 300).follow({ t: PERIOD_MS });
    at(keptAt + PERIOD_MS - MARGIN_MS - 1);
    assertEquals(ticks, []);
    at(keptAt + PERIOD_MS - MARGIN_MS);
    assertEquals(ticks.length, 1);
  }
});

Deno.test("a node that had to speak before its time speaks again in time for the hub", () => {
  const { at, ticks } = node();
  at(0).follow({ t: PERIOD_MS });
  const keptAt = LEAD_MS + WINDOW_MS, heardAt = keptAt + 270;
  at(keptAt).take(false);
  at(heardAt).follow({ t: PERIOD_MS });
  const dueAt = keptAt + PERIOD_MS - MARGIN_MS;
  at(dueAt + 10).take(false);
  at(heardAt + LEAD_MS);
  assertEquals(ticks.slice(-2), [dueAt, heardAt + LEAD_MS]);
});

Deno.test("a node so far away that it cannot be in time tells what it has as soon as it hears the hub", () => {
  const { at, ticks } = node(PERIOD_MS);
  at(100).take(false);
  ticks.length = 0;
  at(200).follow({ t: PERIOD_MS });
  at(201);
  assertEquals(ticks, [200]);
});

Deno.test("after a time of quiet what comes is told at once; the next waits", () => {
  const self = node();
  self.something = false;
  const now = 3 * PERIOD_MS;
  self.at(now);
  self.something = true;
  self.schedule.take(false);
  self.at(now + 10).take(false);
  self.at(now + 10 + PERIOD_MS - MARGIN_MS - 1);
  assertEquals(self.ticks, [now]);
  self.at(now + 10 + PERIOD_MS - MARGIN_MS);
  assertEquals(self.ticks.length, 2);
});

Deno.test("an acknowledgement alone is no news: what comes after it is told at once", () => {
  const { at, ticks } = node();
  at(BUDGET_MS + 1); // the first tick says something, though nothing is new
  assertEquals(ticks, [BUDGET_MS]);
  at(BUDGET_MS + 10).take(false);
  assertEquals(ticks, [BUDGET_MS, BUDGET_MS + 10]);
});

Deno.test("a hub that was held up reads what has arrived before it speaks", () => {
  const time = new Time(-20); // every timer is late by 20 ms
  const self = node(TRIP_MS, BUDGET_MS, time);
  self.schedule.take(true);
  self.at(300).hear({ w: 300 });
  const dueAt = 300 + PERIOD_MS - 300;
  self.at(dueAt + 21);
  assertEquals(self.ticks, [0]);
  self.at(dueAt + 60);
  assertEquals(self.ticks.length, 2);
});

Deno.test("no value waits for longer than it may, wherever it comes in whatever the hub does; and a node never falls silent", () => {
  const gap = fc.integer({ min: 1, max: 2_000 });
  const events = fc.array(
    fc.record({ gap, what: fc.constantFrom("take", "follow", "hear") }),
    { minLength: 1, maxLength: 60 },
  );
  const cases = fc.record({
    events,
    tripMs: fc.integer({ min: 0, max: 2_000 }),
    budgetMs: fc.integer({ min: 100, max: 2_000 }),
    t: fc.integer({ min: 0, max: 2_000 }),
  });
  fc.assert(
    fc.property(cases, ({ events, tripMs, budgetMs, t }) => {
      const { at, schedule, ticks, time } = node(tripMs, budgetMs);
      const due: number[] = [];
      for (const { gap, what } of events) {
        const now = time.now() + gap;
        at(now);
        if (what === "follow") schedule.follow({ t });
        else if (what === "take") {
          due.push(now + schedule.periodMs + MARGIN_MS);
          schedule.take(false);
        } else {
          due.push(now + schedule.periodMs + MARGIN_MS);
          schedule.hear({ w: 0 });
        }
      }
      at(time.now() + 2 * schedule.longestMs + budgetMs);
      for (const dueAt of due) {
        const from = dueAt - schedule.periodMs - MARGIN_MS;
        const told = ticks.find((tick) => tick >= from);
        assert(told !== undefined && told <= dueAt);
      }
      assertLessOrEqual(time.now() - ticks.at(-1)!, schedule.longestMs);
    }),
  );
});

Deno.test("however often it hears the hub, a node with nothing new has its turn", () => {
  for (const t of [PERIOD_MS, 10 * PERIOD_MS]) {
    const { at, schedule, ticks } = node();
    for (let now = 0; now < 20 * PERIOD_MS; now += 50) {
      at(now).follow({ t });
      assertLessOrEqual(now - (ticks.at(-1) ?? 0), 2 * schedule.longestMs + 50);
    }
  }
});
