/** Micro-operations and orders as columns of numbers, under both judges of transactions. */
import { assertEquals } from "@std/assert";
import {
  Column,
  grouped,
  inOrder,
  places,
} from "../../../lib/workbench/checkers/elle/columns.ts";
import {
  isShown,
  lastOf,
  NONE,
  readOf,
  STEP,
  StepsBuilder,
  writtenBy,
} from "../../../lib/workbench/checkers/elle/steps.ts";
import { seeded } from "../../../lib/workbench/world/random.ts";

Deno.test("a column keeps what is pushed, however much that is", () => {
  const column = new Column();
  for (let i = 0; i < 1_000; i++) column.push(i * i);
  column.set(3, -1);
  assertEquals(column.length, 1_000);
  assertEquals(column.values.length, 1_000);
  assertEquals([...column.values.subarray(2, 5)], [4, -1, 16]);
  assertEquals(column.at(999), 999 * 999);
});

Deno.test("members of groups keep their order, and what has no group is left out", () => {
  const { starts, members } = grouped(Int32Array.of(2, 0, -1, 2, 0), 3);
  assertEquals([[...starts], [...members]], [[0, 2, 2, 4], [1, 4, 0, 3]]);
  const named = grouped(Int32Array.of(1, 0), 2, Int32Array.of(70, 80));
  assertEquals([...named.members], [80, 70]);
});

Deno.test("places are sorted by dense and by sparse positions, infinite ones last (200 random lists)", () => {
  const random = seeded(1);
  for (let i = 0; i < 200; i++) {
    const size = random.int(30), gap = random.pick([1, 3, 1e12]);
    const positions = Float64Array.from(
      { length: size },
      () => random.chance(0.2) ? Infinity : gap * random.int(40),
    );
    const some = places(size).filter(() => random.chance(0.8));
    const sorted = [...some].sort((a, b) =>
      positions[a] === positions[b] ? a - b : positions[a]! - positions[b]!
    );
    assertEquals([...inOrder(some, positions)], sorted);
  }
});

Deno.test("in each transaction, the first read of a key shows others' writes, and the last write is what it leaves", () => {
  const builder = new StepsBuilder();
  builder.read("x", 1);
  builder.write("x", 2);
  builder.read("x", 2);
  builder.write("x", 3);
  builder.write("y", 9);
  builder.read("y", 9);
  builder.end();
  builder.readUnanswered("y");
  builder.write("y", 4);
  builder.end();
  const steps = builder.steps(), { first, writes } = STEP;
  assertEquals([...steps.starts], [0, 6, 8]);
  const shown = places(8).filter((step) => isShown(steps, step));
  assertEquals([...shown], [0]);
  const ofBit = (bit: number) =>
    [...places(8)].filter((step) => steps.bits[step]! & bit);
  assertEquals(ofBit(writes), [1, 3, 4, 7]);
  assertEquals(ofBit(STEP.firstWrite), [1, 4, 7]);
  assertEquals(ofBit(STEP.lastWrite), [3, 4, 7]);
  // What was not answered does not count as touching the key.
  assertEquals(ofBit(first), [0, 4, 7]);
  const { values } = steps.versions;
  assertEquals(values[lastOf(steps, readOf(steps, 0, 0))], 1);
  assertEquals(values[writtenBy(steps, 0, 0)], 3);
  assertEquals(readOf(steps, 0, 1), NONE);
  assertEquals(writtenBy(steps, 1, 0), NONE);
});

Deno.test("lists that begin alike share their elements, while other lists and nulls do not", () => {
  const builder = new StepsBuilder();
  const lists = [[1, 2], [1], [1, 2, 3], [], [2, 1], [1, 2, 3]];
  for (const list of lists) builder.readList("x", list);
  builder.readNull("x");
  builder.end();
  const { from, to, elements, versions } = builder.steps();
  assertEquals(
    lists.map((_, step) =>
      [...elements.subarray(from[step]!, to[step]!)]
        .map((element) => versions.values[element])
    ),
    lists,
  );
  assertEquals(from[1], from[0]);
  assertEquals(from[5], from[2]);
  assertEquals(elements.length, 2 + 3 + 2);
  assertEquals([from[6], to[6]], [NONE, NONE]);
});
