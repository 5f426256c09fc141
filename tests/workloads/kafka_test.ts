import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Op } from "../../lib/workbench/history/history.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import {
  ClientCrash,
  type Invocation,
} from "../../lib/workbench/workloads/workload.ts";
import type { ReplySchema } from "../../lib/workbench/world/client.ts";
import {
  assertNear,
  context,
  operations,
  perform,
  scripted,
  share,
  worker,
  workload,
} from "../fixtures/workloads.ts";

// --- kafka, main phase ---

/** A completed operation, as a generator hears of it. */
function ok(f: string, value: Json, index = 0): Op {
  return { index, time: 0, type: "ok", process: 0, f, value };
}

/** A kafka generator that is past its first crash, with another far away. */
function kafkaGenerator(setting: Parameters<typeof context>[0] = {}) {
  const generator = workload("kafka").generator(
    context({ workers: 1, ...setting }),
  );
  while (generator.next(worker(0), 0)!.f !== "crash");
  return generator;
}

Deno.test("kafka is sends and polls, nearly half each, and one operation in 64 becomes an assign of one key", () => {
  const all = operations(kafkaGenerator(), 60_000);
  assertNear(share(all, (op) => op.f === "assign"), 1 / 64, 0.002);
  // A send to a key that has had its 16 messages is drawn again, as a poll half of the time.
  const rest = 63 / 64;
  assertNear(share(all, (op) => op.f === "send"), rest * 16 / 33, 0.01);
  assertNear(share(all, (op) => op.f === "poll"), rest * 17 / 33, 0.01);
  for (const { f, value } of all) {
    if (f === "assign") assertEquals((value as Json[]).length, 1);
    if (f === "poll") assertEquals(value, [["poll"]]);
  }
});

Deno.test("kafka sends 1 to 16 to each key without a gap, since an assign takes no operation's place", () => {
  const sent = new Map<string, number>();
  const generator = workload("kafka").generator(context());
  for (const { f, value } of operations(generator, 20_000)) {
    if (f !== "send") continue;
    const [[name, key, message]] = value as [[string, string, number]];
    assertEquals([name, /^\d+$/.test(key)], ["send", true]);
    assertEquals(message, (sent.get(key) ?? 0) + 1);
    assert(message <= 16);
    sent.set(key, message);
  }
  assert(sent.size > 500);
});

Deno.test("kafka assigns the key of the operation that follows", () => {
  const all = operations(kafkaGenerator(), 20_000);
  let checked = 0;
  for (const [i, { f, value }] of all.entries()) {
    const next = all[i + 1];
    if (f !== "assign" || next?.f !== "send") continue;
    const [[, key]] = next.value as [[string, string]];
    assertEquals(value, [key]);
    checked++;
  }
  assert(checked > 50);
});

Deno.test("kafka crashes first at the beginning, then every 30 s over the number of workers", () => {
  const workers = 10;
  const generator = workload("kafka").generator(context({ workers }));
  const seconds = 3000, rate = 100;
  const crashes: number[] = [];
  for (let i = 0; i < seconds * rate; i++) {
    const now = i / rate * 1e9;
    if (generator.next(worker(i % workers), now)!.f === "crash") {
      crashes.push(now / 1e9);
    }
  }
  assert(crashes[0]! < 1);
  assertNear(crashes.length / seconds, workers / 30, 0.03);
  const gaps = crashes.slice(1).map((at, i) => at - crashes[i]!);
  assert(Math.max(...gaps) < 2 * 30 / workers + 1);
});

Deno.test("a third of kafka's assigns also list every key with acknowledged but unpolled messages", () => {
  const generator = kafkaGenerator();
  generator.update!(ok("send", [["send", "key a", [4, "a"]]]), worker(0));
  generator.update!(ok("send", [["send", "key b", [7, "a"]]]), worker(0));
  generator.update!(ok("send", [["send", "key c", [1, "a"]]]), worker(0));
  generator.update!(
    ok("poll", [["poll", {
      "key b": [[2, "a"], [3, "b"]],
      "key c": [[1, "a"]],
      "key d": [],
    }]]),
    worker(0),
  );
  const failed: Op = { ...ok("send", [["send", "key e", 1]]), type: "info" };
  generator.update!(failed, worker(0));

  const assigns = operations(generator, 60_000).filter((op) =>
    op.f === "assign"
  );
  const catching = assigns.filter((op) => op.unseen !== undefined);
  assertNear(catching.length / assigns.length, 1 / 3, 0.05);
  for (const { value, unseen } of catching) {
    assertEquals(unseen, {
      "key a": { polled: -1, sent: 4 },
      "key b": { polled: 3, sent: 7 },
    });
    const keys = value as string[];
    assertEquals(keys.slice(0, 2), ["key a", "key b"]);
    assertEquals(keys.length, 3);
  }
});

