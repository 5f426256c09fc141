/** Metronomes: in step with another node, whatever its messages go through. */
import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
} from "@std/assert";
import fc from "fast-check";
import { RoundTrip } from "../../lib/gossip/round-trip.ts";
import {
  BUSY_GUARD_MS,
  GUARD_MS,
  Metronome,
} from "../../lib/gossip/metronome.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { Time } from "../fixtures/time.ts";

const BUDGET_MS = 1_000, TRIP_MS = 200;

/** With a round trip of 200 ms, always. */
function metronome(time: Time, task: () => boolean = () => true) {
  const roundTrip = new RoundTrip();
  roundTrip.measure(TRIP_MS);
  return { roundTrip, beat: new Metronome(time, roundTrip, BUDGET_MS, task) };
}

/** The same with its ticks, on a machine that has long been quiet: every {@link PERIOD_MS}, the last one now. */
function settled() {
  const time = new Time();
  const ticks: { at: number; nextMs: number }[] = [];
  const { roundTrip, beat } = metronome(time, () => {
    ticks.push({ at: time.now(), nextMs: beat.nextMs });
    return true;
  });
  while (Math.abs(beat.periodMs - PERIOD_MS) > 1e-6) time.pass(PERIOD_MS);
  time.pass(beat.nextMs);
  ticks.length = 0;
  const begunAt = time.now();
  const at = () => ticks.map(({ at }) => Math.round(at - begunAt));
  /** Others speak just before the next tick, and it is made. */
  const hear = (count: number, earlyMs = GUARD_MS) => {
    time.pass(beat.nextMs - earlyMs);
    for (let i = 0; i < count; i++) beat.hear();
    time.pass(earlyMs);
  };
  return { time, roundTrip, beat, ticks, at, hear };
}

const PERIOD_MS = BUDGET_MS - TRIP_MS - 1.5 * GUARD_MS;

Deno.test("a period is what the budget leaves beside a round trip and the guard, and a round trip at least", () => {
  const { time, roundTrip, beat, at } = settled();
  time.pass(2 * PERIOD_MS);
  assertEquals(at(), [PERIOD_MS, 2 * PERIOD_MS]);
  assertEquals(Math.round(beat.nextMs), PERIOD_MS);
  for (let i = 0; i < 200; i++) roundTrip.measure(800);
  assertEquals(beat.periodMs, 800);
});

Deno.test("the first period is a round trip, the next ones are for a busy machine until it is known to be quiet", () => {
  const time = new Time();
  const ticks: number[] = [];
  metronome(time, () => ticks.push(time.now()) > 0);
  time.pass(60 * PERIOD_MS);
  const gaps = ticks.slice(1).map((at, i) => at - ticks[i]!);
  assertEquals(ticks[0], TRIP_MS);
  assertLess(gaps[0]!, PERIOD_MS - 30);
  assertLess(PERIOD_MS - gaps.at(-1)!, 1);
  const steps = gaps.slice(1).map((ms, i) => ms - gaps[i]!);
  assert(Math.max(...steps) < 5 && Math.min(...steps) > -1e-6, `${steps}`);
});

for (
  const [text, jitterMs, guardMs] of [
    ["a little, as on a busy machine", 4, GUARD_MS + BUSY_GUARD_MS],
    ["more than a machine does", 20, GUARD_MS + 3 * 20],
  ] as const
) {
  Deno.test(`where round trips vary ${text}, the guard is ${guardMs} ms`, () => {
    const { time, roundTrip, beat } = settled();
    for (let i = 0; i < 50; i++) roundTrip.measure(TRIP_MS + i % 3 * jitterMs);
    assertEquals(roundTrip.jitterMs, jitterMs);
    time.pass(100 * PERIOD_MS);
    const expected = BUDGET_MS - (TRIP_MS + jitterMs) - 1.5 * guardMs;
    assertLess(Math.abs(beat.periodMs - expected), 1);
  });
}

