/** Turns: how long a winner stands back for the others. */
import {
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import { Turns } from "../../lib/services/turns.ts";

/** How long a node with so many peers stands back after a try that took this long, in ms. */
async function standsBack(
  { peers, tryMs, wins, outageMs = 0 }: {
    peers: number;
    tryMs: number;
    wins: boolean;
    outageMs?: number; // during every tenth try
  },
): Promise<number[]> {
  let now = 0;
  const turns = new Turns({
    peers: Array.from({ length: peers }, (_, i) => `n${i + 1}`),
    now: () => now,
    random: Math.random,
    sleep: (ms) => {
      now += ms;
      return Promise.resolve();
    },
  });
  const stood: number[] = [];
  for (let i = 0; i < 100; i++) {
    turns.saw(0); // others have not won since its last race
    now += tryMs + (i % 10 === 5 ? outageMs : 0);
    const ended = now;
    if (wins) turns.won();
    await turns.next();
    stood.push(now - ended);
  }
  return stood;
}

Deno.test("a winner stands back for 0.75 to 1.75 times what the others need for a try each, though it has seen none of them win", async () => {
  const stood = await standsBack({ peers: 2, tryMs: 100, wins: true });
  assertGreaterOrEqual(Math.min(...stood), 150);
  assertLessOrEqual(Math.max(...stood), 350);
  const mean = stood.reduce((sum, ms) => sum + ms) / stood.length;
  assertGreaterOrEqual(mean, 220);
  assertLessOrEqual(mean, 280);
});

Deno.test("a winner stands back for 2 s at most, and not at all if it is alone or has only read", async () => {
  const many = await standsBack({ peers: 24, tryMs: 400, wins: true });
  assertEquals(new Set(many), new Set([2_000]));
  const alone = await standsBack({ peers: 0, tryMs: 400, wins: true });
  assertEquals(new Set(alone), new Set([0]));
  const reader = await standsBack({ peers: 2, tryMs: 400, wins: false });
  assertEquals(new Set(reader), new Set([0]));
});

Deno.test("a winner whose try took long because a service was silent stands back no longer for it", async () => {
  const stood = await standsBack({
    peers: 2,
    tryMs: 100,
    wins: true,
    outageMs: 8_000,
  });
  assertLessOrEqual(Math.max(...stood), 350);
});
