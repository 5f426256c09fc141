/** Conversations: what is acknowledged, said again, measured and given up for a while. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLessOrEqual,
} from "@std/assert";
import fc from "fast-check";
import {
  Conversation,
  type ConversationOptions,
  type Saying,
  type Talker,
} from "../../lib/gossip/conversation.ts";
import { Life } from "../../lib/gossip/life.ts";
import { RoundTrip } from "../../lib/gossip/round-trip.ts";
import { Time } from "../fixtures/time.ts";

const PATIENCE_MS = 300;

/** The first acknowledgement, where random numbers are 0. */
const TAG = 2_000_000;

/** A side of a conversation, in a first life. */
function side(
  time: ConstructorParameters<typeof Life>[0] & Talker,
  roundTrip: RoundTrip,
  more: Partial<ConversationOptions<number>> = {},
): Conversation<number> {
  const options = { roundTrip, onSilence() {}, all: () => [], ...more };
  return new Conversation(time, "n1", new Life(time), options);
}

/** Two sides that have greeted each other, and how often each has found the other silent. */
function pair() {
  const time = new Time();
  const trips = [new RoundTrip(), new RoundTrip()] as const;
  const silences = [0, 0];
  const [a, b] = trips.map((trip, i) =>
    side(time, trip, { onSilence: () => void silences[i]!++ })
  ) as [Conversation<number>, Conversation<number>];
  for (const [from, to] of [[a, b], [b, a], [a, b]] as const) {
    const { h: _, ...greeting } = from.say(PATIENCE_MS); // measures nothing
    to.hear(greeting);
  }
  return { time, a, b, trips, silences };
}

/** Makes a round trip of 100 ms well known. */
function measured(trip: RoundTrip): void {
  for (let i = 0; i < 50; i++) trip.measure(100);
}

const items = ({ v }: Saying<number>) => v;

Deno.test("items are not sent again while an answer may come", () => {
  const { time, a } = pair();
  a.owe(1);
  assertEquals(items(a.say(PATIENCE_MS)), [1]);
  a.owe(2);
  time.pass(PATIENCE_MS - 1);
  assertEquals(a.say(PATIENCE_MS), { n: 1, v: [2], a: TAG });
  assert(!a.hasNews);
});

Deno.test("an acknowledgement rides on the other side's items, and ends the debt", () => {
  const { a, b } = pair();
  a.owe(1);
  b.owe(2);
  assert(!b.hear(a.say(PATIENCE_MS)).isUrgent);
  assert(!a.hear(b.say(PATIENCE_MS)).isUrgent);
  assertEquals(a.say(PATIENCE_MS), { n: 1, v: [], a: TAG + 1, h: 0 });
  assertEquals(a.unacknowledged, 0);
});

Deno.test("a round trip is what passed without the time for which the answer was held back", () => {
  const { time, a, b, trips } = pair();
  for (let i = 0; i < 50; i++) {
    a.owe(i);
    const said = a.say(10_000);
    time.pass(40);
    b.hear(said);
    time.pass(500);
    const answer = b.say(10_000);
    time.pass(60);
    a.hear(answer);
  }
  assertAlmostEquals(trips[0].meanMs, 100, 1);
  assertLessOrEqual(trips[0].deviationMs, 1);
});

Deno.test("items sent twice measure no round trip", () => {
  const { time, a, b, trips } = pair();
  a.owe(1);
  a.say(PATIENCE_MS); // lost
  time.pass(PATIENCE_MS);
  const again = a.say(PATIENCE_MS);
  time.pass(5);
  b.hear(again);
  a.hear(b.say(PATIENCE_MS));
  assertEquals(trips[0].meanMs, new RoundTrip().meanMs);
});

Deno.test("what follows a try to reach a silent peer was sent before, and measures no round trip", () => {
  const { time, a, b, trips } = pair();
  for (let i = 0; i < 250; i++) a.owe(i);
  a.say(PATIENCE_MS); // lost
  time.pass(PATIENCE_MS);
  for (const rest of [150, 0]) {
    b.hear(a.say(PATIENCE_MS));
    time.pass(5);
    a.hear(b.say(PATIENCE_MS));
    assertEquals(a.heardAt, time.now());
    assertEquals(a.hasNews, rest > 0);
  }
  assertEquals(trips[0].meanMs, new RoundTrip().meanMs);
});

Deno.test("an acknowledgement that was lost, and rides again on a later one, measures no round trip", () => {
  const { time, a, b, trips } = pair();
  a.owe(1);
  b.hear(a.say(10_000));
  b.say(10_000); // lost
  time.pass(1_000);
  a.owe(2);
  b.hear(a.say(10_000));
  time.pass(100);
  const answer = b.say(10_000);
  assertEquals(answer, { n: 0, v: [], a: TAG + 2, h: 100 });
  a.hear(answer);
  assertEquals(trips[0].meanMs, new RoundTrip().meanMs);
  assert(!a.hasNews);
});