Deno.test("a few late messages change nothing, and many change a period by no more than 1/8 of what they will", () => {
  const { time, roundTrip, beat } = settled();
  for (let i = 0; i < 20; i++) roundTrip.measure(TRIP_MS);
  for (let i = 0; i < 7; i++) roundTrip.measure(TRIP_MS + 100);
  time.pass(10 * PERIOD_MS);
  assertLess(Math.abs(beat.periodMs - PERIOD_MS), 1e-3);
  assert(roundTrip.patienceMs > TRIP_MS + 100, "patience is another thing");
  for (let i = 0; i < 15; i++) roundTrip.measure(TRIP_MS + i % 3 * 4);
  const before = beat.periodMs;
  time.pass(PERIOD_MS);
  assertLessOrEqual(before - beat.periodMs, 1.5 * BUSY_GUARD_MS / 8 + 1e-6);
});

Deno.test("a tick that is due within the guard is not put off; an earlier one is", () => {
  const { time, beat, at } = settled();
  time.pass(PERIOD_MS - GUARD_MS - 1);
  beat.follow(PERIOD_MS);
  assertEquals(at(), []);
  assertEquals(Math.round(beat.nextMs), PERIOD_MS - TRIP_MS - GUARD_MS);
  time.pass(beat.nextMs - GUARD_MS + 1);
  beat.follow(PERIOD_MS);
  assertEquals(at().length, 1);
});

Deno.test("who has just time enough to be there before the other's tick speaks at once", () => {
  const { time, beat, at } = settled();
  time.pass(100);
  beat.follow(TRIP_MS + GUARD_MS - 3);
  time.pass(0);
  assertEquals(at(), [100]);
});

Deno.test("who is too late by little speaks at once, since the other repeats its tick; who is later waits for the next", () => {
  for (const [lateMs, count] of [[60, 1], [120, 0]] as const) {
    const { time, beat, at } = settled();
    time.pass(100);
    beat.follow(TRIP_MS + GUARD_MS - lateMs);
    time.pass(0);
    assertEquals(at().length, count);
    assertEquals(Math.round(beat.nextMs), PERIOD_MS - lateMs);
  }
});

Deno.test("what the other says out of turn, of a tick after its next, does not put off a tick", () => {
  const { time, beat, at } = settled();
  time.pass(100);
  beat.follow(PERIOD_MS);
  time.pass(50);
  beat.follow(2 * PERIOD_MS);
  time.pass(PERIOD_MS - 50 - TRIP_MS - GUARD_MS);
  assertEquals(at(), [100 + PERIOD_MS - TRIP_MS - GUARD_MS]);
});

Deno.test("a first round trip that was held up moves nothing", () => {
  const time = new Time();
  const roundTrip = new RoundTrip();
  roundTrip.measure(TRIP_MS + 160);
  const beat = new Metronome(time, roundTrip, BUDGET_MS, () => true);
  time.pass(100);
  beat.follow(PERIOD_MS);
  assert(beat.nextMs > PERIOD_MS - TRIP_MS - 40 - 1, `${beat.nextMs}`);
  assertLess(beat.nextMs, PERIOD_MS - TRIP_MS);
});

Deno.test("what is sent at a tick is at the other node a guard before that ticks, although its messages are late at times", () => {
  const { time, beat, ticks } = settled();
  const luck = seeded(1);
  const from = time.now();
  const early: number[] = [];
  for (let k = 1; k <= 100; k++) {
    const otherTicksAt = from + k * PERIOD_MS;
    time.pass(otherTicksAt - time.now());
    const sent = ticks.at(-1);
    if (k > 5) early.push(otherTicksAt - (sent!.at + TRIP_MS / 2));
    const late = luck.chance(0.3) ? luck.uniform(0, 60) : 0;
    time.pass(TRIP_MS / 2 + late);
    beat.follow(PERIOD_MS);
  }
  for (const ms of early) assert(Math.abs(ms - GUARD_MS) < 9, `${ms} ms`);
});

