/** Metronomes: in step with another node, whatever its messages go through. */
import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
} from "@std/assert";
import fc from "fast-check";
import { RoundTrip } from "../../lib/gossip/round-trip.ts";
import { GUARD_MS, Metronome } from "../../lib/gossip/metronome.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { Time } from "../fixtures/time.ts";

const BUDGET_MS = 1_000, TRIP_MS = 200;

/** With a round trip of 200 ms: ticks every 760 ms. */
function metronome(time: Time, task: () => boolean = () => true) {
  const roundTrip = new RoundTrip();
  roundTrip.measure(TRIP_MS);
  return { roundTrip, beat: new Metronome(time, roundTrip, BUDGET_MS, task) };
}

const PERIOD_MS = BUDGET_MS - TRIP_MS - GUARD_MS;

Deno.test("a period is what the budget leaves beside a round trip and the guard, and a round trip at least", () => {
  const time = new Time();
  const ticks: number[] = [];
  const { roundTrip, beat } = metronome(time, () => {
    ticks.push(time.now());
    return true;
  });
  time.pass(3 * PERIOD_MS);
  assertEquals(ticks, [PERIOD_MS, 2 * PERIOD_MS, 3 * PERIOD_MS]);
  assertEquals(beat.nextMs, PERIOD_MS);
  for (let i = 0; i < 200; i++) roundTrip.measure(800);
  assertLess(Math.abs(beat.periodMs - 800), 1);
});

Deno.test("where round trips vary, the guard is longer by three times their jitter", () => {
  const { roundTrip, beat } = metronome(new Time());
  for (let i = 0; i < 50; i++) roundTrip.measure(TRIP_MS + i % 3 * 20);
  assertEquals([roundTrip.typicalMs, roundTrip.jitterMs], [TRIP_MS + 20, 20]);
  assertEquals(beat.periodMs, BUDGET_MS - (TRIP_MS + 20) - (GUARD_MS + 60));
});

Deno.test("a machine that was busy for a while takes one guard from the period at most, and what lasts all of it", () => {
  const { roundTrip, beat } = metronome(new Time());
  for (let i = 0; i < 20; i++) roundTrip.measure(TRIP_MS);
  for (let i = 0; i < 7; i++) roundTrip.measure(TRIP_MS + 100);
  assertEquals(beat.periodMs, PERIOD_MS - GUARD_MS);
  assert(roundTrip.patienceMs > TRIP_MS + 100, "patience is another thing");
  for (let i = 0; i < 99; i++) roundTrip.measure(TRIP_MS + 100);
  assertLess(Math.abs(beat.periodMs - (PERIOD_MS - 100)), 1);
});

Deno.test("a tick that is due within the guard is not put off; the first one is, however late a node begins", () => {
  const time = new Time();
  time.pass(60_000);
  const ticks: number[] = [];
  const { beat } = metronome(time, () => {
    ticks.push(time.now() - 60_000);
    return true;
  });
  time.pass(PERIOD_MS - GUARD_MS - 1);
  beat.follow(PERIOD_MS);
  assertEquals(ticks, []);
  assertEquals(beat.nextMs, PERIOD_MS - TRIP_MS - GUARD_MS);
  time.pass(beat.nextMs - GUARD_MS + 1);
  beat.follow(PERIOD_MS);
  assertEquals(ticks, [time.now() - 60_000]);
});

Deno.test("what is sent at a tick is at the other node a guard before that ticks, although its messages are late at times", () => {
  const time = new Time();
  const luck = seeded(1);
  const early: number[] = [];
  let otherTicksAt = 0;
  const { beat } = metronome(time, () => {
    if (time.now() > 5 * PERIOD_MS) {
      early.push(otherTicksAt - (time.now() + TRIP_MS / 2));
    }
    return true;
  });
  for (let k = 1; k <= 100; k++) {
    otherTicksAt = k * PERIOD_MS;
    time.pass(otherTicksAt - time.now());
    const late = luck.chance(0.3) ? luck.uniform(0, GUARD_MS) : 0;
    otherTicksAt += PERIOD_MS;
    time.pass(TRIP_MS / 2 + late);
    beat.follow(PERIOD_MS);
  }
  assertEquals(early.length, 95);
  for (const ms of early) assert(Math.abs(ms - GUARD_MS) < 12, `${ms} ms`);
});

