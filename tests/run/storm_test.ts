/** Message storms are found, named, and broken off; busy networks are left alone. */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import {
  simulate,
  type Simulation,
} from "../../lib/workbench/campaign/simulate.ts";
import type { Program } from "../../lib/maelstrom.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import { StormWatch } from "../../lib/workbench/world/storm.ts";

type AnyProgram = NonNullable<Simulation["program"]>;

/** A node as a program without a protocol sees it. */
interface Loose {
  id: string;
  peers: string[];
  on(
    type: string,
    handle: (message: Record<string, unknown>, src: string) => unknown,
  ): void;
  send(dest: string, type: string, message: object): void;
  every(ms: number, task: () => void): void;
  after(ms: number, task: () => void): void;
  call(dest: string, body: object): Promise<unknown>;
}

async function stormsOf(
  program: (node: Loose) => void,
  name: string,
  overrides: Options = {},
) {
  const judged = await simulate({
    name,
    seed: 1,
    faults: "official",
    overrides,
    program: program as unknown as Program<Record<never, never>> as AnyProgram,
  });
  const { anomalies } = judged.strict;
  const storm = anomalies.find(({ type }) => type === "message-storm");
  return { judged, because: storm?.because ?? [] };
}

/** The broadcast of the guide's third chapter. */
function flooder(node: Loose, isNew: (value: unknown) => boolean) {
  const values = new Set<unknown>();
  node.on("topology", () => ({}));
  node.on("read", () => ({ messages: [...values] }));
  node.on("broadcast", ({ message }, src) => {
    const forward = isNew(message);
    values.add(message);
    for (const peer of node.peers) {
      if (forward && peer !== src) node.send(peer, "broadcast", { message });
    }
    return {};
  });
}

Deno.test("forwarding values whether new or not is a storm, which aborts the run", async () => {
  const { judged, because } = await stormsOf(
    (node) => flooder(node, () => true),
    "broadcast-3b",
  );
  assertMatch(because[0]!, /n\d sent broadcast \d+ times in \d+\.\d s$/);
  const { recording, results } = judged;
  assertEquals(results["valid?"], "unknown");
  assertMatch(
    String(results.error),
    /broken off at \d+\.\d+ s, in a message storm/,
  );
  assert(recording.journal.length < 2_500_000, "what is kept is its beginning");
  assert(judged.labels.has("stopped"));
});

Deno.test("nodes that answer each other's answers, and one that answers itself, storm", async () => {
  const echo = (node: Loose, start: string) => {
    node.on("echo", ({ echo }) => ({ echo }));
    node.on("thanks", (_, src) => node.send(src, "thanks", {}));
    node.after(1, () => {
      for (let i = 0; i < 20; i++) node.send(start, "thanks", {});
    });
  };
  const pair = await stormsOf((node) => echo(node, node.peers[0]!), "echo-1", {
    "node-count": 2,
    "time-limit": 20,
  });
  assertMatch(pair.because[0]!, /n\d sent thanks \d+ times/);
  const alone = await stormsOf((node) => echo(node, node.id), "echo-1", {
    "time-limit": 20,
  });
  assertMatch(alone.because[0]!, /n0 sent thanks \d+ times/);
});

Deno.test("a flood of requests to a service, and one of replies to a client, are storms", async () => {
  const service = await stormsOf(
    (node) => {
      node.on("echo", ({ echo }) => ({ echo }));
      const ask = (): void => {
        const body = { type: "read", key: "k" };
        node.call("lin-kv", body).catch(() => ask());
      };
      node.after(1, () => {
        for (let i = 0; i < 20; i++) ask();
      });
    },
    "echo-1",
    { "time-limit": 20 },
  );
  assertMatch(service.because[0]!, /n0 sent read \d+ times/);

  const client = await stormsOf(
    (node) => {
      let isFlooding = false;
      node.on("echo", ({ echo }, src) => {
        if (isFlooding) return { echo };
        isFlooding = true;
        node.every(2, () => {
          for (let i = 0; i < 10; i++) node.send(src, "news", {});
        });
        return { echo };
      });
    },
    "echo-1",
    { "time-limit": 20, rate: 10 },
  );
  assertMatch(client.because[0]!, /n0 sent news \d+ times/);
});

