import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  allPartitions,
  describeGrudge,
  type Grudge,
  grudge,
  maelstromPartitions,
  nemesisFaults,
  nemesisSchedule,
  nodesStruck,
  type PartitionKind,
  TARGETS,
} from "../../lib/workbench/world/nemesis.ts";
import { seeded } from "../../lib/workbench/world/random.ts";

const SEEDS = 50;

function cluster(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i}`);
}

/** Partitions of one kind and size, over many seeds. */
function* partitions(kind: PartitionKind, count: number): Iterable<Grudge> {
  for (let seed = 0; seed < SEEDS; seed++) {
    yield grudge(kind, cluster(count), seeded(seed));
  }
}

/** How many others each node hears, in ascending order. */
function heard(partition: Grudge): number[] {
  return [...partition.values()]
    .map((refused) => partition.size - 1 - refused.size)
    .sort((a, b) => a - b);
}

function isSymmetric(partition: Grudge): boolean {
  return [...partition].every(([receiver, refused]) =>
    [...refused].every((source) => partition.get(source)!.has(receiver))
  );
}

/** The sizes of the two sides that refuse exactly each other. */
function sides(partition: Grudge): [number, number] {
  const [, refused] = [...partition].find(([, refused]) => refused.size > 0)!;
  for (const [receiver, sources] of partition) {
    const across = [...partition.keys()].filter((node) =>
      refused.has(node) !== refused.has(receiver)
    );
    assertEquals([...sources], across);
  }
  const one = refused.size, other = partition.size - one;
  return [Math.min(one, other), Math.max(one, other)];
}

const splits: [
  PartitionKind,
  { [nodes: number]: [number, number] | "whole" },
][] = [
  ["one", { 2: [1, 1], 3: [1, 2], 5: [1, 4], 25: [1, 24] }],
  ["majority", { 2: [1, 1], 3: [1, 2], 5: [2, 3], 25: [12, 13] }],
  ["minority-third", { 2: "whole", 3: "whole", 5: [1, 4], 25: [8, 17] }],
];

for (const [kind, table] of splits) {
  for (const [count, expected] of Object.entries(table)) {
    const outcome = expected === "whole" ? "nothing" : expected.join(" from ");
    Deno.test(`partition "${kind}" cuts ${outcome} of ${count} nodes`, () => {
      for (const partition of partitions(kind, Number(count))) {
        if (expected === "whole") {
          assertEquals(
            [...partition.values()].every((r) => r.size === 0),
            true,
          );
        } else {
          assertEquals(sides(partition), expected);
        }
      }
    });
  }
}

Deno.test("a majorities ring does not cut two nodes apart", () => {
  for (const partition of partitions("majorities-ring", 2)) {
    assertEquals(heard(partition), [1, 1]);
  }
});

Deno.test("a majorities ring of three nodes lets each hear only one other, which does not hear it", () => {
  for (const partition of partitions("majorities-ring", 3)) {
    assertEquals(heard(partition), [1, 1, 1]);
    for (const [receiver, refused] of partition) {
      const [predecessor] = [...partition.keys()].filter((node) =>
        node !== receiver && !refused.has(node)
      );
      assert(partition.get(predecessor!)!.has(receiver));
    }
  }
});

Deno.test("a majorities ring of four or five nodes lets each hear its two neighbours, symmetrically", () => {
  for (const count of [4, 5]) {
    for (const partition of partitions("majorities-ring", count)) {
      assertEquals(heard(partition), Array(count).fill(2));
      assert(isSymmetric(partition));
    }
  }
});

Deno.test("a majorities ring of more nodes lets each hear a majority, symmetrically, and nobody all", () => {
  for (const count of [6, 7, 25]) {
    const majority = Math.floor(count / 2);
    for (const partition of partitions("majorities-ring", count)) {
      const [least, most] = [heard(partition)[0]!, heard(partition).at(-1)!];
      assertEquals(least, majority);
      assert(most <= majority + 1, `${most} of ${count}`);
      assert(isSymmetric(partition));
    }
  }
});

Deno.test("a one-way cut leaves every link open in one direction, and comes in three shapes", () => {
  const cuts = new Set<string>();
  for (const partition of partitions("one-way", 5)) {
    for (const [receiver, refused] of partition) {
      for (const source of refused) {
        assertEquals(partition.get(source)!.has(receiver), false);
      }
    }
    cuts.add(heard(partition).join());
  }
  assertEquals(cuts, new Set(["3,4,4,4,4", "0,4,4,4,4", "3,3,3,3,4"]));
});

Deno.test("a bridge is the one node that hears everybody, between halves that hear only themselves and it", () => {
  for (const partition of partitions("bridge", 5)) {
    assertEquals(heard(partition), [2, 2, 2, 2, 4]);
    assert(isSymmetric(partition));
  }
});

Deno.test("isolating each node leaves no node that hears another", () => {
  for (const partition of partitions("isolate-each", 4)) {
    assertEquals(heard(partition), [0, 0, 0, 0]);
  }
});

Deno.test("every kind of partition names every node, and never makes one refuse itself", () => {
  for (const kind of allPartitions) {
    for (const count of [1, 2, 3, 4, 5, 6, 25]) {
      const nodes = cluster(count);
      const partition = grudge(kind, nodes, seeded(count));
      assertEquals([...partition.keys()], nodes);
      for (const [receiver, refused] of partition) {
        assertEquals(refused.has(receiver), false);
      }
    }
  }
});

Deno.test("partitions reach every node over the seeds", () => {
  for (const kind of allPartitions) {
    const hit = new Set<string>();
    for (const partition of partitions(kind, 5)) {
      for (const [receiver, refused] of partition) {
        if (refused.size > 0) hit.add(receiver);
      }
    }
    assertEquals(hit.size, 5, kind);
  }
});

Deno.test("Maelstrom's own partitions are four of the kinds there are", () => {
  assertEquals(maelstromPartitions.length, 4);
  assert(maelstromPartitions.every((kind) => allPartitions.includes(kind)));
});

Deno.test("a grudge is described as in Maelstrom's histories", () => {
  const partition: Grudge = new Map([
    ["n0", new Set(["n1", "n2"])],
    ["n1", new Set(["n0"])],
    ["n2", new Set<string>()],
  ]);
  assertEquals(describeGrudge(partition), [
    "isolated",
    { n0: ["n1", "n2"], n1: ["n0"], n2: [] },
  ]);
});

Deno.test("the nemesis starts at time 0 and alternates, within the limit", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const steps = nemesisSchedule(seeded(seed), 2, 20);
    assertEquals(steps[0], { atNs: 0, f: "start-partition" });
    steps.forEach(({ atNs, f }, i) => {
      assertEquals(f, i % 2 === 0 ? "start-partition" : "stop-partition");
      assert(atNs < 20e9 && atNs >= (steps[i - 1]?.atNs ?? 0));
      assert(
        atNs - (steps[i - 1]?.atNs ?? 0) < 4e9,
        "a gap is below twice the interval",
      );
      assert(Number.isInteger(atNs));
    });
  }
});

Deno.test("with interval 10 s and limit 20 s there are 1.54 starts and 1.18 heals on average", () => {
  const runs = 4000;
  let starts = 0, heals = 0;
  for (let seed = 0; seed < runs; seed++) {
    for (const { f } of nemesisSchedule(seeded(seed), 10, 20)) {
      if (f === "start-partition") starts++;
      else heals++;
    }
  }
  assert(Math.abs(starts / runs - 1.54) < 0.05, `${starts / runs} starts`);
  assert(Math.abs(heals / runs - 1.18) < 0.05, `${heals / runs} heals`);
});

Deno.test("an interval that is not positive is refused, and one whose plan would fill the memory", () => {
  for (const interval of [0, -1, NaN, 1e-4]) {
    assertThrows(() => nemesisSchedule(seeded(1), interval, 20), RangeError);
  }
});

Deno.test("kills and pauses together are one sequence of acts, in which each alternates with the act that ends it", () => {
  const both = new Set<string>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const steps = nemesisSchedule(seeded(seed), 1, 30, [
      ["kill", "start"],
      ["pause", "resume"],
    ]);
    for (const [begin, end] of [["kill", "start"], ["pause", "resume"]]) {
      const own = steps.map(({ f }) => f).filter((f) =>
        f === begin || f === end
      );
      own.forEach((f, i) => assertEquals(f, i % 2 === 0 ? begin : end));
    }
    both.add(steps[0]!.f).add(steps[1]!.f);
  }
  assertEquals(both, new Set(["kill", "start", "pause", "resume"]));
});

Deno.test("targets: any, one, less than a third, less than half, more than half, or all", () => {
  const counts = (count: number) =>
    TARGETS.filter((target) => target !== "some").map((target) =>
      nodesStruck(target, cluster(count), seeded(1)).length
    );
  assertEquals(counts(1), [1, 0, 0, 1, 1]);
  assertEquals(counts(3), [1, 0, 1, 2, 3]);
  assertEquals(counts(5), [1, 1, 2, 3, 5]);
  assertEquals(counts(25), [1, 8, 12, 13, 25]);
  const some = new Set<number>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const struck = nodesStruck("some", cluster(3), seeded(seed));
    assertEquals(new Set(struck).size, struck.length);
    some.add(struck.length);
  }
  assertEquals(some, new Set([1, 2, 3]));
});

Deno.test("--nemesis takes any list of its faults, and nothing else", () => {
  assertEquals(nemesisFaults("partition"), ["partition"]);
  assertEquals(nemesisFaults("kill, pause,partition"), [
    ...["kill", "pause", "partition"],
  ]);
  for (const flag of ["", "kil", "kill,,pause", "kill pause"]) {
    assertThrows(
      () => nemesisFaults(flag),
      RangeError,
      "partition, kill, pause",
    );
  }
});