Deno.test("an acknowledgement of a repetition does not say how long it was held back", () => {
  const { time, a, b } = pair();
  a.owe(1);
  const said = a.say(10_000);
  b.hear(said);
  b.say(10_000); // lost
  time.pass(1_000);
  b.hear(said); // doubled by the network
  assertEquals(b.say(10_000), { n: 0, v: [], a: TAG + 1 });
});

Deno.test("patience is long at first, and always where round trips vary, but not over two seconds", () => {
  const trip = new RoundTrip();
  assertEquals(trip.patienceMs, 2_000);
  trip.measure(200);
  assert(trip.patienceMs > 800, `${trip.patienceMs} ms`);
  for (let i = 0; i < 50; i++) trip.measure(200);
  assertLessOrEqual(trip.patienceMs, 250);
  assert(trip.patienceMs >= 230, "timers are late at times");
  for (let i = 0; i < 50; i++) trip.measure(i % 2 * 200);
  assert(trip.patienceMs > 500, `${trip.patienceMs} ms`);
  for (let i = 0; i < 50; i++) trip.measure(i % 2 * 2_000);
  assertEquals(trip.patienceMs, 2_000);
});

Deno.test("items that overtake others count, and only what is missing delays the acknowledgement", () => {
  const { a, b } = pair();
  const said = [1, 2, 3, 4].map((item) => {
    a.owe(item);
    return a.say(10_000);
  });
  for (const i of [3, 1, 2]) b.hear(said[i]!);
  assertEquals(b.say(10_000).a, TAG);
  b.hear(said[0]!);
  assertEquals(b.say(10_000).a, TAG + 4);
});

Deno.test("the fastest round trip is no more than was guessed until ten have been measured, and then the fastest of the last hundred", () => {
  const trip = new RoundTrip();
  const guessMs = trip.fastestMs;
  for (let i = 0; i < 9; i++) trip.measure(2 * guessMs);
  assertEquals(trip.fastestMs, guessMs);
  trip.measure(2 * guessMs);
  assertEquals(trip.fastestMs, 2 * guessMs);
  trip.measure(10);
  for (let i = 0; i < 99; i++) trip.measure(20);
  assertEquals(trip.fastestMs, 10);
  trip.measure(20);
  assertEquals(trip.fastestMs, 20);
});

Deno.test("where round trips vary, what has been overtaken may be on its way still, for a while", () => {
  const { time, a, b, trips } = pair();
  for (let i = 0; i < 50; i++) trips[1].measure(i % 2 * 100); // 50 ms from the mean
  a.owe(1);
  a.say(10_000); // lost
  a.owe(2);
  assert(!b.hear(a.say(10_000)).isUrgent);
  time.pass(100);
  assertEquals(b.say(10_000).lost, undefined);
  time.pass(250);
  assert(b.hear(a.say(10_000)).isUrgent);
  assertEquals(b.say(10_000).lost, true);
});

Deno.test("how long something has been missing does not count for what is missing behind it", () => {
  const { time, a, b, trips } = pair();
  for (let i = 0; i < 50; i++) trips[1].measure(i % 2 * 100);
  const latestMs = trips[1].overtakingMs;
  const said = [1, 2, 3, 4].map((item) => {
    a.owe(item);
    return a.say(10_000);
  });
  assert(!b.hear(said[1]!).isUrgent);
  assert(!b.hear(said[3]!).isUrgent);
  time.pass(latestMs - 1);
  assert(!b.hear(said[0]!).isUrgent);
  time.pass(latestMs - 1);
  assertEquals(b.say(10_000), { n: 0, v: [], a: TAG + 2 });
  time.pass(1);
  assertEquals(b.say(10_000), { n: 0, v: [], a: TAG + 2, lost: true });
});

Deno.test("a gap is answered at once, and what is missing is then resent", () => {
  const { a, b, trips } = pair();
  measured(trips[1]);
  a.owe(1);
  a.say(PATIENCE_MS); // lost
  a.owe(2);
  assert(
    b.hear(a.say(PATIENCE_MS)).isUrgent,
    "there is no need to wait with the answer",
  );
  const answer = b.say(PATIENCE_MS);
  assertEquals([answer.a, answer.lost], [TAG, true]);
  assert(a.hear(answer).isUrgent);
  assertEquals(items(a.say(PATIENCE_MS)), [1, 2]);
});

