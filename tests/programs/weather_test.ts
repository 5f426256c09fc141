/**
 * Programs that keep what they have in services, where messages to these are lost, or where
 * a service is dead or slow for a while: how many requests end in an unknown outcome, that
 * every one ends, and how soon after that they are served as before.
 */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import type { Body } from "../../lib/workbench/history/history.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import "../fixtures/programs.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";

/** The i-th request of a client, by workload, and of one who looks later. */
const REQUESTS: { [workload: string]: (i: number, key: number) => Body } = {
  counter: (i) => i % 2 === 0 ? { type: "add", delta: 1 } : { type: "read" },
  ids: () => ({ type: "generate" }),
  kafka: (i, key) => ({ type: "send", key: `k${key % 50}`, msg: i }),
  registers: (i, key) => ({ type: "write", key, value: i }),
  txn: (i, key) => ({ type: "txn", txn: [["w", key, i]] }),
  lists: (i, key) => ({ type: "txn", txn: [["append", key, i]] }),
};

/** Of a hundred requests, the most that end so where 1, 3 and 10 % of messages are lost. */
type Shares = readonly [number, number, number];

const NONE: Shares = [0, 0, 0];

/**
 * By program: its requests, how many may end unknown, and be refused for certain, and the seeds
 * of 1 to 300 in which most are.
 */
const PROGRAMS: {
  [name: string]: [
    workload: string,
    unknown: Shares,
    refused: Shares,
    seeds: readonly number[],
  ];
} = {
  "counter-4": ["counter", NONE, NONE, []],
  "counter-4-cas": ["counter", NONE, NONE, []],
  "kafka-5b": ["kafka", [0, 0, 3], [0, 0, 12], [135, 267]],
  "kafka-5b-lock": ["kafka", [0, 0, 10], [0, 0, 3], [213, 244]],
  "lin-kv-proxy": ["registers", [4, 9, 23], NONE, [235, 248, 292]],
  "txn-6-strict": ["txn", NONE, NONE, []],
  "txn-6a-lock": ["txn", [3, 6, 27], [1, 5, 19], [18, 27, 91, 119, 132, 213]],
  "txn-list-append": ["lists", NONE, NONE, []],
  "txn-list-append-thunks": ["lists", [0, 0, 10], [0, 0, 2], [54, 212]],
  "unique-ids-2-tso": ["ids", NONE, NONE, []],
};

/**
 * The seeds that every program has: 1 to 3, or as many as the first argument says, as in
 * `deno test -A tests/programs/weather_test.ts -- 300`.
 */
const SEEDS = Array.from(
  { length: Number(Deno.args[0] ?? 3) },
  (_, i) => i + 1,
);

/** The code of an error after which it is not known whether anything was done. */
const UNKNOWN = 0;

const LOSSES = [0.01, 0.03, 0.1];

/** How long clients wait, in milliseconds. */
const PATIENCE_MS = 5_000;

type Ending = "ok" | "unknown" | "refused";

/** Three nodes of a program, and what became of their clients' requests. */
class Store extends SmallCluster {
  readonly #request: (i: number, key: number) => Body;
  readonly #asked = new Map<number, number>();
  /** How each request ended that was answered, and after how long, in milliseconds. */
  readonly ended = new Map<number, { as: Ending; tookMs: number }>();

