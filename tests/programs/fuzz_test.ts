/**
 * Nonsense from clients: every program is sent requests that are derived from its protocol
 * by dropping and replacing fields, among good traffic that has fields too many and odd
 * keys. The bad get error 12, and nobody else notices anything.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import type {
  Body,
  Events,
  JournalEvent,
} from "../../lib/workbench/history/history.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { performRun } from "../../lib/workbench/run/run.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { workloadOf } from "../../lib/workbench/workloads/all.ts";
import { any } from "../../lib/workbench/workloads/schema.ts";
import type { Workload } from "../../lib/workbench/workloads/workload.ts";
import {
  ErrorReply,
  type ReplySchema,
  type Rpc,
} from "../../lib/workbench/world/client.ts";
import { VirtualClock } from "../../lib/workbench/world/clock.ts";
import type { Host } from "../../lib/workbench/world/host.ts";
import type { Program } from "../../lib/maelstrom.ts";
import { modules } from "../../lib/workbench/world/modules.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";
import "../fixtures/programs.ts";

type Fits = (value: Json | undefined) => boolean;
type Requests = { [type: string]: { [field: string]: [Json, Fits] } };

const isInteger: Fits = (value) => Number.isInteger(value);
const isNatural: Fits = (value) => isInteger(value) && Number(value) >= 0;
const isText: Fits = (value) => typeof value === "string";
const isThere: Fits = (value) => value !== undefined;
const isKey: Fits = (value) => ["number", "string"].includes(typeof value);
const isList = (item: Fits): Fits => (value) =>
  Array.isArray(value) && value.every(item);
const isDict = (item: Fits): Fits => (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  Object.values(value).every(item);
const isStep: Fits = (value) =>
  Array.isArray(value) && value.length === 3 &&
  ["r", "w", "append"].includes(value[0] as string) &&
  isKey(value[1]);

/** By workload and type: a good request, and what each of its fields must be. */
const txn: Requests = { txn: { txn: [[["w", 1, 1]], isList(isStep)] } };
const counter: Requests = { add: { delta: [1, isInteger] }, read: {} };
const requests: { [workload: string]: Requests } = {
  "echo": { echo: { echo: ["hello", isThere] } },
  "unique-ids": { generate: {} },
  "broadcast": {
    broadcast: { message: [1, isInteger] },
    topology: { topology: [{ n0: ["n1"] }, isDict(isList(isText))] },
    read: {},
  },
  "g-counter": counter,
  "pn-counter": counter,
  "g-set": { add: { element: [1, isThere] }, read: {} },
  "kafka": {
    send: { key: ["k", isText], msg: [1, isThere] },
    poll: { offsets: [{ k: 0 }, isDict(isNatural)] },
    commit_offsets: { offsets: [{ k: 0 }, isDict(isNatural)] },
    list_committed_offsets: { keys: [["k"], isList(isText)] },
  },
  "lin-kv": {
    read: { key: [1, isKey] },
    write: { key: [1, isKey], value: [1, isThere] },
    cas: { key: [1, isKey], from: [1, isThere], to: [2, isThere] },
  },
  "txn-rw-register": txn,
  "txn-list-append": txn,
};

/** What looks right, and is not, somewhere. */
const NEARLY: Json[] = [
  ...[null, true, -1, 1.5, "", "5", [], {}, [null], { a: 1 }, [[]]],
  ...[["k", 1], { k: -1 }, { k: 1.5 }, { k: "0" }, { k: null }, { n0: "n1" }],
  ...[[["w", 1]], [["cas", 1, 1]], [["r", null, null]], [["w", {}, 1]]],
  ...[[["r", 1, null], null], [["append", 1, 1, 1]], { txn: [] }],
];

/** Requests that lack a field, or have one that is wrong; and its name. */
function malformed(all: Requests): fc.Arbitrary<[Body, field: string]> {
  const fields = Object.entries(all).flatMap(([type, fields]) =>
    Object.entries(fields).map(([field, [, fits]]) => ({ type, field, fits }))
  );
  const values = fc.oneof(
    fc.constantFrom(undefined, ...NEARLY),
    fc.jsonValue() as fc.Arbitrary<Json>,
  );
  return fc.tuple(fc.constantFrom(...fields), values)
    .filter(([{ fits }, value]) => !fits(value))
    .map(([{ type, field }, value]) => {
      const good = Object.entries(all[type]!)
        .map(([name, [value]]) => [name, value] as const);
      const body: Body = { type, ...Object.fromEntries(good) };
      if (value === undefined) delete body[field];
      else body[field] = value;
      return [body, field];
    });
}