Deno.test("a node far away still gets its turn, although every message of the other puts it off", () => {
  const time = new Time();
  let ticks = 0;
  const { roundTrip, beat } = metronome(time, () => {
    ticks++;
    return true;
  });
  for (let i = 0; i < 200; i++) roundTrip.measure(3_000);
  for (let i = 0; i < 100; i++) {
    time.pass(PERIOD_MS);
    beat.follow(PERIOD_MS);
  }
  assert(ticks >= 20, `${ticks} ticks`);
});

Deno.test("however far the other is and however often it speaks, a node ticks at least every two periods of both", () => {
  const ms = (min: number) => fc.integer({ min, max: 2_000 });
  const cases = fc.record({
    spokenMs: ms(50),
    tripMs: ms(0),
    budgetMs: ms(100),
  });
  fc.assert(
    fc.property(cases, ({ spokenMs, tripMs, budgetMs }) => {
      const time = new Time();
      const roundTrip = new RoundTrip();
      for (let i = 0; i < 200; i++) roundTrip.measure(tripMs);
      let tickedAt = 0;
      const beat = new Metronome(time, roundTrip, budgetMs, () => {
        tickedAt = time.now();
        return true;
      });
      for (let i = 0; i < 100; i++) {
        time.pass(spokenMs);
        beat.follow(spokenMs);
        assertLessOrEqual(time.now() - tickedAt, 2 * beat.periodMs + spokenMs);
      }
    }),
    { examples: [[{ spokenMs: 140, tripMs: 250, budgetMs: 655 }]] },
  );
});

Deno.test("after a period without anything to do, what comes is done at once; the next waits", () => {
  const time = new Time();
  const done: number[] = [];
  let something = false;
  const { beat } = metronome(time, () => {
    if (something) done.push(time.now());
    return something;
  });
  beat.wake();
  time.pass(2.5 * PERIOD_MS);
  something = true;
  beat.wake();
  assertEquals(done, [2.5 * PERIOD_MS]);
  time.pass(10);
  beat.wake();
  assertEquals(done.length, 1);
  time.pass(PERIOD_MS - 10);
  assertEquals(done, [2.5 * PERIOD_MS, 3.5 * PERIOD_MS]);
});

Deno.test("who keeps step with a node that is not idle does nothing out of turn", () => {
  const time = new Time();
  let done = 0;
  const { beat } = metronome(time, () => {
    done++;
    return false;
  });
  time.pass(PERIOD_MS);
  beat.follow(PERIOD_MS);
  const before = done;
  time.pass(PERIOD_MS / 2);
  beat.wake();
  assertEquals(done, before);
});

Deno.test("what comes just after a tick has it repeated, once a period; not where delays vary much", () => {
  const time = new Time();
  let done = 0;
  const { roundTrip, beat } = metronome(time, () => {
    done++;
    return true;
  });
  time.pass(PERIOD_MS + 20);
  beat.catchUp();
  beat.catchUp();
  time.pass(30);
  assertEquals(done, 2);
  beat.catchUp();
  time.pass(PERIOD_MS / 2);
  assertEquals(done, 2);
  beat.catchUp();
  time.pass(PERIOD_MS / 4);
  assertEquals(done, 2, "that was not just after a tick");
  time.pass(PERIOD_MS / 4);
  assertEquals(done, 3);
  for (let i = 0; i < 40; i++) roundTrip.measure(i % 3 * TRIP_MS);
  beat.catchUp();
  time.pass(30);
  assertEquals(done, 3);
});