  constructor(program: unknown, workload: string, seed = 1) {
    super(program, ["n0", "n1", "n2"], { latencyMs: 10, seed });
    this.#request = REQUESTS[workload]!;
    this.network.register("c1", ({ body }) => {
      const id = Number(body.in_reply_to);
      const tookMs = (this.clock.now() - this.#asked.get(id)!) / 1e6;
      const as = body.type !== "error"
        ? "ok"
        : body.code === UNKNOWN
        ? "unknown"
        : "refused";
      this.ended.set(id, { as, tookMs });
    });
  }

  /** Asks for so long, each node in turn, a hundred times a second. */
  async ask(ms: number, keys = 1_000): Promise<number[]> {
    const ids: number[] = [];
    for (let at = 0; at < ms; at += 10) {
      const id = this.#asked.size + 1;
      this.#asked.set(id, this.clock.now());
      const body = this.#request(id, this.random.int(keys));
      const node = this.nodes[id % this.nodes.length]!;
      this.network.send("c1", node, { ...body, msg_id: id as Json });
      ids.push(id);
      await this.advance(10);
    }
    return ids;
  }

  /** Lets something happen to messages that go to services, and come from there: nothing, a loss or a delay. */
  weather(delays: () => number[]): void {
    const isClient = (id: string) => id.startsWith("c");
    this.network.weather(({ src, dest }) =>
      isClient(src) || isClient(dest) ? [0] : delays()
    );
  }

  /** How many of these requests ended so, of a hundred; one without an answer is unknown. */
  share(ids: readonly number[], wanted: Ending): number {
    const found = ids.filter((id) =>
      (this.ended.get(id)?.as ?? "unknown") === wanted
    );
    return 100 * found.length / ids.length;
  }
}

for (
  const [name, [workload, unknown, refused, seeds]] of Object.entries(PROGRAMS)
) {
  const load = async () =>
    (await import(`../../challenges/${name}.ts`)).default as unknown;

  Deno.test(`${name} where messages are lost: of a hundred requests at most ${unknown.join(", ")} end unknown at 1, 3, 10 %, and ${refused.join(", ")} are refused`, async () => {
    for (const seed of [...SEEDS, ...seeds]) {
      for (const [i, loss] of LOSSES.entries()) {
        const store = new Store(await load(), workload, seed);
        const luck = store.random.fork("loss");
        await store.advance(1_000);
        store.weather(() => luck.chance(loss) ? [] : [0]);
        const ids = await store.ask(10_000);
        await store.advance(6_000);
        const where = `seed ${seed}, ${100 * loss} %`;
        assertLessOrEqual(store.share(ids, "unknown"), unknown[i]!, where);
        assertLessOrEqual(store.share(ids, "refused"), refused[i]!, where);
      }
    }
  });

  for (
    const [what, delays] of [
      ["dead", () => []],
      ["2 s slow", () => [2_000]],
    ] as const
  ) {
    Deno.test(`${name} while its service is ${what} for 10 s: every request ends, and 4 s later all are served again, within 2.5 s`, async () => {
      const store = new Store(await load(), workload);
      await store.advance(1_000);
      const before = await store.ask(1_000);
      await store.advance(1_000); // all are answered
      store.weather(() => [...delays()]);
      const during = await store.ask(10_000);
      store.heal();
      await store.advance(4_000);
      const after = await store.ask(2_000);
      await store.advance(PATIENCE_MS + 1_000);
      const slowest = (ids: readonly number[]) =>
        Math.max(...ids.map((id) => store.ended.get(id)?.tookMs ?? Infinity));
      assertLessOrEqual(slowest(during), PATIENCE_MS, "all end in time");
      assertEquals(store.share(before, "ok"), 100);
      assertEquals(store.share(after, "ok"), 100);
      assertLessOrEqual(slowest(after), 2_500);
    });
  }
}

for (const name of ["kafka-5b-lock", "txn-6a-lock"]) {
  Deno.test(`${name}: a dead holder of the lock stops the others for its lease of 2 s, and no request of theirs fails`, async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const { default: program } = await import(`../../challenges/${name}.ts`);
      const store = new Store(program, PROGRAMS[name]![0], seed);
      await store.advance(1_000);
      await store.ask(1_000 + 7 * seed);
      store.kill("n0");
      const ids = await store.ask(4_000);
      await store.advance(PATIENCE_MS);
      const others = ids.filter((id) => id % store.nodes.length !== 0);
      assertEquals(store.share(others, "ok"), 100, `seed ${seed}`);
      const took = others.map((id) => store.ended.get(id)!.tookMs);
      assertLessOrEqual(Math.max(...took), 2_000 + 1_500, `seed ${seed}`);
    }
  });
}