/** Keys that every JavaScript object has, that look like others, or like numbers. */
const ODD = [
  ...["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty"],
  ...["", " ", "\u0000", "01", "-0", "1e3", "é", "e\u0301", "\ud800", "length"],
  ...["root", "journal", "batches", "slot 0", "key 1", "k".repeat(200)],
];

/** A workload's key under another name, and back. */
const odd = (key: Json) => ODD[Number(key)] ?? String(key);
const even = (key: string) => ODD.includes(key) ? ODD.indexOf(key) : +key;

function renameKeys(value: Json, name: (key: string) => string): Json {
  const entries = Object.entries(value as { [key: string]: Json });
  return Object.fromEntries(entries.map(([key, value]) => [name(key), value]));
}

/** A request with other keys. */
function renamed(request: Body, name: (key: Json) => Json = odd): Body {
  const { type, key, keys, offsets, txn } = request;
  if (type === "txn") {
    const steps = txn as [string, Json, Json][];
    return { ...request, txn: steps.map(([f, k, v]) => [f, name(k), v]) };
  }
  return {
    ...request,
    ...(typeof key === "string" && { key: String(name(key)) }),
    ...(Array.isArray(keys) && { keys: keys.map(name).map(String) }),
    ...(offsets !== undefined &&
      { offsets: renameKeys(offsets, (key) => String(name(key))) }),
  };
}

/** The reply to it, with the keys it was made with. */
function restored(reply: Body): Body {
  const { type, msgs, offsets, txn } = reply;
  const back = (key: string) => String(even(key));
  if (type === "txn_ok") {
    const steps = txn as [string, string, Json][];
    return { ...reply, txn: steps.map(([f, k, v]) => [f, even(k), v]) };
  }
  return {
    ...reply,
    ...(msgs !== undefined && { msgs: renameKeys(msgs, back) }),
    ...(offsets !== undefined && { offsets: renameKeys(offsets, back) }),
  };
}

/** The messages without the malformed ones, and with keys as the workload knows them: for its judge. */
function sane(journal: Events): JournalEvent[] {
  const bad = new Set<string>();
  return [...journal].filter(([, , , src, dest, body]) => {
    if (body[MARK] !== undefined) bad.add(`${src} ${body.msg_id}`);
    return body[MARK] === undefined && !bad.has(`${dest} ${body.in_reply_to}`);
  }).map(([kind, time, id, src, dest, body]) => {
    if (src.startsWith("c")) body = renamed(body, (key) => even(String(key)));
    if (dest.startsWith("c")) body = restored(body);
    return [kind, time, id, src, dest, body];
  });
}

/** A field too many, by which malformed requests are known again. */
const MARK = "malformed";

/** How many malformed requests come before each good one. */
const BAD = 3;

