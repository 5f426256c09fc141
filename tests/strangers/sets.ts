/** Correct programs for broadcast, g-set and the counters with choices of their own. */
import {
  type AnyNode,
  changed,
  first,
  notNow,
  refusingAtFirst,
  service,
  slowly,
  type Stranger,
} from "./stranger.ts";

/** The messages of a set: broadcast's, or g-set's. */
interface Words {
  add: string;
  element: string;
  elements: string;
}

/** Broadcast's messages. */
export const BROADCAST = {
  add: "broadcast",
  element: "message",
  elements: "messages",
};
/** A g-set's messages. */
export const G_SET = { add: "add", element: "element", elements: "value" };

/** Every node periodically tells all others everything it has. */
export const gossiping =
  (everyMs: number, { add, element, elements }: Words) =>
  (
    node: AnyNode,
  ) => {
    const known = new Set<number>();
    node.on("topology", () => ({}));
    node.on(add, (request) => {
      known.add(request[element]);
      return {};
    });
    node.on("read", () => ({ [elements]: [...known] }));
    node.on("all", ({ all }) => {
      for (const value of all) known.add(value);
    });
    node.every(everyMs, () => {
      for (const peer of node.peers) {
        node.send(peer, "all", { all: [...known] });
      }
    });
  };

const gossip = gossiping(500, BROADCAST);

/** One node keeps everything; the others send it what they get, and copy it periodically. */
const hub = (copyMs: number) => (node: AnyNode) => {
  const mine: number[] = [];
  let copy: number[] = [];
  const leads = node.id === first(node);
  const options = { timeoutMs: 2_000 };
  node.on("topology", () => ({}));
  node.on("keep", ({ message }) => {
    if (!mine.includes(message)) mine.push(message);
    return {};
  });
  node.on("copy", () => ({ all: mine }));
  node.on("broadcast", async ({ message }) => {
    if (leads) mine.push(message);
    else await node.rpc(first(node), "keep", { message }, options);
    return {};
  });
  node.on("read", async () => {
    if (leads) return { messages: mine };
    if (copyMs > 0) return { messages: copy };
    const { all } = await node.rpc(first(node), "copy", {}, options);
    return { messages: all };
  });
  if (leads || copyMs === 0) return;
  node.every(copyMs, async () => {
    copy = (await node.rpc(first(node), "copy", {}, options)).all;
  });
};

/** A value is acknowledged when all others have it; if that takes too long, it is refused. */
function everywhereFirst(node: AnyNode): void {
  const known = new Set<number>();
  const keep = ({ message }: { message: number }) => {
    known.add(message);
    return {};
  };
  node.on("topology", () => ({}));
  node.on("keep", keep);
  node.on("read", () => ({ messages: [...known] }));
  node.on("broadcast", async (request) => {
    keep(request);
    const told = node.peers.map(async (peer) => {
      for (;;) {
        try {
          return await node.rpc(peer, "keep", request, { timeoutMs: 300 });
        } catch {
          // It is told again, even when the client has gone.
        }
      }
    });
    const late = node.sleep(4_000).then(() => true);
    if (await Promise.race([Promise.all(told), late]) === true) notNow();
    return {};
  });
}

/** The set is one value of lin-kv. */
function inService(node: AnyNode): void {
  const kv = service(node);
  node.on("topology", () => ({}));
  node.on("broadcast", async ({ message }) => {
    await kv.update<number[]>("all", [], (all) => [...all, message]);
    return {};
  });
  node.on("read", async () => ({ messages: await kv.read("all", []) }));
}

/** Every read lists the values in another order. */
const shuffling = changed(gossip, (node, handler) => (request, src) => {
  const { messages } = handler(request, src);
  return { messages: messages.toSorted(() => node.random() - 0.5) };
}, ["read"]);

/** Each node periodically tells the others its own sum. */
export const sums = (everyMs: number) => (node: AnyNode) => {
  const known = new Map<string, number>([[node.id, 0]]);
  node.on("add", ({ delta }) => {
    known.set(node.id, known.get(node.id)! + delta);
    return {};
  });
  node.on("read", () => ({
    value: known.values().reduce((sum, one) => sum + one, 0),
  }));
  node.on("sum", ({ sum, serial }) => {
    known.set(serial, sum);
  });
  node.every(everyMs, () => {
    const told = { sum: known.get(node.id), serial: node.id };
    for (const peer of node.peers) node.send(peer, "sum", told);
  });
};