Deno.test("kafka lists no key as unseen once a poll has returned its highest acknowledged offset", () => {
  const generator = kafkaGenerator();
  generator.update!(ok("send", [["send", "key a", [4, "a"]]]), worker(0));
  generator.update!(ok("poll", [["poll", { "key a": [[4, "a"]] }]]), worker(0));
  const all = operations(generator, 20_000);
  assert(all.some((op) => op.f === "assign"));
  assert(all.every((op) => op.unseen === undefined));
});

// --- kafka, client ---

const assign = (...keys: string[]): Invocation => ({
  f: "assign",
  value: keys,
});
const poll: Invocation = { f: "poll", value: [["poll"]] };

Deno.test("a kafka client sends, and completes with the offset beside the message", async () => {
  const op = { f: "send", value: [["send", "9", 3]] };
  const { request, value, schema } = await perform("kafka", op, { offset: 12 });
  assertEquals(request, { type: "send", key: "9", msg: 3 });
  assertEquals(value, [["send", "9", [12, 3]]]);
  assertEquals([schema.offset!(1), schema.offset!(1.5), schema.offset!(null)], [
    true,
    false,
    false,
  ]);
});

Deno.test("a fresh kafka client polls nothing, and commits nothing if nothing came", async () => {
  const { requests, rpc } = scripted([{ msgs: {} }]);
  const value = await workload("kafka").openClient().invoke(poll, rpc);
  assertEquals(requests, [{ type: "poll", offsets: {} }]);
  assertEquals(value, [["poll", {}]]);
});

Deno.test("a kafka client commits the highest offset polled of each key, and polls on behind it", async () => {
  const { requests, rpc } = scripted([
    { offsets: {} },
    {
      msgs: { a: [[0, "x"], [3, "y"]], b: [], c: null, z: [[8, "w"]], new: [] },
    },
    {},
    { msgs: { a: [[1, "old"]] } },
    {},
    { msgs: {} },
  ]);
  const client = workload("kafka").openClient();
  assertEquals(await client.invoke(assign("a", "b", "c"), rpc), null);
  assertEquals(await client.invoke(poll, rpc), [[
    "poll",
    { a: [[0, "x"], [3, "y"]], b: [], c: null, z: [[8, "w"]], new: [] },
  ]]);
  await client.invoke(poll, rpc);
  await client.invoke(poll, rpc);
  assertEquals(requests, [
    { type: "list_committed_offsets", keys: ["a", "b", "c"] },
    { type: "poll", offsets: { a: 0, b: 0, c: 0 } },
    { type: "commit_offsets", offsets: { a: 3, z: 8 } },
    { type: "poll", offsets: { a: 4, b: 0, c: 0, z: 9, new: 0 } },
    { type: "commit_offsets", offsets: { a: 1 } },
    { type: "poll", offsets: { a: 4, b: 0, c: 0, z: 9, new: 0 } },
  ]);
});

Deno.test("a kafka client is exact with offsets of nanoseconds", async () => {
  const late = 1732795200000000001n;
  const { requests, rpc } = scripted([
    { offsets: {} },
    { msgs: { a: [[late, "x"]] } },
    {},
    { msgs: {} },
  ]);
  const client = workload("kafka").openClient();
  await client.invoke(assign("a"), rpc);
  await client.invoke(poll, rpc);
  await client.invoke(poll, rpc);
  assertEquals(requests.slice(2), [
    { type: "commit_offsets", offsets: { a: late } },
    { type: "poll", offsets: { a: late + 1n } },
  ]);
});

