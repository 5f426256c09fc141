/** Metronomes: hubs and their followers, whatever their messages go through. */
import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
} from "@std/assert";
import fc from "fast-check";
import { RoundTrip } from "../../lib/gossip/round-trip.ts";
import { GUARD_MS, Metronome } from "../../lib/gossip/metronome.ts";
import { Time } from "../fixtures/time.ts";

const BUDGET_MS = 1_000, TRIP_MS = 200;

/** What a period is while the guard is what it is at first. */
const PERIOD_MS = BUDGET_MS - TRIP_MS - GUARD_MS.first;

/** With a round trip of 200 ms, and all its ticks; `something` is whether there is something to say. */
function metronome(tripMs = TRIP_MS, budgetMs = BUDGET_MS, time = new Time()) {
  const roundTrip = new RoundTrip();
  roundTrip.measure(tripMs);
  const ticks: number[] = [], inTurn: number[] = [];
  const self = {
    time,
    roundTrip,
    ticks,
    inTurn,
    something: true,
    beat: new Metronome(time, roundTrip, budgetMs, () => {
      if (!self.something) return false;
      ticks.push(time.now());
      if (self.beat.isInTurn) inTurn.push(time.now());
      return true;
    }),
  };
  return self;
}

/** A hub that has just spoken, and others who have heard it: they are heard after so long. */
const HEARD_MS = PERIOD_MS - GUARD_MS.first;

Deno.test("a period is what the budget leaves beside a round trip and the guard, or these two if that is more", () => {
  const { roundTrip, beat } = metronome();
  assertEquals(beat.periodMs, PERIOD_MS);
  for (let i = 0; i < 200; i++) roundTrip.measure(800);
  assertEquals(beat.periodMs, 800 + GUARD_MS.first);
});

Deno.test("a hub speaks a guard after the first it hears, in its turn, whenever that is", () => {
  for (const lateMs of [-20, 0, 60]) {
    const { time, beat, inTurn } = metronome();
    beat.wake();
    time.pass(HEARD_MS + lateMs);
    beat.hear();
    time.pass(GUARD_MS.first - 1);
    beat.hear();
    assertEquals(inTurn, [0]);
    time.pass(1);
    assertEquals(inTurn, [0, PERIOD_MS + lateMs]);
  }
});

Deno.test("who comes after the hub has spoken is told on within a quarter of a round trip, out of turn, together with others", () => {
  const { time, beat, ticks, inTurn } = metronome();
  beat.wake();
  time.pass(HEARD_MS);
  beat.hear();
  time.pass(GUARD_MS.first + 10);
  beat.hear();
  time.pass(30);
  beat.hear();
  time.pass(20);
  const lateAt = PERIOD_MS + 10 + TRIP_MS / 4;
  assertEquals(ticks, [0, PERIOD_MS, lateAt]);
  assertEquals(inTurn, [0, PERIOD_MS]);
  // The next turn is when it would have been.
  time.pass(PERIOD_MS + HEARD_MS - time.now());
  beat.hear();
  time.pass(GUARD_MS.first);
  assertLess(Math.abs(inTurn.at(-1)! - 2 * PERIOD_MS), 3);
});

Deno.test("who is out of step is told on within half a period", () => {
  const budgetMs = 2 * BUDGET_MS;
  const { time, beat, ticks } = metronome(TRIP_MS, budgetMs);
  beat.wake();
  const heardMs = budgetMs / 3;
  time.pass(heardMs);
  beat.hear();
  time.pass(beat.periodMs / 2);
  assertEquals(ticks, [0, heardMs + beat.periodMs / 2]);
});

Deno.test("a hub that hears nobody says what is new to itself, a little after its turn", () => {
  const { time, beat, inTurn } = metronome();
  beat.wake();
  time.pass(2 * PERIOD_MS);
  assertEquals(inTurn, [0, PERIOD_MS + GUARD_MS.first + TRIP_MS / 4]);
});

/** What the guard is after many periods in which the last is heard so long after the first. */
function guardAfter(spreadMs: number, tripMs = TRIP_MS): number {
  const { time, beat } = metronome(tripMs);
  beat.wake();
  const guardMs = () => BUDGET_MS - tripMs - beat.periodMs;
  for (let i = 0; i < 200; i++) {
    const nextAt = time.now() + beat.periodMs;
    time.pass(beat.periodMs - guardMs());
    beat.hear();
    time.pass(Math.min(spreadMs, guardMs() - 1e-3));
    beat.hear();
    time.pass(nextAt - time.now() + 1e-6);
  }
  return guardMs();
}

Deno.test("the guard is a multiple of the time between the first that is heard and the last, within bounds", () => {
  assertLess(Math.abs(guardAfter(0) - GUARD_MS.least), 0.1);
  assertLess(Math.abs(guardAfter(4) - 20), 0.1);
  assertLess(Math.abs(guardAfter(30) - GUARD_MS.most), 0.1);
  assertLess(Math.abs(guardAfter(90, 280) - 70), 0.1);
});

Deno.test("one period in which some are late changes the next by 1 ms at most", () => {
  const { time, beat } = metronome();
  beat.wake();
  time.pass(HEARD_MS);
  beat.hear();
  time.pass(GUARD_MS.first - 1);
  beat.hear();
  time.pass(1);
  assert(beat.periodMs < PERIOD_MS && beat.periodMs > PERIOD_MS - 1);
});

