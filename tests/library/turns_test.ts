/** Turns: how long a winner stands back for the others. */
import {
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import { Turns } from "../../lib/services/turns.ts";

/** How long a node with so many peers stands back after a try that took this long, in ms. */
async function standsBack(
  { peers, tryMs, wins }: { peers: number; tryMs: number; wins: boolean },
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
    now += tryMs;
    const ended = now;
    if (wins) turns.won();
    await turns.next();
    stood.push(now - ended);
  }
  return stood;
}

Deno.test("a winner stands back for 0.5 to 1.5 times what the others need for a try each, though it has seen none of them win", async () => {
  const stood = await standsBack({ peers: 2, tryMs: 100, wins: true });
  assertGreaterOrEqual(Math.min(...stood), 100);
  assertLessOrEqual(Math.max(...stood), 300);
  const mean = stood.reduce((sum, ms) => sum + ms) / stood.length;
  assertGreaterOrEqual(mean, 170);
  assertLessOrEqual(mean, 230);
});

Deno.test("a winner stands back for 2 s at most, and not at all if it is alone or has only read", async () => {
  const many = await standsBack({ peers: 24, tryMs: 400, wins: true });
  assertEquals(new Set(many), new Set([2_000]));
  const alone = await standsBack({ peers: 0, tryMs: 400, wins: true });
  assertEquals(new Set(alone), new Set([0]));
  const reader = await standsBack({ peers: 2, tryMs: 400, wins: false });
  assertEquals(new Set(reader), new Set([0]));
});