Deno.test("an assign keeps the client's own offsets, starts others at 0 whatever is committed, and drops the rest", async () => {
  const { requests, rpc } = scripted([
    { offsets: {} },
    { msgs: { a: [[6, "x"]], b: [[2, "y"]] } },
    {},
    { offsets: { a: 1, c: 5, d: 9 } },
    { msgs: {} },
    { msgs: {} },
  ]);
  const client = workload("kafka").openClient();
  await client.invoke(assign("a", "b"), rpc);
  await client.invoke(poll, rpc);
  await client.invoke(assign("a", "c"), rpc);
  await client.invoke(poll, rpc);
  assertEquals(requests.at(-1), { type: "poll", offsets: { a: 7, c: 0 } });
  await client.invoke({ ...assign("b", "a"), "seek-to-beginning?": true }, rpc);
  await client.invoke(poll, rpc);
  assertEquals(requests.at(-1), { type: "poll", offsets: { b: 0, a: 0 } });
  assertEquals(requests.length, 6, "seeking to the beginning asks nothing");
});

Deno.test("a kafka poll whose commit fails fails as a whole, but its offsets have moved", async () => {
  const refusal = new Error("commit refused");
  const { requests, rpc } = scripted([
    { offsets: {} },
    { msgs: { a: [[0, "x"]] } },
    refusal,
    { msgs: {} },
  ]);
  const client = workload("kafka").openClient();
  await client.invoke(assign("a"), rpc);
  await assertRejects(() => client.invoke(poll, rpc), Error, "commit refused");
  await client.invoke(poll, rpc);
  assertEquals(requests.at(-1), { type: "poll", offsets: { a: 1 } });
});

Deno.test("a failing assign changes nothing, and a crash asks nothing", async () => {
  const { requests, rpc } = scripted([
    { offsets: {} },
    new Error("no answer"),
    { msgs: {} },
  ]);
  const client = workload("kafka").openClient();
  await client.invoke(assign("a"), rpc);
  await assertRejects(
    () => client.invoke(assign("b"), rpc),
    Error,
    "no answer",
  );
  await client.invoke(poll, rpc);
  assertEquals(requests.at(-1), { type: "poll", offsets: { a: 0 } });
  const crash = { f: "crash", value: null };
  await assertRejects(() => client.invoke(crash, rpc), ClientCrash);
  assertEquals(requests.length, 3);
});

Deno.test("kafka's replies must list pairs of offset and message, and integer offsets", async () => {
  const { schemas, rpc } = scripted([{ offsets: {} }, { msgs: {} }]);
  const client = workload("kafka").openClient();
  await client.invoke(assign("a"), rpc);
  await client.invoke(poll, rpc);
  const [{ offsets }, { msgs }] = schemas as [ReplySchema, ReplySchema];
  for (const good of [{}, { a: 0 }]) assert(offsets!(good));
  for (const bad of [null, [], { a: null }, { a: "1" }]) assert(!offsets!(bad));
  for (const good of [{}, { a: [] }, { a: null }, { a: [[0, null]] }]) {
    assert(msgs!(good));
  }
  for (
    const bad of [null, { a: [[0]] }, { a: [[0, 1, 2]] }, { a: [null] }, {
      a: {},
    }, { a: [["0", 1]] }]
  ) {
    assert(!msgs!(bad), JSON.stringify(bad));
  }
});

// --- kafka, final phase ---

const finalHistory = [
  ok("send", [["send", "10", [5, "x"]]], 0),
  ok("send", [["send", "9", [2, "x"]]], 1),
  { ...ok("send", [["send", "8", 1]], 2), type: "fail" } as Op,
  ok("poll", [["poll", { "9": [[0, "u"], [3, "v"]], "11": [] }]], 3),
];

function finalPhase(history: Op[] = finalHistory) {
  return workload("kafka").final!.generator(context({ workers: 2 }), history);
}

Deno.test("kafka ends, for each worker, with a crash, an assign of all known keys from the beginning, and polls", () => {
  const generator = finalPhase();
  for (const index of [0, 1]) {
    assertEquals(generator.next(worker(index), 0), { f: "crash", value: null });
    assertEquals(generator.next(worker(index, index + 2), 0), {
      f: "assign",
      value: ["9", "10"],
      "seek-to-beginning?": true,
    });
    assertEquals(generator.next(worker(index, index + 2), 0), {
      f: "poll",
      value: [["poll"]],
      "poll-ms": 1000,
      delayMs: 0,
    });
  }
  assertEquals(workload("kafka").final!.limitSeconds, 10);
});