Deno.test("a hundred nodes that tell everybody everything at a rate of 1000 are too many messages, not a hang", async () => {
  const { judged, because } = await stormsOf(
    (node) => {
      const seen = new Set<unknown>();
      flooder(node, (value) => !seen.has(value) && Boolean(seen.add(value)));
    },
    "broadcast-3b",
    { "node-count": 100, rate: 1_000, "time-limit": 20 },
  );
  assertMatch(because[0]!, /n\d+ sent broadcast \d+ times/);
  assertEquals(judged.strict["valid?"], false);
});

Deno.test("heartbeats, bursts after a heal, and sending each value once over each link at a rate of 1000 are no storms", async () => {
  const seen = new Map<string, Set<unknown>>();
  const busy = await stormsOf(
    (node) => {
      const own = new Set<unknown>();
      seen.set(node.id, own);
      flooder(node, (value) => !own.has(value) && Boolean(own.add(value)));
      node.on("beat", () => {});
      node.every(10, () => {
        for (const peer of node.peers) node.send(peer, "beat", {});
      });
    },
    "broadcast-3b",
    { rate: 1_000, "time-limit": 5 },
  );
  assertEquals(busy.because, []);

  const watch = calmWatch();
  for (let i = 0; i < 60_000; i++) {
    const message = { src: "n0", dest: "n1", body: { type: "again" } };
    watch.sent(5e9 + i * 3e4, message);
  }
  assertEquals(watch.storms(20e9), []);
});

/** A watch over a node that must find no storm. */
function calmWatch(): StormWatch {
  return new StormWatch(new Set(["n0"]), () => {
    throw new Error("this is no storm");
  });
}

/** Twenty seconds in which a node tells four peers of itself every 2 ms, and clients ask and are answered, or not. */
function heartbeats(watch: StormWatch, asks: boolean, isAnswered: boolean) {
  for (let ms = 0; ms < 20_000; ms += 2) {
    const now = ms * 1e6;
    for (const dest of ["n1", "n2", "n3", "n4"]) {
      watch.sent(now, { src: "n0", dest, body: { type: "beat" } });
    }
    if (!asks || ms % 5_000 !== 0) continue; // so long a client waits
    const client = `c${ms}`;
    watch.sent(now, { src: client, dest: "n0", body: { type: "echo" } });
    if (!isAnswered) continue;
    watch.sent(now, { src: "n0", dest: client, body: { type: "echo_ok" } });
  }
}

Deno.test("a heartbeat of 2 ms is no storm, unless clients wait in vain", () => {
  for (const asks of [true, false]) {
    const watch = calmWatch();
    heartbeats(watch, asks, true);
    assertEquals(watch.storms(20e9), []);
  }
  let ended = 0;
  const starved = new StormWatch(new Set(["n0"]), () => ended++);
  heartbeats(starved, true, false);
  assertEquals(ended, 1);
  assertMatch(starved.storms(20e9)[0]!, /n0 sent beat \d+ times/);
});

Deno.test("with fewer nodes and requests, a storm within one second is stopped sooner", () => {
  const sentUntilEnd = (nodes: number, requests: number, secondsAgo = 0) => {
    const ids = Array.from({ length: nodes }, (_, i) => `n${i}`);
    let ended = false, sent = 0;
    const now = secondsAgo * 1e9;
    const watch = new StormWatch(new Set(ids), () => ended = true);
    for (let i = 0; i < requests; i++) {
      watch.sent(0, { src: "c1", dest: "n0", body: { type: "read" } });
    }
    while (!ended) {
      const src = `n${++sent % nodes}`;
      watch.sent(now, { src, dest: "n0", body: { type: "again" } });
    }
    return sent;
  };
  assertEquals(sentUntilEnd(1, 0), 50_000);
  assertEquals(sentUntilEnd(5, 0), 50_000);
  assertEquals(sentUntilEnd(5, 100), 150_000);
  assertEquals(sentUntilEnd(5, 1_000, 10), 250_000, "told again after a heal");
  assertEquals(sentUntilEnd(25, 0), 500_000);
});

