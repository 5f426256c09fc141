/**
 * Mutants of broadcast: a correct node, which tells every peer until it has answered, with room
 * for one bug.
 */
import type { Node } from "../../lib/maelstrom.ts";
import { Patience } from "../../lib/services/patience.ts";
import type { Mutant } from "./mutant.ts";

interface Protocol {
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(request: { topology: object }): Record<never, never>;
  tell(request: { values: number[] }): Record<never, never>;
  hint(message: { values: number[] }): void;
}

/** What may differ from the correct node. */
interface Bug {
  /** Whether a node takes what another one tells it. */
  hears?: (node: Node<Protocol>, src: string) => boolean;
  /** How values are spread instead. */
  spread?: (node: Node<Protocol>, value: number, all: Set<number>) => unknown;
  /** Whether the client waits until the value has been spread. */
  waits?: boolean;
  /** When a node stores what a client sends, in milliseconds after its answer. */
  storesAfterMs?: number;
  /** The time between copying the set for a client's value and replacing it, in milliseconds. */
  racesMs?: number;
  /** What a read answers. */
  read?: (node: Node<Protocol>, values: number[]) => number[];
  /** What else a node does. */
  also?: (node: Node<Protocol>, all: Set<number>) => void;
}

/** Tells every peer, each until it has answered. */
function tellAll(node: Node<Protocol>, value: number): Promise<unknown> {
  const patience = new Patience(node, { capMs: 1_000 });
  return Promise.all(
    node.peers.map((peer) =>
      patience.until((options) =>
        node.rpc(peer, "tell", { values: [value] }, options)
      )
    ),
  );
}

function withBug(bug: Bug) {
  return (node: Node<Protocol>): void => {
    const all = new Set<number>();
    const spread = bug.spread ?? tellAll;
    const hear = (values: number[], src: string) => {
      if (bug.hears?.(node, src) ?? true) values.forEach((v) => all.add(v));
    };
    node.on("broadcast", async ({ message }) => {
      if (bug.racesMs !== undefined) {
        const before = [...all];
        await node.sleep(bug.racesMs);
        all.clear();
        before.forEach((value) => all.add(value));
      }
      if (bug.storesAfterMs === undefined) all.add(message);
      else node.after(bug.storesAfterMs, () => void all.add(message));
      const spreading = spread(node, message, all);
      if (bug.waits) await spreading;
      return {};
    });
    node.on("read", () => ({
      messages: bug.read?.(node, [...all]) ?? [...all],
    }));
    node.on("topology", () => ({}));
    node.on("tell", ({ values }, src) => {
      hear(values, src);
      return {};
    });
    node.on("hint", ({ values }, src) => hear(values, src));
    bug.also?.(node, all);
  };
}

/** Doubles its pause without a cap. */
async function tellMoreAndMoreSeldom(
  node: Node<Protocol>,
  value: number,
): Promise<void> {
  await Promise.all(node.peers.map(async (peer) => {
    for (let pauseMs = 1_000;; pauseMs *= 2) {
      try {
        return await node.rpc(peer, "tell", { values: [value] });
      } catch {
        await node.sleep(pauseMs);
      }
    }
  }));
}

function hintAll(node: Node<Protocol>, value: number): void {
  for (const peer of node.peers) node.send(peer, "hint", { values: [value] });
}

function hintAllOfThem(
  node: Node<Protocol>,
  _value: number,
  all: Set<number>,
): void {
  for (const peer of node.peers) {
    node.send(peer, "hint", { values: [...all] });
  }
}

const isFirst = (node: Node<Protocol>) => node.id === node.ids[0];