Deno.test("a late tick keeps to its time: it says the period, and the next one is when it would have been", () => {
  const { time, ticks, at } = settled();
  time.pass(PERIOD_MS - 1);
  time.stall(60);
  time.pass(0);
  time.pass(PERIOD_MS);
  assertEquals(at(), [PERIOD_MS + 59, 2 * PERIOD_MS]);
  assertEquals(Math.round(ticks[0]!.nextMs), PERIOD_MS);
  time.pass(PERIOD_MS - 100);
  time.stall(300);
  time.pass(PERIOD_MS);
  assertEquals(at().at(-1)! - at().at(-2)!, PERIOD_MS, "too late to catch up");
});

Deno.test("a hub's tick waits for as long as the machine stood still while others were on their way, beyond the guard", () => {
  const { time, at, hear, beat } = settled();
  hear(5);
  const base = at().at(-1)!;
  const stallMs = 60, dueMs = stallMs - GUARD_MS;
  time.pass(PERIOD_MS - GUARD_MS - TRIP_MS / 2 - 10);
  time.stall(stallMs);
  time.pass(GUARD_MS + TRIP_MS / 2 + 10 - stallMs);
  // Others speak when they can, and are read one after the other.
  time.pass(dueMs - 2);
  for (let i = 0; i < 5; i++) {
    time.pass(2);
    beat.hear();
  }
  assertEquals(at().at(-1), base);
  time.pass(15);
  const lateMs = at().at(-1)! - base - PERIOD_MS;
  assert(lateMs > dueMs + 8 && lateMs < dueMs + 25, `${lateMs} ms`);
  assertEquals(at().length, 2, "once is enough");
});

Deno.test("what stands still while nobody is on their way, or where nobody keeps step, puts nothing off", () => {
  const { time, at, hear } = settled();
  time.pass(PERIOD_MS - 50);
  time.stall(45);
  time.pass(5);
  assertEquals(at(), [PERIOD_MS]);
  hear(2);
  const base = at().at(-1)!;
  time.pass(PERIOD_MS / 4);
  time.stall(60);
  hear(2);
  assertEquals(at().at(-1)! - base, PERIOD_MS);
});

Deno.test("where several have spoken and now nobody has, the tick waits for the first, or 100 ms", () => {
  const { time, at, hear, beat } = settled();
  hear(5);
  time.pass(PERIOD_MS + 40);
  const { length } = at();
  beat.hear();
  time.pass(30);
  assertEquals(at().length, length + 1);
  hear(5);
  const base = at().at(-1)!;
  time.pass(PERIOD_MS + 99);
  assertEquals(at().at(-1), base);
  time.pass(11);
  assert(at().at(-1)! - base >= PERIOD_MS + 100);
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
  assertEquals(done.length, 2);
  assertLess(Math.abs(done[1]! - done[0]! - PERIOD_MS), 60);
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
  time.pass(PERIOD_MS / 4);
  beat.wake();
  assertEquals(done, before);
});

Deno.test("whoever comes just after a tick has it repeated, but those who come together once; not where delays vary much", () => {
  const { time, at, roundTrip, beat } = settled();
  time.pass(PERIOD_MS + 20);
  beat.hear();
  beat.hear();
  time.pass(30);
  assertEquals(at(), [PERIOD_MS, PERIOD_MS + 35]);
  beat.hear();
  time.pass(20);
  assertEquals(at().length, 3, "no second period for anybody");
  time.pass(PERIOD_MS / 2);
  beat.hear();
  time.pass(20);
  assertEquals(at().length, 3, "that was not just after a tick");
  time.pass(beat.nextMs + 20);
  assertEquals(at().length, 4);
  for (let i = 0; i < 40; i++) roundTrip.measure(i % 3 * TRIP_MS);
  beat.hear();
  time.pass(30);
  assertEquals(at().length, 4);
});
