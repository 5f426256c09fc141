/**
 * Programs of nobody we know with one planted bug each: the strict judge must find it though
 * nothing is promised, by the error that explains it. Those without a log or a store are here.
 */
import { echo, three as threeNodes } from "../strangers/basics.ts";
import {
  BROADCAST,
  cut,
  five,
  G_SET,
  gossiping,
  sums,
  three,
} from "../strangers/sets.ts";
import {
  type AnyNode,
  changed,
  type Handler,
  notNow,
} from "../strangers/stranger.ts";
import { type Impostor, impostor } from "./impostor.ts";

type Change = (node: AnyNode, handler: Handler) => Handler;

/** Tells peers of each value, once. */
function onceTold(node: AnyNode): void {
  const known = new Set<number>();
  node.on("topology", () => ({}));
  node.on("tell", ({ message }) => void known.add(message));
  node.on("broadcast", ({ message }) => {
    known.add(message);
    for (const peer of node.peers) node.send(peer, "tell", { message });
    return {};
  });
  node.on("read", () => ({ messages: [...known] }));
}

/** What a set's reads show, changed. */
const reads = (
  words: typeof BROADCAST,
  change: (values: number[], node: AnyNode) => number[],
) =>
  changed(
    gossiping(200, words),
    (node, handler) => (request, src) => ({
      [words.elements]: change(handler(request, src)[words.elements], node),
    }),
    ["read"],
  );

/** Of some requests a node does nothing but answer. */
const dropping = (
  program: (node: AnyNode) => void,
  type: string,
  share: number,
) =>
  changed(
    program,
    (node, handler) => (request, src) =>
      node.random() < share ? {} : handler(request, src),
    [type],
  );

/** Reads the sum, waits a moment, and writes it back with what was added. */
function racingCounter(node: AnyNode): void {
  let sum = 0;
  node.on("add", async ({ delta }) => {
    const before = sum;
    await node.sleep(20);
    sum = before + delta;
    return {};
  });
  node.on("read", () => ({ value: sum }));
}

function racingIds(node: AnyNode): void {
  let serial = 0;
  node.on("generate", async () => {
    const mine = serial;
    await node.sleep(10);
    serial = mine + 1;
    return { id: `${node.id} ${mine}` };
  });
}

/** The last node does not do what it is asked. */
const last = (program: (node: AnyNode) => void, type: string, act: Change) =>
  changed(
    program,
    (node, handler) =>
      node.id === node.ids.at(-1) ? act(node, handler) : handler,
    [type],
  );

const broadcast = impostor("broadcast", five);
const gSet = impostor("g-set", five);
const counter = impostor("g-counter", three);

/** See the module. */
export const impostors: readonly Impostor[] = [
  impostor("echo", { ...threeNodes, rate: 40 })(
    "stranger-echo-cut-short",
    "returns at most twelve characters",
    changed(
      echo,
      (_, handler) => (request, src) => ({
        echo: String(handler(request, src).echo).slice(0, 12),
      }),
      ["echo"],
    ),
    "echo-mismatch",
    "caught",
  ),
  impostor("unique-ids", { ...threeNodes, concurrency: "4n", rate: 200 })(
    "stranger-ids-racing",
    "reads its counter, waits, and writes it",
    racingIds,
    "duplicate-id",
    "caught",
  ),
  impostor("unique-ids", { ...threeNodes, "time-limit": 15 })(
    "stranger-ids-silent",
    "the last node leaves one client in ten without an answer",
    last(
      racingIds,
      "generate",
      (node, handler) => (request, src) =>
        node.random() < 0.1 ? new Promise(() => {}) : handler(request, src),
    ),
    "unanswered-request",
    "passes",
  ),
  broadcast(
    "stranger-bc-forgets",
    "one read in ten lacks the older half of the values",
    reads(
      BROADCAST,
      (values, node) =>
        node.random() < 0.1 ? values.slice(values.length >> 1) : values,
    ),
    "value-forgotten",
    "passes",
  ),
  broadcast(
    "stranger-bc-invents",
    "shows a value that nobody sent",
    reads(BROADCAST, (values) => [...values, 1e6]),
    "never-sent-value",
    "passes",
  ),
  broadcast(
    "stranger-bc-doubles",
    "shows every value twice",
    reads(BROADCAST, (values) => [...values, ...values]),
    "duplicate-value",
    "passes",
  ),
  broadcast(
    "stranger-bc-deaf",
    "the last node takes nothing from the others",
    last(gossiping(200, BROADCAST), "all", () => () => {}),
    "lost-value",
    "passes",
  ),
  broadcast(
    "stranger-bc-told-once",
    "tells of each value once, even behind a cut",
    onceTold,
    "lost-value",
    "caught",
    cut,
  ),
  broadcast(
    "stranger-bc-drops",
    "acknowledges one value in ten and drops it",
    dropping(gossiping(200, BROADCAST), "broadcast", 0.1),
    "lost-value",
    "caught",
  ),
  broadcast(
    "stranger-bc-silent-node",
    "the last node answers no read",
    last(gossiping(200, BROADCAST), "read", () => () => new Promise(() => {})),
    "unanswered-request",
    "passes",
  ),
  gSet(
    "stranger-gs-drops",
    "acknowledges one element in ten and drops it",
    dropping(gossiping(200, G_SET), "add", 0.1),
    "lost-value",
    "caught",
  ),
  gSet(
    "stranger-gs-deaf",
    "the last node takes nothing from the others",
    last(gossiping(200, G_SET), "all", () => () => {}),
    "lost-value",
    "passes",
  ),
  counter(
    "stranger-gc-racing",
    "reads the sum, waits, and writes it",
    racingCounter,
    "read-too-low",
    "caught",
    { "node-count": 1, concurrency: "6n", rate: 100 },
  ),
  counter(
    "stranger-gc-counts-twice",
    "counts one add in ten twice",
    changed(sums(200), (node, handler) => (request, src) =>
      handler(
        node.random() < 0.1
          ? { ...request, delta: 2 * request.delta }
          : request,
        src,
      ), ["add"]),
    "read-too-high",
    "caught",
  ),
  counter(
    "stranger-gc-drops",
    "acknowledges one add in ten and drops it",
    dropping(sums(200), "add", 0.1),
    "read-too-low",
    "caught",
  ),
  counter(
    "stranger-gc-back",
    "one read in ten is one lower",
    changed(
      sums(200),
      (node, handler) => (request, src) => ({
        value: Math.max(
          0,
          handler(request, src).value - (node.random() < 0.1 ? 1 : 0),
        ),
      }),
      ["read"],
    ),
    "read-went-backwards",
    "passes",
  ),
  counter(
    "stranger-gc-unreadable",
    "the last node refuses every read",
    last(sums(200), "read", () => () => notNow()),
    "no-final-read",
    "passes",
  ),
];