Deno.test("as long as nothing is known of the network, what is missing may be on its way", () => {
  const { time, a, b } = pair();
  a.owe(1);
  a.say(10_000); // lost
  a.owe(2);
  time.pass(5_000);
  assert(!b.hear(a.say(10_000)).isUrgent);
  time.pass(5_000);
  assertEquals(b.say(10_000).lost, undefined);
});

Deno.test("what has just been said again is not once more for a complaint that crossed it", () => {
  const { time, a, b, trips } = pair();
  for (const trip of trips) measured(trip);
  for (const item of [1, 2, 3]) a.owe(item);
  a.say(10_000); // lost
  const complaints = [4, 5].map((item) => {
    a.owe(item);
    b.hear(a.say(10_000));
    return b.say(10_000);
  });
  assert(a.hear(complaints[0]!).isUrgent);
  assertEquals(items(a.say(10_000)).length, 5); // lost
  time.pass(99);
  assert(!a.hear(complaints[1]!).isUrgent);
  assert(!a.hasNews);
  time.pass(1);
  assert(
    a.hear(complaints[1]!).isUrgent,
    "that one is of what has been said again",
  );
  assertEquals(items(a.say(10_000)).length, 5);
});

Deno.test("a gap also shows by a message without items", () => {
  const { a, b, trips } = pair();
  measured(trips[1]);
  a.owe(1);
  a.say(PATIENCE_MS); // lost
  assert(b.hear(a.say(PATIENCE_MS)).isUrgent);
  assertEquals(b.say(PATIENCE_MS).lost, true);
});

Deno.test("a repetition is answered at once: the first answer must have been lost", () => {
  const { a, b } = pair();
  a.owe(1);
  const said = a.say(PATIENCE_MS);
  assert(!b.hear(said).isUrgent);
  b.say(PATIENCE_MS); // lost
  assert(b.hear(said).isUrgent);
  assertEquals(b.say(PATIENCE_MS).a, TAG + 1);
});

Deno.test("a repetition soon after an urgent answer is answered with what is sent next", () => {
  const { time, a, b, trips } = pair();
  measured(trips[1]);
  a.owe(1);
  const said = a.say(PATIENCE_MS);
  b.hear(said);
  b.say(PATIENCE_MS); // lost
  assert(b.hear(said).isUrgent);
  b.say(PATIENCE_MS); // lost
  time.pass(99);
  assert(!b.hear(said).isUrgent, "one urgent answer a round trip");
  a.owe(2);
  assert(!b.hear(a.say(PATIENCE_MS)).isUrgent);
  assert(b.mustAnswer(10_000), "but it does not wait for items");
  assertEquals(b.say(PATIENCE_MS).a, TAG + 2);
  assert(!b.mustAnswer(0), "once");
});

Deno.test("an answer that lacks what should have arrived by then causes a resend", () => {
  const { time, a, b, trips } = pair();
  measured(trips[0]);
  a.owe(1);
  a.say(10_000); // lost
  b.owe(2);
  time.pass(50);
  a.hear(b.say(10_000));
  assert(!a.hasNews, "that message may have crossed ours");
  b.owe(3);
  time.pass(200);
  a.hear(b.say(10_000));
  assert(a.hasNews, "that one has not");
});

Deno.test("a silent peer is tried less and less often, at least every two seconds, with 100 items at most", () => {
  const { time, a, silences } = pair();
  for (let i = 0; i < 1_000; i++) a.owe(i);
  assertEquals(items(a.say(PATIENCE_MS)).length, 1_000);
  const tries: number[] = [];
  while (time.now() < 60_000) {
    const before = silences[0]!;
    time.pass(10);
    if (silences[0] === before) continue;
    tries.push(time.now());
    assert(!a.hasNews, "nothing new is for a silent peer");
    const { v, lost } = a.say(PATIENCE_MS);
    assertEquals([v.length, lost], [100, true]);
  }
  const pauses = tries.slice(1).map((at, i) => at - tries[i]!);
  assertEquals(pauses.slice(0, 3), [600, 1_200, 2_000]);
  assert(pauses.slice(2).every((pause) => pause === 2_000));
});

Deno.test("a peer that speaks again is told the rest at once", () => {
  const { time, a, b } = pair();
  for (let i = 0; i < 250; i++) a.owe(i);
  a.say(PATIENCE_MS); // lost
  time.pass(PATIENCE_MS);
  b.hear(a.say(PATIENCE_MS));
  assert(a.hear(b.say(PATIENCE_MS)).isUrgent, "the rest is due");
  assertEquals(items(a.say(PATIENCE_MS)).length, 150);
});