/** A run of a program among nonsense: what is wrong with it, and how many requests were bad. */
async function fuzz(name: string, seed: number) {
  const { workload: usual, runs: [run] } = scenarios.find((scenario) =>
    scenario.name === name
  )!;
  const workload = run!.flags.workload === undefined
    ? usual
    : String(run!.flags.workload);
  const all = requests[workload]!;
  const hasFields = Object.values(all).some((fields) =>
    Object.keys(fields).length > 0
  );
  const bad = hasFields
    ? fc.sample(malformed(all), { numRuns: 2_000, seed })
    : [];
  let sent = 0;
  const wrong: string[] = [];

  async function refuse(body: Body, field: string, code: number, rpc: Rpc) {
    sent++;
    try {
      await rpc({ ...body, [MARK]: 1 }, {});
      wrong.push(`taken: ${JSON.stringify(body)}`);
    } catch (error) {
      const isRight = error instanceof ErrorReply && error.code === code &&
        error.text.includes(field);
      if (!isRight) wrong.push(`${JSON.stringify(body)}: ${error}`);
    }
  }

  const real = workloadOf(workload);
  const fuzzed: Workload = {
    ...real,
    openClient(...args) {
      const client = real.openClient(...args);
      return {
        async invoke(op, rpc) {
          for (let i = 0; i < BAD && sent < bad.length; i++) {
            const [body, field] = bad[sent]!;
            await refuse(body, field, 12, rpc);
          }
          await refuse({ type: "constructor" }, "constructor", 10, rpc);
          const good = async (request: Body, schema: ReplySchema) => {
            const extra = { ["__proto__"]: 1, constructor: [sent], more: null };
            const anything = Object.fromEntries(
              Object.keys(schema).map((field) => [field, any]),
            );
            const reply = await rpc(
              { ...renamed(request), ...extra },
              anything,
            );
            const back = restored(reply);
            for (const [field, fits] of Object.entries(schema)) {
              assert(fits(back[field]!), `${field} of ${JSON.stringify(back)}`);
            }
            return back;
          };
          return await client.invoke(op, good);
        },
      };
    },
  };
  const clock = new VirtualClock();
  const random = seeded(seed);
  const module = await import(`../../challenges/${name}.ts`);
  const nodes = modules(
    module.default as Program<Record<never, never>>,
    clock,
    random.fork("nodes"),
  );
  const hosts: Host[] = [];
  const options: Options = {
    ...run!.flags,
    ...{ "time-limit": 5, rate: 40 },
    ...(run!.flags["node-count"] === 1 ? {} : { "node-count": 3 }),
  };
  const recording = await clock.run(performRun({
    ...{ workload: fuzzed, options, clock, random },
    openHost(names, events) {
      const host = nodes(names, events);
      hosts.push(host);
      return host;
    },
  }));
  const logged = [0, 1, 2].flatMap((i) => hosts[0]!.lastLines(`n${i}`));
  const { aftermath, journal } = recording;
  const { strict } = judge({
    ...recording,
    ...{ program: name, label: name, journal: sane(journal) },
    ...(aftermath !== undefined && {
      aftermath: { ...aftermath, journal: sane(aftermath.journal) },
    }),
  });
  return { sent, found: [wrong.slice(0, 3), logged, strict.anomalies] };
}

let total = 0;
for (const { name } of scenarios) {
  Deno.test(`${name} refuses every malformed request, and nothing else notices`, async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const { sent, found } = await fuzz(name, seed);
      assertEquals(found, [[], [], []], `${name}, seed ${seed}`);
      total += sent;
    }
  });
}

Deno.test("the requests that were refused are many", () => {
  console.log(`malformed or unknown requests: ${total}`);
  assertGreater(total, 10_000);
});

/** By workload, a request that has a client keep any value. */
const keeping: { [workload: string]: (value: Json) => Body } = {
  "echo": (echo) => ({ type: "echo", echo }),
  "g-set": (element) => ({ type: "add", element }),
  "kafka": (msg) => ({ type: "send", key: "k", msg }),
  "lin-kv": (value) => ({ type: "write", key: 1, value }),
  "txn-list-append": (value) => ({ type: "txn", txn: [["append", 1, value]] }),
  "txn-rw-register": (value) => ({ type: "txn", txn: [["w", 1, value]] }),
};

/** An array in an array in an array. */
function nested(levels: number): Json {
  let value: Json = 0;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}

for (const { name, workload } of scenarios) {
  const request = keeping[workload];
  if (request === undefined) continue;
  Deno.test(`${name} passes on values nested up to 900 levels, and refuses others`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    // What no reader would take, passed on, ends this.
    const cluster = new SmallCluster(program, ["n0", "n1", "n2"], {
      latencyMs: 10,
    });
    const codes: unknown[] = [];
    cluster.network.register("c1", ({ body: { code, in_reply_to } }) => {
      codes[Number(in_reply_to)] = code;
    });
    await cluster.advance(8_000);
    for (const [i, levels] of [900, 901, 1].entries()) {
      const body = { ...request(nested(levels)), msg_id: i };
      cluster.network.send("c1", "n0", body);
      await cluster.advance(3_000);
    }
    assertEquals(codes, [undefined, 12, undefined]);
  });
}