Deno.test("a storm of messages whose src is a client is attributed to the node that writes them", () => {
  let ended = 0;
  const watch = new StormWatch(new Set(["n0", "n1"]), () => ended++);
  for (let i = 0; i < 200_000; i++) {
    const packet = { src: "c1", dest: "n1", body: { type: "broadcast" } };
    watch.sent(i * 5e4, packet, "n0");
  }
  assertEquals(ended, 1);
  assertMatch(watch.storms(10e9)[0]!, /^n0 sent broadcast \d+ times/);
});

/** A node tells a peer 60,000 things in half a second. */
function burst(watch: StormWatch, typeOf: (i: number) => string) {
  for (let i = 0; i < 60_000; i++) {
    const body = { type: typeOf(i) };
    watch.sent(i * 8e3, { src: "n0", dest: "n1", body });
  }
}

Deno.test("a storm that was broken off is told of, however long the run takes to end", () => {
  const watch = new StormWatch(new Set(["n0", "n1"]), () => {});
  watch.sent(0, { src: "n1", dest: "n0", body: { type: "hello" } });
  burst(watch, () => "news");
  watch.sent(4e9, { src: "n0", dest: "n1", body: { type: "news" } });
  const told = watch.storms(9e9);
  assertEquals(told.length, 1, "a single hello is no storm");
  assertMatch(told[0]!, /^n0 sent news \d+ times/);
});

Deno.test("a storm of messages that are each of another type, or of a long one, is told in few words", () => {
  for (const type of [(i: number) => `t${i}`, () => "t".repeat(100)]) {
    const watch = new StormWatch(new Set(["n0", "n1"]), () => {});
    burst(watch, type);
    const told = watch.storms(1e9);
    assertEquals(told.length, 1);
    assertMatch(told[0]!, /^n0 sent (t{60}|messages of ever new types) \d+ /);
  }
});

/**
 * When a storm is broken off, in seconds, if 25 nodes all tell each other so much, and clients are
 * answered, or wait in vain; Infinity if it is none.
 */
function stormEnd(messagesPerSecond: number, isAnswered: boolean): number {
  const ids = Array.from({ length: 25 }, (_, i) => `n${i}`);
  let now = 0, end = Infinity;
  const watch = new StormWatch(new Set(ids), () => end = now / 1e9);
  for (let i = 0; i < 500; i++) {
    watch.sent(0, { src: "c0", dest: "n0", body: { type: "init" } });
  }
  for (let i = 0; i < 30 * messagesPerSecond; i++) {
    now = i * 1e9 / messagesPerSecond;
    const src = ids[i % 25]!, dest = ids[(i * 7) % 25]!;
    watch.sent(now, { src, dest, body: { type: "broadcast" } });
    if (i % Math.floor(messagesPerSecond / 5) !== 0) continue;
    const client = `c${i}`;
    watch.sent(now, { src: client, dest: "n0", body: { type: "read" } });
    if (!isAnswered) continue;
    watch.sent(now, { src: "n0", dest: client, body: { type: "read_ok" } });
  }
  const told = watch.storms(30e9);
  assertEquals(told.length > 0, end < Infinity);
  for (const text of told) assertMatch(text, /^n\d+ sent broadcast \d+ times/);
  return end;
}

Deno.test("messages that leave clients no answer are a storm, though no link carries many", () => {
  for (const messages of [8_000, 20_000]) {
    assertLess(stormEnd(messages, false), 11);
    assertEquals(stormEnd(messages, true), Infinity, "clients are answered");
  }
  // Clients wait for something else.
  assertEquals(stormEnd(4_000, false), Infinity);
});