Deno.test("an acknowledgement that comes when its items are due again saves them", () => {
  const { a } = pair();
  for (const item of [1, 2, 3]) a.owe(item);
  a.say(10_000);
  a.hear({ n: 0, v: [], a: TAG, lost: true });
  a.hear({ n: 0, v: [], a: TAG + 2 }); // was sent before that
  assertEquals(a.say(10_000), { n: 2, v: [3], a: TAG });
});

Deno.test("a peer that has acknowledged a part counts as silent for the rest", () => {
  const { time, a, b, silences } = pair();
  a.owe(1);
  b.hear(a.say(PATIENCE_MS));
  a.owe(2);
  a.say(PATIENCE_MS); // lost
  a.hear(b.say(PATIENCE_MS));
  assertEquals([a.silence, a.hasNews], [0, false]);
  time.pass(PATIENCE_MS);
  assertEquals([a.silence, silences[0]], [1, 1]);
  assertEquals(items(a.say(PATIENCE_MS)), [2]);
});

Deno.test("a try to reach a silent peer acknowledges what that has said: the first time may have been lost", () => {
  const { time, a, b } = pair();
  a.owe(1);
  b.owe(2);
  a.hear(b.say(10_000));
  a.say(PATIENCE_MS); // lost
  time.pass(PATIENCE_MS);
  b.hear(a.say(PATIENCE_MS));
  assertEquals(b.unacknowledged, 0);
});

Deno.test("when a silent peer speaks, without an answer, what it was told in vain is said again", () => {
  const { time, a, b } = pair();
  for (const item of [1, 2]) a.owe(item);
  a.say(PATIENCE_MS); // lost
  time.pass(PATIENCE_MS);
  a.say(PATIENCE_MS); // lost as well
  b.owe(3);
  assert(a.hear(b.say(PATIENCE_MS)).isUrgent);
  assertEquals(items(a.say(PATIENCE_MS)), [1, 2]);
});

Deno.test("pauses between tries are shorter by up to a quarter, at random", () => {
  const time = new Time();
  const tries: number[] = [];
  const random = () => 0.8; // of a quarter
  const { now, after, log } = time;
  const a = side({ now, after, log, random }, new RoundTrip(), {
    onSilence() {
      tries.push(time.now());
      a.say(PATIENCE_MS);
    },
  });
  a.owe(1);
  a.say(PATIENCE_MS);
  time.pass(6_000);
  const pauses = tries.map((at, i) => at - (tries[i - 1] ?? 0));
  assertEquals(pauses, [300, 480, 960, 1_600, 1_600]);
});

Deno.test("debts are taken over once", () => {
  const { a, b } = pair();
  for (const item of [1, 2]) a.owe(item);
  for (const item of [2, 3]) b.owe(item);
  a.oweAs(b);
  a.oweAs(b);
  assertEquals(items(a.say(PATIENCE_MS)), [1, 2, 3]);
});

Deno.test("with any loss, duplication and reordering, everything arrives once the network has healed, and then nobody owes anything", () => {
  const step = fc.record({
    side: fc.nat(1),
    fate: fc.constantFrom("arrives", "lost", "twice", "late"),
    owes: fc.nat(3),
    ms: fc.nat(400),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const { time, a, b } = pair();
    const sides = [a, b] as const;
    const owed = [new Set<number>(), new Set<number>()] as const;
    const heard = [new Set<number>(), new Set<number>()] as const;
    const late: { to: number; said: Saying<number> }[] = [];
    let next = 0;
    const arrive = (to: number, said: Saying<number>) => {
      for (const item of said.v) heard[to]!.add(item);
      return sides[to]!.hear(said).isUrgent;
    };
    for (const { side, fate, owes, ms } of steps) {
      for (let i = 0; i < owes; i++) {
        sides[side]!.owe(next);
        owed[side]!.add(next++);
      }
      const said = sides[side]!.say(PATIENCE_MS);
      if (fate === "late") late.push({ to: 1 - side, said });
      if (fate === "arrives" || fate === "twice") arrive(1 - side, said);
      if (fate === "twice") arrive(1 - side, said);
      time.pass(ms);
    }
    for (const { to, said } of late) arrive(to, said);
    for (let round = 0; round < 8; round++) {
      time.pass(2_000);
      for (const [i, side] of sides.entries()) {
        arrive(1 - i, side.say(PATIENCE_MS));
      }
    }
    assertEquals(heard[1], owed[0]);
    assertEquals(heard[0], owed[1]);
    for (const side of sides) {
      assert(!side.hasNews);
      assertEquals(items(side.say(PATIENCE_MS)), []);
      assertEquals(side.silence, 0);
    }
  }));
});