/** How long before it hears the hub again a follower speaks, if all is as it should be. */
const LEAD_MS = TRIP_MS + GUARD_MS.first;

Deno.test("a follower speaks a round trip and a guard before it hears the hub again", () => {
  const { time, beat, ticks } = metronome();
  const heardAt = [0, 1, 2, 3].map((k) => k * PERIOD_MS);
  for (const at of heardAt) {
    time.pass(at - time.now());
    beat.follow(PERIOD_MS);
  }
  time.pass(PERIOD_MS);
  assertEquals(
    ticks.slice(0, 4),
    heardAt.map((at) => at + PERIOD_MS - LEAD_MS),
  );
});

Deno.test("a follower keeps to its time when it hears the hub late, and believes it in the end", () => {
  const { time, beat, ticks } = metronome();
  const lateMs = 40;
  beat.follow(PERIOD_MS);
  time.pass(PERIOD_MS + lateMs);
  beat.follow(PERIOD_MS);
  time.pass(PERIOD_MS - lateMs);
  assertEquals(ticks[1], 2 * PERIOD_MS - LEAD_MS + lateMs / 8);
  for (let k = 2; k < 60; k++) {
    time.pass(k * PERIOD_MS + lateMs - time.now());
    beat.follow(PERIOD_MS);
  }
  const dueAt = time.now() + PERIOD_MS - LEAD_MS;
  time.pass(PERIOD_MS);
  assertLess(Math.abs(ticks.at(-1)! - dueAt), 1);
});

Deno.test("a follower that hears the hub earlier than it thought believes that at once", () => {
  const { time, beat, ticks } = metronome();
  beat.follow(PERIOD_MS);
  time.pass(PERIOD_MS - 30);
  beat.follow(PERIOD_MS);
  time.pass(PERIOD_MS);
  assertEquals(ticks[1], 2 * PERIOD_MS - 30 - LEAD_MS);
});

Deno.test("a follower that does not hear the hub in time still speaks once a period, or a little less often", () => {
  const { time, beat, ticks } = metronome();
  beat.follow(PERIOD_MS);
  time.pass(4 * PERIOD_MS);
  const gaps = ticks.slice(1).map((at, i) => at - ticks[i]!);
  assert(gaps.length >= 2);
  for (const ms of gaps) {
    assertEquals(ms, PERIOD_MS + GUARD_MS.first + TRIP_MS / 4);
  }
});

Deno.test("a follower further away than the hub knows is in time for the period after", () => {
  const { time, beat, ticks } = metronome(PERIOD_MS + 100);
  for (let k = 0; k < 20; k++) {
    beat.follow(PERIOD_MS);
    time.pass(PERIOD_MS);
  }
  const tripMs = PERIOD_MS + 100 + GUARD_MS.least;
  assertEquals((ticks.at(-1)! + tripMs) % PERIOD_MS, 0);
  assert(ticks.length >= 18);
});

Deno.test("however far the hub is and however often it speaks, a node ticks at least once in two periods of both", () => {
  const ms = (min: number) => fc.integer({ min, max: 2_000 });
  const cases = fc.record({
    spokenMs: ms(50),
    tripMs: ms(0),
    budgetMs: ms(100),
  });
  fc.assert(
    fc.property(cases, ({ spokenMs, tripMs, budgetMs }) => {
      const { time, beat, ticks } = metronome(tripMs, budgetMs);
      let longestMs = budgetMs;
      for (let i = 0; i < 100; i++) {
        beat.follow(spokenMs);
        time.pass(spokenMs);
        longestMs = Math.max(longestMs, 2 * (beat.periodMs + spokenMs));
        assertLessOrEqual(time.now() - (ticks.at(-1) ?? 0), longestMs);
      }
    }),
    { examples: [[{ spokenMs: 140, tripMs: 250, budgetMs: 655 }]] },
  );
});

Deno.test("after a period without anything to say, what comes is said at once; the next waits", () => {
  const self = metronome();
  const { time, beat, ticks } = self;
  self.something = false;
  beat.wake();
  time.pass(2.5 * PERIOD_MS);
  self.something = true;
  beat.wake();
  assertEquals(ticks, [2.5 * PERIOD_MS]);
  time.pass(10);
  beat.wake();
  assertEquals(ticks.length, 1);
  time.pass(PERIOD_MS + GUARD_MS.first + TRIP_MS / 4);
  assertEquals(ticks.length, 2);
});

for (const earlyMs of [0, 0.5]) {
  Deno.test(`who follows a hub that is not idle says nothing out of turn; timers are early by ${earlyMs} ms`, () => {
    const self = metronome(TRIP_MS, BUDGET_MS, new Time(earlyMs));
    const { beat, ticks } = self;
    const pass = (ms: number) => self.time.pass(ms);
    self.something = false;
    beat.follow(PERIOD_MS);
    pass(PERIOD_MS - LEAD_MS + 1);
    self.something = true;
    beat.wake();
    assertEquals(ticks, []);
    pass(LEAD_MS);
    beat.follow(PERIOD_MS);
    pass(PERIOD_MS - LEAD_MS);
    assertEquals(ticks.length, 1);
  });
}