/** The counter is one value of lin-kv. */
function countingInService(node: AnyNode): void {
  const kv = service(node);
  node.on("add", async ({ delta }) => {
    await kv.update<number>("sum", 0, (sum) => sum + delta);
    return {};
  });
  node.on("read", async () => ({ value: await kv.read("sum", 0) }));
}

/** One node counts; the others pass requests on. */
function countingAtOne(node: AnyNode): void {
  let sum = 0;
  const leads = node.id === first(node);
  const handlers: { [type: string]: (request: { delta: number }) => object } = {
    add({ delta }) {
      sum += delta;
      return {};
    },
    read: () => ({ value: sum }),
  };
  for (const [type, handle] of Object.entries(handlers)) {
    node.on(`do-${type}`, handle);
    node.on(type, async (request) => {
      if (leads) return handle(request);
      const { delta = 0 } = request;
      const options = { timeoutMs: 4_000 };
      const { value } = await node.rpc(
        first(node),
        `do-${type}`,
        { delta },
        options,
      );
      return value === undefined ? {} : { value };
    });
  }
}

/** How five nodes are run, with cuts, and three. */
export const five = { "node-count": 5, rate: 20, "time-limit": 6 };
export const cut = { ...five, nemesis: "partition", "nemesis-interval": 3 };
export const three = { "node-count": 3, rate: 30, "time-limit": 6 };

const of = (
  workload: string,
  name: string,
  choice: string,
  program: (node: AnyNode) => void,
  options: Stranger["options"] = workload.endsWith("counter") ? three : five,
): Stranger => ({ name, choice, program, workload, options });

/** See the module. */
export const strangers: Stranger[] = [
  of(
    "broadcast",
    "bc-gossip-two-seconds",
    "tells everybody everything every two seconds",
    gossiping(2_000, BROADCAST),
    cut,
  ),
  of(
    "broadcast",
    "bc-shuffled",
    "lists values in another order every time",
    shuffling,
  ),
  of(
    "broadcast",
    "bc-hub",
    "stores values at one node, and shows a copy that is half a second old",
    hub(500),
  ),
  of(
    "broadcast",
    "bc-proxied",
    "stores values at one node, and reads them there",
    hub(0),
  ),
  of(
    "broadcast",
    "bc-everywhere-first",
    "acknowledges a value when everybody has it, else refuses it",
    everywhereFirst,
    cut,
  ),
  of("broadcast", "bc-in-service", "keeps the set in lin-kv", inService, {
    ...five,
    latency: 2,
  }),
  of(
    "broadcast",
    "bc-refusing-at-first",
    "refuses every request for two seconds",
    refusingAtFirst(gossip, 2_000, "broadcast", "read"),
  ),
  of(
    "broadcast",
    "bc-slow",
    "answers after four seconds",
    slowly(gossip, 4_000, "broadcast", "read"),
    { ...five, rate: 2 },
  ),
  of(
    "broadcast",
    "bc-crowded",
    "many requests at a time at every node",
    gossip,
    { ...five, rate: 100, concurrency: "4n" },
  ),
  of(
    "g-set",
    "gs-gossip",
    "tells everybody everything every second",
    gossiping(1_000, G_SET),
    cut,
  ),
  of(
    "g-set",
    "gs-refusing-at-first",
    "refuses every request for two seconds",
    refusingAtFirst(gossiping(500, G_SET), 2_000, "add", "read"),
  ),
  of(
    "g-counter",
    "gc-two-seconds",
    "reads are up to two seconds old",
    sums(2_000),
    { ...three, nemesis: "partition", "nemesis-interval": 3 },
  ),
  of(
    "g-counter",
    "gc-in-service",
    "keeps the sum in lin-kv",
    countingInService,
    { ...three, latency: 2 },
  ),
  of(
    "g-counter",
    "gc-slow",
    "answers after four seconds",
    slowly(sums(500), 4_000, "add", "read"),
    { ...three, rate: 2 },
  ),
  of(
    "pn-counter",
    "pn-at-one-node",
    "one node counts, the others pass requests on",
    countingAtOne,
  ),
  of(
    "pn-counter",
    "pn-refusing-reads",
    "refuses to be read for two seconds",
    refusingAtFirst(sums(500), 2_000, "read"),
  ),
];
