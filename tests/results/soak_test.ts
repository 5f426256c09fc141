/** Soaking: shards, going on after a break, and one table of all parts. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import {
  Estimate,
  flagsOf,
  joined,
  readPart,
  soak,
  workOf,
} from "../../lib/workbench/results/soak.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";

const keys = (count: number, index: number) =>
  workOf(3, { index, count }).map((run) => JSON.stringify(run));

Deno.test(
  "shards are equal parts of all runs, and no run is in two of them",
  needs("read"),
  () => {
    const all = keys(1, 1);
    const parts = [1, 2, 3, 4].map((index) => keys(4, index));
    assertEquals(parts.flat().toSorted(), all.toSorted());
    assertEquals(new Set(all).size, all.length);
    const sizes = parts.map(({ length }) => length);
    assert(Math.max(...sizes) - Math.min(...sizes) <= 1);
    for (const faults of ["official", "chaos"]) {
      assert(all.some((run) => run.includes(`"${faults}"`)));
    }
  },
);

Deno.test("a seed is shorter where its commands ask for many operations", () => {
  const official = (name: string, run = 0) =>
    flagsOf({ name, faults: "official", run });
  assertEquals(official("broadcast-3c"), {}, "200 operations");
  assertEquals(official("kafka-5c"), { "time-limit": 2 });
  // A cut, and time for it to heal.
  const cut = { "time-limit": 2, "nemesis-interval": 2 / 3 };
  assertEquals(official("kafka-5c", 1), cut);
  const often = { "time-limit": 10, "nemesis-interval": 3 };
  assertEquals(official("lin-kv-raft", 1), often);
  const chaos = flagsOf({ name: "kafka-5c", faults: "chaos" });
  assertEquals(chaos, { "time-limit": 18, rate: 40 });
});

Deno.test("the remaining time is estimated from runs of each kind", () => {
  const estimate = new Estimate();
  const [quick, slow] = ["echo-1", "kafka-5b"];
  const runs = [quick, quick, slow, slow, slow].map((name, seed) => ({
    name,
    faults: "official" as const,
    seed,
  }));
  for (const run of runs) estimate.add(run);
  estimate.made({ name: slow, faults: "official", ms: 9_000 });
  assertEquals(estimate.leftMs, 4 * 9_000, "as if all were like the first");
  estimate.made({ name: quick, faults: "official", ms: 10 });
  assertEquals(estimate.leftMs, 2 * 9_000 + 10);
  // A run of an earlier session tells how long others take.
  estimate.made({ name: slow, faults: "official", ms: 7_000 }, false);
  assertEquals(estimate.leftMs, 2 * 8_000 + 10);
});

/** A part in which all runs have passed, but one. */
function partOf(index: number, count: number, failing: string) {
  const shard = { index, count };
  const lines = workOf(1, shard).map(({ name, faults, run = 0, seed }) => ({
    name,
    faults: run === 0 ? faults : `${faults} ${run}`,
    seed,
    verdict: name !== failing,
    ms: 500,
    ...(name === failing ? { replay: "the command", anomalies: [] } : {}),
  }));
  return { head: { seeds: 1, shard, commit: "c" }, lines };
}

Deno.test(
  "parts are joined to one table, with what failed and what is missing",
  needs("read"),
  () => {
    const [a, b] = [partOf(1, 2, "none"), partOf(2, 2, "none")];
    const whole = joined([a, b]);
    assertEquals(whole.status, 0);
    assertStringIncludes(
      whole.text,
      "| echo-1 | chaos | 10 s at 5/s | 1 | 0 | 0 | 0 | 500 |",
    );
    const all = a.lines.length + b.lines.length;
    const minutes = (all / 120).toFixed(1);
    assertStringIncludes(
      whole.text,
      `${all} runs took ${minutes} min of one core`,
    );
    const half = joined([a]);
    assertEquals(half.status, 2);
    assertStringIncludes(half.text, `${b.lines.length} of`);
    assertEquals(joined([a], { index: 1, count: 2 }).status, 0, "by itself");
    const bad = joined([partOf(1, 1, "echo-1")]);
    assertEquals(bad.status, 1);
    assertStringIncludes(bad.text, "the command");
    assertStringIncludes(
      bad.text,
      "| echo-1 | official | 10 s at 5/s | 0 | 0 | 1 | 0 |",
    );
    const other = { ...b, head: { ...b.head, commit: "d" } };
    assertStringIncludes(joined([a, other]).text, "runs of 2 commits: c, d");
  },
);

Deno.test(
  "what is damaged in a part counts as missing, and what it does not name is not counted",
  needs("read"),
  () => {
    const { head, lines } = partOf(1, 1, "none");
    const [first, ...others] = [...lines, { ...lines[0]!, name: "renamed" }]
      .map((line) => JSON.stringify(line));
    const text = [
      JSON.stringify(head),
      ...["null", "5", "[]", "{}", JSON.stringify(head), '{"name":"ech'],
      first!.replace(/"verdict":true/, '"verdict":"maybe"'),
      ...others,
    ].join("\n");
    const part = readPart(text)!;
    assertEquals(part.lines.length, others.length);
    const { text: said, status } = joined([part]);
    assertEquals(status, 2);
    assertStringIncludes(said, `1 of ${lines.length} runs are missing`);
    for (const seeds of ["many", 0, 1e12]) {
      const head = { seeds, shard: { index: 1, count: 1 }, commit: "c" };
      assertEquals(readPart(JSON.stringify(head)), null);
    }
  },
);

Deno.test(
  "an interrupted soak continues where it was, even after half a line",
  needs("read", "write", "run"),
  inFolder(async (folder) => {
    const file = join(folder, "soak", "part.jsonl");
    const shard = { index: 1, count: 10_000 };
    const first = await soak(1, shard, file, 1);
    assertEquals(first.lines.length, workOf(1, shard).length);
    const text = await Deno.readTextFile(file);
    assertEquals(readPart(text), first);
    const marked = text.replace(/"ms":\d+/, '"ms":123456789');
    await Deno.writeTextFile(file, `${marked}{"name":"ech`);
    const again = await soak(1, shard, file, 1);
    assertEquals(again.lines.length, first.lines.length);
    assertEquals(again.lines[0]!.ms, 123456789, "it was not run again");
    const other = await soak(2, shard, file, 1);
    assert(other.lines[0]!.ms < 123456789, "other seeds begin anew");
  }),
);