/** Mutants of the broadcast challenges. */
export const mutants: Mutant[] = [
  {
    name: "broadcast-deaf",
    bug: "the first node takes no value from another",
    program: withBug({ hears: (node) => !isFirst(node) }),
    scenario: "broadcast-3b",
    faults: "official",
    caughtAs: ["lost-value"],
    faithful: "passes",
  },
  {
    name: "broadcast-deaf-in-one-direction",
    bug: "the second node takes no value from the first",
    program: withBug({
      hears: (node, src) => !(node.id === node.ids[1] && src === node.ids[0]),
    }),
    scenario: "broadcast-3b",
    faults: "official",
    caughtAs: ["lost-value"],
    faithful: "passes",
  },
  {
    name: "broadcast-fire-and-forget",
    bug: "tells everybody once, even behind a cut",
    program: withBug({ spread: hintAll }),
    scenario: "broadcast-3c",
    faults: "partition",
    caughtAs: ["lost-value"],
    faithful: "caught",
  },
  {
    name: "broadcast-ever-slower",
    bug: "doubles its pauses without a cap, and sleeps when the cut heals",
    program: withBug({ spread: tellMoreAndMoreSeldom }),
    scenario: "broadcast-3c",
    flags: { "nemesis-interval": 20, "time-limit": 30 },
    faults: "official",
    caughtAs: ["lost-value"],
    faithful: "caught",
  },
  {
    name: "broadcast-acknowledges-after-replication",
    bug: "lets the client wait until everybody knows",
    program: withBug({ waits: true }),
    scenario: "broadcast-3c",
    faults: "partition",
    caughtAs: ["unavailable"],
    faithful: "passes",
  },
  {
    name: "broadcast-doubles",
    bug: "shows its last value twice",
    program: withBug({ read: (_, values) => [...values, ...values.slice(-1)] }),
    scenario: "broadcast-3a",
    faults: "official",
    caughtAs: ["duplicate-value"],
    faithful: "passes",
  },
  {
    name: "broadcast-invents",
    bug: "shows a value that nobody sent",
    program: withBug({ read: (_, values) => [...values, 1_000_000] }),
    scenario: "broadcast-3a",
    faults: "official",
    caughtAs: ["never-sent-value"],
    faithful: "passes",
  },
  {
    name: "broadcast-stores-later",
    bug: "acknowledges a value half a second before it stores it",
    program: withBug({ storesAfterMs: 500 }),
    scenario: "broadcast-3a",
    faults: "official",
    caughtAs: ["own-write-missing"],
    faithful: "passes",
  },
  {
    name: "broadcast-forgets-for-a-while",
    bug: "one read in twenty lacks the older half of the values",
    program: withBug({
      read: (node, values) =>
        node.random() < 0.05 ? values.slice(values.length >> 1) : values,
    }),
    scenario: "broadcast-3b",
    faults: "official",
    caughtAs: ["value-forgotten", "own-write-missing"],
    faithful: "passes",
  },
  {
    name: "broadcast-too-slow",
    bug: "spreads a value three seconds after it was told",
    program: withBug({
      spread: (node, value) => node.after(3_000, () => hintAll(node, value)),
    }),
    scenario: "broadcast-3b",
    faults: "official",
    caughtAs: ["stale-read"],
    faithful: "passes",
  },
  {
    name: "broadcast-chatters",
    bug: "tells everybody one value a second for ever",
    program: withBug({
      also: (node, all) => {
        node.every(1_000, () => {
          const [any] = all;
          if (any !== undefined) hintAll(node, any);
        });
      },
    }),
    scenario: "broadcast-3c",
    faults: "official",
    caughtAs: ["chatter"],
    faithful: "passes",
  },
  {
    name: "bc-racy-clients",
    bug:
      "copies the set, waits a moment, and replaces it with the copy and a client's value",
    program: withBug({ racesMs: 5 }),
    scenario: "broadcast-3c",
    flags: { rate: 100, "time-limit": 10 },
    faults: "chaos",
    caughtAs: ["own-write-missing", "value-forgotten", "lost-value"],
    faithful: "caught",
  },
  {
    name: "broadcast-sends-all-again",
    bug: "sends the whole set with every new value",
    program: withBug({ spread: hintAllOfThem }),
    scenario: "broadcast-3d",
    flags: { "node-count": 5, "time-limit": 5 },
    faults: "official",
    caughtAs: ["sent-again"],
    faithful: "passes",
  },
];
