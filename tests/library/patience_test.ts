/** Asking services again, rounds that requests share, and telling clients in time. */
import {
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertRejects,
} from "@std/assert";
import { ErrorCode, type Node, RpcError } from "../../lib/maelstrom.ts";
import { hasCode } from "../fixtures/has-code.ts";
import { Kv } from "../../lib/services/kv.ts";
import { inTime, Patience } from "../../lib/services/patience.ts";
import { Rounds } from "../../lib/services/rounds.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";
import { Time } from "../fixtures/time.ts";

type Woken = Node<{ wake(): void }>;

/** One node that reads an absent key of lin-kv so many times in turn; how long each read took, and how many messages. */
async function reads(
  count: number,
  { latencyMs = 0, loss = 0 },
): Promise<{ took: number[]; messages: number }> {
  const took: number[] = [];
  const cluster = new SmallCluster(
    (node: Woken) => {
      const kv = new Kv<number>(node, "lin-kv");
      node.on("wake", async () => {
        for (let i = 0; i < count; i++) {
          const begun = node.now();
          await kv.read("absent");
          took.push(node.now() - begun);
        }
      });
    },
    ["n0"],
    { latencyMs },
  );
  if (loss > 0) cluster.storm(loss, 0, 0);
  await cluster.advance(60_000);
  return { took, messages: cluster.journal.length };
}

Deno.test("a lost message costs 50 ms where answers come at once, and not a client's patience", async () => {
  const { took } = await reads(50, { loss: 0.3 });
  assertEquals(took.length, 50);
  assertLessOrEqual(Math.max(...took), 2_000);
  const once = took.slice(25).filter((ms) => ms > 1);
  assertGreater(once.length, 0);
  assertLessOrEqual(Math.min(...once), 60);
});

Deno.test("a slow service is waited for, and soon no longer asked twice", async () => {
  const { took, messages } = await reads(20, { latencyMs: 400 });
  assertEquals(took.length, 20);
  // A request and its reply are each sent and received: four events.
  assertLessOrEqual(messages, 4 * (20 + 12));
});

Deno.test("a refusal is an answer, and ends the tries", async () => {
  const codes: number[] = [];
  const cluster = new SmallCluster((node: Woken) => {
    const patience = new Patience(node);
    node.on("wake", async () => {
      const body = { type: "read", key: "absent" };
      const read = patience.until(
        (options) => node.call("lin-kv", body, options),
        [ErrorCode.keyDoesNotExist],
      );
      codes.push((await assertRejects(() => read, RpcError)).code);
    });
  }, ["n0"]);
  await cluster.advance(5_000);
  assertEquals(codes, [ErrorCode.keyDoesNotExist]);
  assertEquals(cluster.journal.length, 4);
});

Deno.test("an error that is no answer asks for another try, and is logged once unless it says to wait", async () => {
  const { timeout, temporarilyUnavailable, abort } = ErrorCode;
  const codes = [timeout, temporarilyUnavailable, abort, abort, 1_000];
  const answers: unknown[] = [];
  const cluster = new SmallCluster((node: Woken) => {
    node.on("wake", async () => {
      for (const capMs of [undefined, 800]) {
        const left = [...codes];
        const patience = new Patience(node, capMs ? { capMs } : {});
        const answer = patience.until(() => {
          const code = left.shift();
          if (code === undefined) return Promise.resolve("answered");
          return Promise.reject(new RpcError(code, `error ${code}`));
        });
        answers.push(await answer);
      }
      const broken = new Patience(node).until(() =>
        Promise.reject(new TypeError())
      );
      answers.push(await broken.catch((error) => error instanceof TypeError));
    });
  }, ["n0"]);
  await cluster.advance(10_000);
  assertEquals(answers, ["answered", "answered", true]);
  const words = cluster.logged("n0").map((line) =>
    line.slice(line.lastIndexOf(" ") + 1)
  );
  assertEquals(words, ["14", "1000", "14", "1000"]);
});

Deno.test("an answer counts however slow the network is, and few tries are open where nobody answers", async () => {
  const began: number[] = [], ended: number[] = [];
  let answeredAt = 0;
  const cluster = new SmallCluster((node: Woken) => {
    node.on("wake", async () => {
      const from = node.now();
      new Patience(node, { capMs: 800 }).until(({ timeoutMs = 0 }) => {
        began.push(node.now());
        ended.push(node.now() + timeoutMs);
        return new Promise(() => {});
      });
      await new Patience(node).until(async ({ timeoutMs = 0 }) => {
        await node.sleep(Math.min(timeoutMs, 120_000));
        if (timeoutMs < 120_000) {
          throw new RpcError(ErrorCode.timeout, "too late");
        }
      });
      answeredAt = node.now() - from;
    });
  }, ["n0"]);
  await cluster.advance(600_000);
  assertGreater(answeredAt, 120_000);
  assertLessOrEqual(answeredAt, 125_000);
  const open = began.map((at, i) =>
    ended.filter((end, j) => j <= i && end > at).length
  );
  assertLessOrEqual(Math.max(...open), 100);
});

