/** The network: latencies, order, head-of-line blocking, and when a partition is looked at. */
import { assertEquals, assertThrows } from "@std/assert";
import { MS, VirtualClock } from "../../lib/workbench/world/clock.ts";
import { Journal } from "../../lib/workbench/world/journal.ts";
import { type Latency, Network } from "../../lib/workbench/world/network.ts";
import { seeded } from "../../lib/workbench/world/random.ts";

/** A network of n0, n1 and c0 that notes what arrives when (in ms) as "src>dest name". */
function networkOf(latency: Latency) {
  const clock = new VirtualClock();
  const journal = new Journal();
  const events: string[] = [];
  const network = new Network(
    clock,
    seeded(1),
    latency,
    journal,
    (event) => events.push(event),
  );
  const arrived: [number, string][] = [];
  for (const id of ["n0", "n1", "c0"]) {
    network.register(id, ({ src, dest, body }) => {
      arrived.push([clock.now() / MS, `${src}>${dest} ${body.type}`]);
    });
  }
  const at = (ms: number, task: () => void) => clock.schedule(ms * MS, task);
  const end = async (ms: number) => {
    await clock.run(
      new Promise<void>((resolve) => void clock.schedule(ms * MS, resolve)),
    );
    return arrived;
  };
  return { network, journal, events, at, end };
}

const constant = (meanMs: number): Latency => ({
  meanMs,
  distribution: "constant",
});

Deno.test("a message between nodes takes the latency, one with a client none", async () => {
  const { network, at, end } = networkOf(constant(100));
  at(0, () => {
    network.send("n0", "n1", { type: "a" });
    network.send("c0", "n0", { type: "b" });
    network.send("n0", "c0", { type: "c" });
  });
  assertEquals(await end(1000), [
    [0, "c0>n0 b"],
    [0, "n0>c0 c"],
    [100, "n0>n1 a"],
  ]);
});

Deno.test("while a receiver waits for one message, an earlier one sent later waits behind it", async () => {
  const { network, at, end } = networkOf(constant(100));
  at(0, () => network.send("n0", "n1", { type: "slow" }));
  at(10, () => network.send("c0", "n1", { type: "fast" }));
  assertEquals(await end(1000), [[100, "n0>n1 slow"], [100, "c0>n1 fast"]]);
});

Deno.test("a partition is checked when the receiver takes a message, not when the message is due", async () => {
  const { network, at, end, journal, events } = networkOf(constant(100));
  const cut = new Map([["n1", new Set(["n0"])]]);
  at(0, () => network.send("n0", "n1", { type: "in flight" }));
  at(50, () => network.partition(cut));
  at(120, () => network.send("n0", "n1", { type: "cut" }));
  at(130, () => network.send("n1", "n0", { type: "other way" }));
  at(140, () => network.heal());
  at(150, () => network.send("n0", "n1", { type: "healed" }));
  assertEquals(await end(1000), [
    [100, "n0>n1 in flight"],
    [230, "n1>n0 other way"],
    [250, "n0>n1 healed"],
  ]);
  assertEquals(events, ["message-cut"]);
  const sent = journal.filter(([kind]) => kind === "send");
  assertEquals(sent.length, 4, "what a partition drops counts as sent");
});

Deno.test("weather loses, delays and duplicates messages between nodes, but not those of clients", async () => {
  const { network, at, end, events } = networkOf(constant(10));
  network.weather(({ body }) =>
    body.type === "lost" ? [] : body.type === "twice" ? [0, 5] : [40]
  );
  at(0, () => {
    network.send("n0", "n1", { type: "lost" });
    network.send("n0", "n1", { type: "twice" });
    network.send("n1", "n0", { type: "late" });
    network.send("c0", "n0", { type: "lost" });
  });
  // What the weather holds back keeps nothing waiting behind it.
  assertEquals(await end(1000), [
    [0, "c0>n0 lost"],
    [10, "n0>n1 twice"],
    [15, "n0>n1 twice"],
    [50, "n1>n0 late"],
  ]);
  assertEquals(events, ["message-lost", "message-duplicated"]);
});

Deno.test("what is on its way to an endpoint that closes is lost", async () => {
  const { network, at, end, journal } = networkOf(constant(100));
  at(0, () => network.send("n0", "n1", { type: "taken" }));
  at(10, () => network.send("n0", "n1", { type: "waiting" }));
  at(50, () => network.unregister("n1"));
  assertEquals(await end(1000), []);
  assertEquals(journal.map(([kind]) => kind), ["send", "send"]);
  assertEquals(network.has("n1"), false);
});

Deno.test("random latencies follow their distributions", async () => {
  for (const distribution of ["uniform", "exponential"] as const) {
    const { network, at, end, journal } = networkOf({
      meanMs: 50,
      distribution,
    });
    // One message a second: no receiver is busy, so each takes just its latency.
    for (let i = 0; i < 2000; i++) {
      at(1000 * i, () => network.send("n0", "n1", { type: "x" }));
    }
    await end(2_001_000);
    const sent = new Map(
      journal.filter(([kind]) => kind === "send").map((
        e,
      ) => [e[2], e[1]]),
    );
    const delays = journal.filter(([kind]) => kind === "recv")
      .map(([, time, id]) => (time - sent.get(id)!) / MS);
    assertEquals(delays.every(Number.isInteger), true);
    const mean = delays.reduce((a, b) => a + b, 0) / delays.length;
    assertEquals(Math.abs(mean - 50) < 5, true, `${distribution} mean ${mean}`);
    const longest = Math.max(...delays);
    assertEquals(
      distribution === "uniform" ? longest <= 99 : longest > 200,
      true,
    );
  }
});

Deno.test("a message to an unknown endpoint is refused", () => {
  const { network } = networkOf(constant(0));
  assertThrows(() => network.send("n0", "n9", { type: "x" }), Error, "n9");
});
