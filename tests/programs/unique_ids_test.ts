/** The programs of challenge 2, where Maelstrom never looks: restarts and bad clocks. */
import { assertEquals, assertMatch } from "@std/assert";
import uniqueIdsCounter from "../../challenges/unique-ids-2-counter.ts";
import uniqueIdsObjectid from "../../challenges/unique-ids-2-objectid.ts";
import uniqueIdsTso from "../../challenges/unique-ids-2-tso.ts";
import uniqueIds from "../../challenges/unique-ids-2.ts";
import { mount } from "../../lib/maelstrom.ts";
import { FakeWorld, start } from "../fixtures/fake-world.ts";

const programs = {
  "unique-ids-2": uniqueIds,
  "unique-ids-2-counter": uniqueIdsCounter,
  "unique-ids-2-objectid": uniqueIdsObjectid,
};
type UniqueIds = (typeof programs)[keyof typeof programs];

/** Lets a new life of a node make ids; the world, its clock and its randomness go on from the one before. */
function live(
  program: UniqueIds,
  world: FakeWorld,
  name: string,
  count: number,
): unknown[] {
  const mounted = mount(program, world);
  const deliver = (type: string, fields: object) =>
    mounted.receive({ src: "c1", dest: name, body: { type, ...fields } });
  deliver("init", { msg_id: 0, node_id: name, node_ids: ["n0", "n1", "n2"] });
  for (let n = 1; n <= count; n++) deliver("generate", { msg_id: n });
  mounted.dispose();
  const bodies = world.takeBodies().slice(1);
  assertEquals(
    bodies.map((body) => body.type),
    Array(count).fill("generate_ok"),
  );
  return bodies.map((body) => body.id);
}

/** What the clock says at a life's start. */
const clocks: [string, (life: number) => number][] = [
  ["a clock that stands still", () => 1_800_000_000_000],
  ["a clock that runs backwards", (life) => 1_800_000_000_000 - 1_000 * life],
  [
    "a clock that is set back and lives its hour again",
    (life) => 1_800_000_000_000 + 1_000 * (life % 10),
  ],
];

for (const [name, program] of Object.entries(programs)) {
  for (const [clock, nowMs] of clocks) {
    Deno.test(`${name} repeats no id in 3 nodes' 100 lives each, with ${clock}`, () => {
      const world = new FakeWorld();
      const ids: unknown[] = [];
      for (let lifeNumber = 0; lifeNumber < 100; lifeNumber++) {
        world.setClock(nowMs(lifeNumber));
        for (const node of ["n0", "n1", "n2"]) {
          ids.push(...live(program, world, node, 20));
        }
      }
      assertEquals(new Set(ids).size, 6_000);
      assertEquals(ids.filter((id) => typeof id !== "string"), []);
    });
  }

  Deno.test(`${name} repeats no id of nodes that start in the same millisecond with the same randomness`, () => {
    const ids = ["n0", "n1", "n2"].flatMap((node) =>
      live(program, new FakeWorld(7), node, 100)
    );
    assertEquals(new Set(ids).size, 300);
  });

  Deno.test(`${name} repeats none of 100,000 ids of one life, whose parts are separated`, () => {
    const ids = live(program, new FakeWorld(), "n0", 100_000);
    assertEquals(new Set(ids).size, 100_000);
    for (const id of ids.slice(0, 100)) {
      assertMatch(String(id), /^[0-9a-z.]+(-[0-9a-z.]+){2,3}$/);
    }
  });
}

Deno.test("unique-ids-2-tso refuses after 4 s what waits for a silent oracle, and gives all others an id when it answers", async () => {
  const { world, deliver } = start(uniqueIdsTso);
  for (let n = 1; n <= 12; n++) {
    deliver("c1", { type: "generate", msg_id: n });
    await world.advance(500);
  }
  const replies = () => world.sent.filter(({ dest }) => dest === "c1");
  const codes = replies().map(({ body }) => body.code);
  assertEquals(codes, [11, 11, 11, 11, 11]);
  const { body } = world.sent.find(({ dest }) => dest === "lin-tso")!;
  deliver("lin-tso", { type: "ts_ok", ts: 7, in_reply_to: body.msg_id! });
  await world.advance(0);
  const ids = replies().slice(5).map(({ body }) => body.id);
  assertEquals(ids, [0, 1, 2, 3, 4, 5, 6].map((n) => `7-${n}`));
});

Deno.test("unique-ids-2-objectid gives ids that sort by the time they were made", () => {
  const world = new FakeWorld();
  const ids: unknown[] = [];
  for (let second = 0; second < 20; second++) {
    world.setClock(1_800_000_000_000 + 1_000 * second);
    ids.push(...live(uniqueIdsObjectid, world, `n${second % 3}`, 20));
  }
  assertEquals(ids, [...ids].sort());
});
