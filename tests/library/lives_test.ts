/** Nodes that lose their memory and come back, as those see it that they talk to. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { Conversation, type Saying } from "../../lib/gossip/conversation.ts";
import { CatchUp, Life } from "../../lib/gossip/life.ts";
import { RoundTrip } from "../../lib/gossip/round-trip.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { Time } from "../fixtures/time.ts";

const PATIENCE_MS = 300;

/** A node of two, which keeps what it knows in a set, and can lose it. */
class Side {
  known!: Set<number>;
  talk!: Conversation<number>;
  life!: Life;
  readonly trip = new RoundTrip();
  #lives = 0;

  constructor(readonly time: Time, readonly name: string, clockMs = 0) {
    this.start(clockMs);
  }

  /** Begins another life, by a clock that is so far off. */
  start(clockMs = 0): void {
    const { after, log, now } = this.time;
    const random = seeded(this.#lives++).fork(this.name).next;
    const node = { after, log, random, now: () => now() + clockMs };
    this.known = new Set();
    this.life = new Life(node);
    const peer = this.name === "a" ? "b" : "a";
    this.talk = new Conversation(node, peer, this.life, {
      roundTrip: this.trip,
      onSilence() {},
      all: () => [...this.known],
    });
  }

  learn(item: number): void {
    this.known.add(item);
    this.talk.owe(item);
  }

  say(): Saying<number> {
    return this.talk.say(PATIENCE_MS);
  }

  /** Tells whether that is to be answered at once. */
  hear(said: Saying<number>): boolean {
    const { items, isUrgent } = this.talk.hear(said);
    for (const item of items) this.known.add(item);
    return isUrgent;
  }
}

function two() {
  const time = new Time();
  time.pass(1_000);
  return { time, a: new Side(time, "a"), b: new Side(time, "b") };
}

/** Both say what they have to say, a few times. */
function talk(time: Time, a: Side, b: Side, rounds = 6): void {
  for (let round = 0; round < rounds; round++) {
    time.pass(500);
    b.hear(a.say());
    a.hear(b.say());
  }
}

Deno.test("a peer that has lost its memory gets back what it had told and been told, and that is logged once", () => {
  const { time, a, b } = two();
  a.learn(1);
  b.learn(2);
  talk(time, a, b);
  b.start();
  assertEquals([...b.known], []);
  talk(time, a, b);
  assertEquals([...b.known].sort(), [1, 2]);
  assertEquals(time.logged, ["b has started again, without its memory"]);
  assert(a.talk.isCaughtUp && b.talk.isCaughtUp);
  assertEquals([a.talk.unacknowledged, b.talk.unacknowledged], [0, 0]);
});

Deno.test("a life has caught up when what it is told back has arrived, and not before", () => {
  const { time, a, b } = two();
  for (let item = 0; item < 3; item++) a.learn(item);
  talk(time, a, b);
  b.start();
  assert(!b.talk.isCaughtUp);
  a.hear(b.say());
  const back = a.say();
  assertEquals(back.hello?.owes, 3);
  b.hear({ ...back, v: back.v.slice(0, 2) });
  assert(!b.talk.isCaughtUp);
  b.hear(back);
  assert(b.talk.isCaughtUp);
});

Deno.test("tasks wait for what peers know for a second at most, however long the node has been there", async () => {
  const time = new Time();
  let isBack = false;
  const catchUp = new CatchUp(time, () => isBack);
  time.pass(5_000);
  const ran: number[] = [];
  const run = () => void catchUp.run(() => ran.push(time.now()));
  run();
  time.pass(600);
  run();
  time.pass(399);
  await Promise.resolve();
  assertEquals(ran, []);
  time.pass(1);
  await Promise.resolve();
  assertEquals(ran, [6_000, 6_000]);

  const other = new CatchUp(time, () => isBack);
  const answer = other.run(() => "now");
  isBack = true;
  other.look();
  assertEquals([await answer, other.run(() => "at once")], ["now", "at once"]);
});

Deno.test("the first life of all has caught up when it has been greeted", () => {
  const { time, a, b } = two();
  assert(!b.talk.isCaughtUp);
  talk(time, a, b, 2);
  assert(a.talk.isCaughtUp && b.talk.isCaughtUp);
});

Deno.test("what an earlier life has said or been told does not count", () => {
  const { time, a, b } = two();
  a.learn(1);
  b.learn(2);
  const early = [a.say(), b.say()] as const;
  b.hear(early[0]);
  a.hear(early[1]);
  talk(time, a, b);
  a.learn(3);
  b.learn(4);
  const late = [a.say(), b.say()] as const;
  b.start();
  for (const item of [5, 6, 7]) b.learn(item);
  talk(time, a, b, 1);
  for (const [toB, toA] of [early, late]) {
    b.hear(toB);
    a.hear(toA);
  }
  for (const item of [8, 9]) a.learn(item);
  talk(time, a, b);
  for (const item of [5, 6, 7]) assert(a.known.has(item), `${item}`);
  for (const item of [1, 2, 3, 8, 9]) assert(b.known.has(item), `${item}`);
  assertEquals(time.logged.length, 1);
});

Deno.test("what was meant for an earlier life is not acknowledged, which would look like items of the next conversation", () => {
  const { a, b } = two();
  a.hear(b.say());
  const said = a.say();
  b.start();
  b.hear(said);
  assertEquals(b.say().a, undefined);
});

Deno.test("no acknowledgement of a conversation could be one of the conversation after it", () => {
  const { time, a, b } = two();
  a.learn(1);
  const tags = new Set<number>();
  for (let life = 0; life < 50; life++) {
    a.hear(b.say());
    tags.add(a.say().hello!.tag);
    time.pass(1_000);
    b.start();
  }
  const all = [...tags];
  assertEquals(all.length, 50);
  for (const [i, tag] of all.entries()) {
    assert(tag >= 1_000_000 && tag < 10_000_000);
    if (i === 0) continue;
    const apart = Math.abs(tag - all[i - 1]!);
    assert(Math.min(apart, 9_000_000 - apart) >= 2_000_000);
  }
});

Deno.test("a life whose clock was set back is stamped anew, above the one that its peers know", () => {
  const { time, a, b } = two();
  b.learn(1);
  talk(time, a, b);
  const before = b.life.stamp;
  b.start(-3_500);
  assert(b.life.stamp < before);
  b.learn(2);
  talk(time, a, b);
  assert(b.life.stamp > before);
  assertEquals([...b.known].sort(), [1, 2]);
  assertEquals([...a.known].sort(), [1, 2]);
});

Deno.test("a life whose clock was set back hears of an earlier one that answered late, though it knows its peer already", () => {
  const { time, a, b } = two();
  b.learn(1);
  a.learn(2);
  const greeting = b.say();
  a.hear(greeting);
  const late = a.say();
  a.start(-3_600_000);
  a.hear(greeting);
  a.learn(3);
  b.hear(late);
  talk(time, a, b);
  assertEquals(a.known, new Set([1, 2, 3]));
  assertEquals(b.known, a.known);
  assertEquals(a.talk.unacknowledged + b.talk.unacknowledged, 0);
});

Deno.test("at most one answer in a round trip goes out at once, whatever the peer complains of", () => {
  const { time, a, b } = two();
  for (let i = 0; i < 50; i++) b.trip.measure(100);
  talk(time, a, b);
  b.learn(1);
  const complaint = { ...a.say(), lost: true as const };
  let answers = 0;
  for (let ms = 0; ms < 1_000; ms++) {
    if (b.hear(complaint)) {
      answers++;
      b.say();
    }
    time.pass(1);
  }
  assertLessOrEqual(answers, 10);
  assert(answers >= 5);
});

Deno.test("with any loss, duplication and delay, and memory lost at any moment, both sides know the same in the end, and owe nothing", () => {
  const step = fc.record({
    side: fc.nat(1),
    act: fc.constantFrom("says", "says", "says", "says", "learns", "restarts"),
    fate: fc.constantFrom("arrives", "arrives", "lost", "twice", "late"),
    ms: fc.nat(400),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { time, a, b } = two();
      const sides = [a, b] as const;
      const late: { to: Side; said: Saying<number> }[] = [];
      let next = 0;
      for (const { side, act, fate, ms } of steps) {
        const [from, to] = [sides[side]!, sides[1 - side]!];
        time.pass(ms + 1);
        if (act === "learns") from.learn(next++);
        else if (act === "restarts") from.start();
        else {
          const said = from.say();
          if (fate === "late") late.push({ to, said });
          if (fate === "arrives" || fate === "twice") to.hear(said);
          if (fate === "twice") to.hear(said);
        }
        if (late.length > 2) {
          const { to, said } = late.shift()!;
          to.hear(said);
        }
      }
      for (const { to, said } of late) to.hear(said);
      talk(time, a, b, 12);
      assertEquals([...a.known].sort(), [...b.known].sort());
      for (const { talk } of sides) {
        assertEquals([talk.unacknowledged, talk.silence], [0, 0]);
        assert(talk.isCaughtUp);
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("two lives that hear of the same earlier one take different stamps above it", () => {
  const time = new Time();
  const { log } = time;
  for (let seed = 0; seed < 20; seed++) {
    const random = seeded(seed);
    const lives = ["one", "next"].map((name) =>
      new Life({ log, random: random.fork(name).next, now: () => 0 })
    );
    for (const life of lives) life.raise(1_000_000);
    const [one, next] = lives.map(({ stamp }) => stamp) as [number, number];
    assert(one !== next && Math.min(one, next) > 1_000_000);
  }
});