Deno.test("after a pause of five minutes calls are made again as soon as before it, or a little later", async () => {
  for (const capMs of [undefined, 800]) {
    const at: number[] = [];
    const cluster = new SmallCluster((node: Woken) => {
      let pausedMs = 0;
      const clock = Object.create(node, {
        now: { value: () => node.now() + pausedMs },
        after: { value: node.after.bind(node) },
        log: { value: node.log.bind(node) },
        random: { value: () => 1 },
      });
      node.on("wake", async () => {
        const patience = new Patience(
          clock,
          capMs === undefined ? {} : { capMs },
        );
        for (let i = 0; i < 20; i++) {
          const answer = patience.until(() => node.sleep(10));
          pausedMs += 300_000;
          await answer;
        }
        patience.until(() => {
          at.push(node.now());
          return new Promise(() => {});
        });
      });
    }, ["n0"]);
    await cluster.advance(20_000);
    const pauses = at.slice(1).map((time, i) => time - at[i]!);
    assertLessOrEqual(Math.max(...pauses), (capMs ?? 1_500) + 30);
  }
});

Deno.test("with a cap the pauses double up to it, with jitter; without one they are alike", async () => {
  for (const capMs of [undefined, 1_600]) {
    const at: number[] = [];
    const cluster = new SmallCluster((node: Woken) => {
      const options = capMs === undefined ? {} : { capMs };
      node.on("wake", () => {
        new Patience(node, options).until(() => {
          at.push(node.now());
          return new Promise(() => {});
        });
      });
    }, ["n0"]);
    await cluster.advance(30_000);
    const pauses = at.slice(1).map((time, i) => time - at[i]!);
    assertGreater(Math.min(...pauses), 199);
    if (capMs === undefined) assertLessOrEqual(Math.max(...pauses), 230);
    else {
      assertLessOrEqual(Math.max(...pauses), capMs + 30);
      assertGreater(Math.max(...pauses), capMs / 2);
      assertEquals(new Set(pauses.map(Math.round)).size > 10, true);
      assertLessOrEqual(pauses.length, 30_000 / 900 * 1.5);
    }
  }
});

Deno.test("a client is told before it gives up; work that is done in time is its answer", async () => {
  const said: unknown[] = [];
  const cluster = new SmallCluster((node: Woken) => {
    node.on("wake", async () => {
      said.push(await inTime(node, node.sleep(3_000).then(() => "done")));
      const begun = node.now();
      await inTime(node, node.sleep(30_000)).catch((error) =>
        said.push(hasCode(error, ErrorCode.timeout), node.now() - begun < 4_500)
      );
    });
  }, ["n0"]);
  await cluster.advance(20_000);
  assertEquals(said, ["done", true, true]);
});

/** A node whose clients wait for ever. */
const waiter = { now: () => 0, after: () => () => {}, random: () => 0.5 };

Deno.test("requests that arrive during a round share the next, which begins when it ends", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const sizes: number[] = [];
  const rounds = new Rounds<number, number>(waiter, async (items) => {
    sizes.push(items.length);
    if (sizes.length === 1) await gate;
    return items.map((item) => -item);
  });
  const first = rounds.join(1);
  const others = [2, 3, 4].map((item) => rounds.join(item));
  open();
  assertEquals(await Promise.all([first, ...others]), [-1, -2, -3, -4]);
  assertEquals(sizes, [1, 3]);
});

Deno.test("a request that no round has begun with in time is refused for good, and one that a round has is unknown", async () => {
  const time = new Time();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const done: number[] = [];
  const rounds = new Rounds<number, void>(time, async (items) => {
    await gate;
    done.push(...items);
    return items.map(() => {});
  });
  const codes = [1, 2].map((item) =>
    rounds.join(item).then(() => -1, ({ code }) => code)
  );
  time.pass(4_000);
  assertEquals(await Promise.all(codes), [0, 11]);
  open();
  await rounds.join(3);
  assertEquals(done, [1, 3]);
});

Deno.test("a round that fails fails for its own, and the next one goes on", async () => {
  let round = 0;
  const rounds = new Rounds<null, number>(
    waiter,
    (items) =>
      ++round === 1
        ? Promise.reject(new Error("first"))
        : Promise.resolve(items.map(() => round)),
  );
  const first = assertRejects(() => rounds.join(null), Error, "first");
  const second = rounds.join(null);
  await first;
  assertEquals(await second, 2);
});