Deno.test("a worker's final polls end when it has polled the highest known offset of every key, and not another's", () => {
  const generator = finalPhase();
  const polled = (index: number, messages: Json) =>
    generator.update!(ok("poll", [["poll", messages]]), worker(index));
  const next = (index: number) => generator.next(worker(index), 0)?.f ?? null;
  assertEquals([next(0), next(0), next(0)], ["crash", "assign", "poll"]);
  polled(0, { "9": [[2, "x"]], "10": [[5, "x"]] });
  assertEquals(next(0), "poll", "offset 3 of key 9 was seen before");
  polled(1, { "9": [[3, "v"]], "10": [[5, "x"]] });
  assertEquals(next(0), "poll");
  assertEquals(next(1), null);
  polled(0, { "9": [[7, "w"]] });
  assertEquals(next(0), null);
});

Deno.test("kafka's final polls come about every 0.2 s, and at once when the last one took longer", () => {
  const generator = finalPhase();
  const delay = (now: number) =>
    generator.next(worker(0), now)!.delayMs as number;
  generator.next(worker(0), 0);
  generator.next(worker(0), 0);
  let now = 0, total = 0;
  const polls = 2000;
  for (let i = 0; i < polls; i++) {
    const wait = delay(now);
    assert(wait >= 0 && wait < 400);
    total += wait;
    now += wait * 1e6;
  }
  assertNear(total / polls, 200, 10);
  assertEquals(delay(now + 1e9), 0);
});

Deno.test("kafka's final phase is empty when no message is known", () => {
  assertEquals(finalPhase([]).next(worker(0), 0), null);
});

Deno.test("afterwards every node of kafka gets two messages of its own, is peeked until nothing more comes, and looks back", async () => {
  const { settleMs, invocations, again } = workload("kafka")
    .aftermath!(finalHistory, 2);
  assertEquals(settleMs, 1000);
  const all = ["9", "10", "11", "12"];
  const { requests, rpc } = scripted([
    { offset: 0 },
    { offset: 1 },
    { offsets: {} },
    { msgs: { "9": [[7, 1]], "10": null } },
    { msgs: {} },
    { offsets: {} },
    {},
    { offsets: {} },
    { msgs: {} },
  ]);
  const client = workload("kafka").openClient();
  const values: Json[] = [];
  for (const op of invocations) values.push(await client.invoke(op, rpc));
  const used = ["9", "10", "11"];
  await client.invoke({ f: "peek", value: used }, rpc);
  const list = { type: "list_committed_offsets", keys: all };
  const offsets = { "9": 0, "10": 0, "11": 0 };
  assertEquals(requests, [
    { type: "send", key: "11", msg: 5 },
    { type: "send", key: "11", msg: 6 },
    list,
    { type: "poll", offsets },
    { type: "poll", offsets: { "12": 0 } }, // by itself: a node may refuse what does not exist
    list,
    { type: "commit_offsets", offsets: { "10": 5, "9": 2 } },
    list,
    { type: "poll", offsets: { ...offsets, "9": 8 } },
  ]);
  const peeked = (value: Json) =>
    again!({ index: 0, time: 0, type: "ok", process: 0, f: "peek", value });
  const nothing = [["poll", { "9": [] }]];
  const more = [["poll", { "9": [[8, 1]] }]];
  assertEquals(
    [peeked(values[3]!), peeked(nothing), peeked(more)],
    [0, 200, 0],
  );
  // What was there before is nothing new.
  const rest = [...Array(7).fill(nothing), values[3]!].map(peeked);
  assertEquals(rest, [...Array(7).fill(200), null]);
});

Deno.test("the new key that kafka's nodes get afterwards is not one that an unanswered send may have reached", () => {
  const unanswered = [
    { type: "invoke", value: [["send", "14", 1]] },
    { type: "info", value: [["send", "14", 1]], error: "net-timeout" },
  ].map((line, i) =>
    ({ index: 100 + i, time: 0, process: 9, f: "send", ...line }) as Op
  );
  const { invocations } = workload("kafka")
    .aftermath!([...finalHistory, ...unanswered], 0);
  assertEquals(invocations[0]!.value, [["send", "15", 1]]);
});
