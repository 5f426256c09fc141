/** Mutants that fall silent: what a run shows of them is that they do not recover. */
import kafka5b from "../../challenges/kafka-5b.ts";
import linKvProxy from "../../challenges/lin-kv-proxy.ts";
import txn6b from "../../challenges/txn-6b.ts";
import { ErrorCode, type Node, RpcError } from "../../lib/maelstrom.ts";
import { Kv } from "../../lib/services/kv.ts";
import { type Mutant, mutantsWith } from "./mutant.ts";
import { calling, twist } from "./twist.ts";

type AnyNode = Node<Record<never, never>>;

/** A program that answers no client as soon as a node says so. */
function silenced(
  program: unknown,
  types: readonly string[],
  isSilent: (node: AnyNode) => () => boolean | Promise<boolean>,
): unknown {
  return twist(program as never, (node) => {
    const silent = isSilent(node as AnyNode);
    return Object.fromEntries(types.map((type) => [
      type,
      (handler) => async (request, src) =>
        await silent() ? new Promise(() => {}) : handler(request, src),
    ]));
  });
}

/** A later life of a node: the first has left its mark in lin-kv. */
function livesAgain(node: AnyNode): () => Promise<boolean> {
  const kv = new Kv<string>(node, "lin-kv");
  const life = `${node.random()}`;
  let isFirst: Promise<boolean> | undefined;
  return async () => {
    isFirst ??= kv.cas(`life of ${node.id}`, null, life).then(
      async (isNew) => isNew || await kv.read(`life of ${node.id}`) === life,
    );
    return !await isFirst;
  };
}

/** Once nothing has run for a second, it counts as dead. */
function hasStoodStill(node: AnyNode): () => boolean {
  let last = node.now(), stoodStill = false;
  node.every(100, () => {
    if (node.now() - last > 1_000) stoodStill = true;
    last = node.now();
  });
  return () => stoodStill;
}

/** Asks a service once, and waits for ever: one lost message ends all rounds. */
const asksOnce = calling(kafka5b, () => {
  let isDeaf = false;
  return async (call, service, body) => {
    if (isDeaf) return await new Promise(() => {});
    try {
      return await call(service, body);
    } catch (error) {
      if (error instanceof RpcError && error.code !== ErrorCode.timeout) {
        throw error;
      }
      isDeaf = true;
      return await new Promise(() => {});
    }
  };
});

const mutant = mutantsWith({
  scenario: "lin-kv-proxy",
  flags: { "time-limit": 8, rate: 60 },
  faults: "chaos",
  caughtAs: ["no-recovery"],
  faithful: "passes",
});

const registers = ["read", "write", "cas"];

/** See the module. */
export const mutants: Mutant[] = [
  mutant(
    "silent-after-kill",
    "a restarted node answers no request",
    silenced(linKvProxy, registers, livesAgain),
  ),
  mutant(
    "silent-after-pause",
    "a node that has been stopped for a second answers no request afterwards",
    silenced(linKvProxy, registers, hasStoodStill),
  ),
  mutant(
    "silent-cas-after-kill",
    "a restarted node answers all requests but one kind",
    silenced(linKvProxy, ["cas"], livesAgain),
  ),
  mutant(
    "silent-transactions-after-pause",
    "a replica that has been stopped for a second answers no transaction afterwards",
    silenced(txn6b, ["txn"], hasStoodStill),
    { scenario: "txn-6b", caughtAs: ["no-recovery", "no-final-read"] },
  ),
  mutant(
    "silent-from-the-start",
    "no request is ever answered",
    silenced(linKvProxy, registers, () => () => true),
    { caughtAs: ["no-recovery"], faithful: "caught" },
  ),
  mutant(
    "silent-cas",
    "no compare-and-set ever succeeds",
    twist(
      linKvProxy as never,
      (() => ({
        cas: () => () => {
          throw new RpcError(ErrorCode.preconditionFailed, "it is another");
        },
      })) as never,
    ),
    { caughtAs: ["never-ok"], faithful: "caught" },
  ),
  mutant(
    "silent-after-loss",
    "waits for ever for the answer of a service that was lost",
    asksOnce,
    {
      scenario: "kafka-5b",
      flags: { "time-limit": 12, rate: 60 },
      faithful: "caught",
    },
  ),
];
