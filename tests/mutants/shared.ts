/**
 * Mutants of what nodes share without a leader: sets and counters that they tell each other,
 * lists and thunks in services, timestamps of an oracle.
 */
import {
  sharedSums,
  type SumsProtocol,
} from "../../challenges/counter-4-crdt.ts";
import gSet from "../../challenges/g-set.ts";
import pnCounter from "../../challenges/pn-counter.ts";
import txnListAppendThunks from "../../challenges/txn-list-append-thunks.ts";
import txnListAppend from "../../challenges/txn-list-append.ts";
import uniqueIdsTso from "../../challenges/unique-ids-2-tso.ts";
import { ErrorCode, type Node } from "../../lib/maelstrom.ts";
import { hasCode } from "../fixtures/has-code.ts";
import { withMethods } from "../fixtures/with-methods.ts";
import type { Integer } from "../../lib/schema.ts";
import type { JsonObject } from "../../lib/workbench/history/json.ts";
import type { Mutant } from "./mutant.ts";
import { calling, sending, twist, type Twists } from "./twist.ts";

const twisted = (program: unknown, twists: (node: Node<never>) => Twists) =>
  twist(program as never, twists as never);

/** What nodes of g-set tell each other: by life, elements from a number on. */
type Delta = { [life: string]: [from: number, some: unknown[]] };

interface Counter extends SumsProtocol {
  add(request: { delta: number }): Record<never, never>;
  read(): { value: Integer };
}

/** Keeps one sum of what is added and taken away at a node, of which peers take the higher. */
function oneSum(node: Node<Counter>): void {
  const { name, add, sums, catchUp } = sharedSums(node);
  node.on("add", ({ delta }) => {
    add(name(), delta);
    return {};
  });
  node.on("read", () =>
    catchUp.run(() => ({
      value: [...sums.values()].reduce<number>((a, b) => a + Number(b), 0),
    })));
}

/** Tells all lives of a node apart only by its name. */
const oneLife = (program: unknown) => (node: Node<never>) =>
  (program as (node: unknown) => void)(
    withMethods(node, { now: () => 0, random: () => 0 }),
  );

/** Believes of each peer that it has what it was told a moment ago. */
function takesSentForHeard(node: Node<never>): void {
  let hear: (message: object, src: string) => void = () => {};
  const program = sending(gSet, (_type, message, dest) => {
    const heard = { ...message, delta: {}, asks: false, inTurn: false };
    node.after(1, () => hear(heard, dest));
    return message;
  }, () => ({ merge: (handler) => hear = handler }));
  (program as (node: Node<never>) => void)(node);
}

/** Says to each peer only what it has never said to it. */
function tellsOnce(node: Node<never>): void {
  const told = new Map<string, number>();
  const program = sending(gSet, (_type, message, dest) => {
    const delta = Object.entries(message.delta as Delta).map(
      ([life, [from, some]]) => {
        const key = `${dest} ${life}`;
        const start = Math.max(from, told.get(key) ?? 0);
        told.set(key, from + some.length);
        return [life, [start, some.slice(start - from)]];
      },
    );
    return { ...message, delta: Object.fromEntries(delta) };
  });
  (program as (node: Node<never>) => void)(node);
}

const list = { "time-limit": 8 };
const wrongList = [
  "G0",
  "G1c",
  "G-single",
  "incompatible-order",
  "lost-update",
  "duplicate-elements",
  "internal",
];

/** See the module. */
export const mutants: Mutant[] = [
  {
    name: "gset-tells-once",
    bug: "never tells again what was lost",
    program: tellsOnce,
    scenario: "g-set",
    faults: "partition",
    caughtAs: ["lost", "lost-value"],
    faithful: "caught",
  },
  {
    name: "gset-shows-twice",
    bug: "shows what it has heard twice",
    program: twist(
      gSet as never,
      (() => ({
        read: (handler: () => { value: unknown[] }) => () => {
          const { value } = handler();
          return { value: [...value, ...value.slice(-1)] };
        },
      })) as never,
    ),
    scenario: "g-set",
    faults: "official",
    caughtAs: ["duplicate-value"],
    faithful: "passes",
  },
  {
    name: "pn-takes-nothing-away",
    bug: "acknowledges subtractions and forgets them",
    program: twist(
      pnCounter as never,
      (() => ({
        add:
          (handler: (request: { delta: number }) => object) =>
          (request: { delta: number }) =>
            request.delta < 0 ? {} : handler(request),
      })) as never,
    ),
    scenario: "pn-counter",
    faults: "official",
    caughtAs: ["read-too-high"],
    faithful: "caught",
  },
  {
    name: "gset-acks-before-it-stores",
    bug: "acknowledges an element half a second before it is stored",
    program: twisted(gSet, (node) => ({
      add: (handler) => (request, src) => {
        node.after(500, () => handler(request, src));
        return {};
      },
    })),
    scenario: "g-set",
    faults: "official",
    caughtAs: ["own-write-missing"],
    faithful: "passes",
  },
  {
    name: "gset-takes-sent-for-heard",
    bug: "treats what was sent as delivered",
    program: takesSentForHeard,
    scenario: "g-set",
    faults: "partition",
    caughtAs: ["lost", "lost-value"],
    faithful: "caught",
  },
  {
    name: "gset-skips-ahead",
    bug: "adopts a version without the elements",
    program: twisted(gSet, () => ({
      merge: (handler) => ({ delta, ...message }, src) =>
        handler({
          ...message,
          delta: Object.fromEntries(
            Object.entries(delta as Record<string, [number, unknown[]]>).map(
              ([life, [, some]]) => [life, [0, some]],
            ),
          ),
        }, src),
    })),
    scenario: "g-set",
    faults: "official",
    caughtAs: ["lost", "lost-value"],
    faithful: "caught",
  },
  {
    name: "gset-lives-alike",
    bug:
      "numbers the elements of every life of a node from zero, under one name",
    program: oneLife(gSet),
    scenario: "g-set",
    flags: { "time-limit": 8 },
    faults: "chaos",
    caughtAs: ["lost", "lost-value"],
    faithful: "caught",
  },
  {
    name: "pn-one-sum",
    bug:
      "keeps one sum of additions and subtractions, and merges by the higher",
    program: oneSum,
    scenario: "pn-counter",
    faults: "official",
    caughtAs: ["read-too-high", "divergent-replicas"],
    faithful: "caught",
  },
  {
    name: "pn-loses-signs",
    bug: "sometimes adds what should be subtracted",
    program: twisted(pnCounter, (node) => ({
      add: (handler) => ({ delta }, src) =>
        handler({ delta: node.random() < 0.05 ? Math.abs(delta) : delta }, src),
    })),
    scenario: "pn-counter",
    faults: "official",
    caughtAs: ["read-too-high"],
    faithful: "caught",
  },
  {
    name: "tso-given-twice",
    bug: "two lives get the same timestamp",
    program: calling(uniqueIdsTso, () => async (call, service, body) => {
      const { ts, ...rest } = await call(service, body);
      return { ...rest, ts: Math.floor(Number(ts) / 2) };
    }),
    scenario: "unique-ids-2-tso",
    flags: { "time-limit": 5 },
    faults: "official",
    caughtAs: ["duplicate-id"],
    faithful: "caught",
  },
  {
    name: "tso-remembers-nothing",
    bug: "uses its clock's second when the oracle is slow to answer",
    program: calling(
      uniqueIdsTso,
      (node) => (call, service, body) =>
        Promise.race([
          call(service, body),
          node.sleep(2).then(() => ({ type: "ts_ok", ts: 7 })),
        ]),
    ),
    scenario: "unique-ids-2-tso",
    flags: { "time-limit": 5 },
    faults: "chaos",
    caughtAs: ["duplicate-id"],
    faithful: "caught",
  },
  {
    name: "list-swaps-blindly",
    bug: "assumes that a lost race was won",
    program: calling(txnListAppend, () => async (call, service, body) => {
      try {
        return await call(service, body);
      } catch (error) {
        if (!hasCode(error, ErrorCode.preconditionFailed)) throw error;
        return { type: "cas_ok" };
      }
    }),
    scenario: "txn-list-append",
    flags: list,
    faults: "official",
    caughtAs: wrongList,
    faithful: "caught",
  },
  {
    name: "list-forgets-batches",
    bug: "repeats a batch whose swap succeeded, but whose answer was lost",
    program: calling(txnListAppend, () => (call, service, body) => {
      const to = body["to"] as JsonObject | undefined;
      return call(
        service,
        to?.["done"] ? { ...body, to: { ...to, done: [] } } : body,
      );
    }),
    scenario: "txn-list-append",
    flags: list,
    faults: "chaos",
    caughtAs: wrongList,
    faithful: "caught",
  },
  {
    name: "thunks-written-after-the-root",
    bug:
      "swaps the root before it writes the thunks in it, which others then find empty",
    program: calling(txnListAppendThunks, (node) => {
      return async (call, service, body) => {
        const { type } = body;
        if (service !== "lww-kv") return call(service, body);
        if (type === "write") {
          node.after(300, () => call(service, body).catch(() => {}));
          return { type: "write_ok" };
        }
        for (let tries = 0;; tries++) {
          try {
            return await call(service, body);
          } catch (error) {
            if (!hasCode(error, ErrorCode.keyDoesNotExist)) throw error;
            if (tries > 20) return { type: "read_ok", value: { value: [] } };
          }
        }
      };
    }),
    scenario: "txn-list-append-thunks",
    flags: { ...list, rate: 50 },
    faults: "official",
    caughtAs: wrongList,
    faithful: "caught",
  },
  {
    name: "thunks-missing-are-empty",
    bug: "treats a thunk as empty that the first read does not find",
    program: calling(txnListAppendThunks, () => async (call, service, body) => {
      try {
        return await call(service, body);
      } catch (error) {
        const isLook = service === "lww-kv" &&
          hasCode(error, ErrorCode.keyDoesNotExist);
        if (!isLook) throw error;
        return { type: "read_ok", value: { value: [] } };
      }
    }),
    scenario: "txn-list-append-thunks",
    flags: { ...list, rate: 50 },
    faults: "official",
    caughtAs: wrongList,
    faithful: "caught",
  },
  {
    name: "thunks-share-names",
    bug: "gives a thunk the name of an earlier one",
    program: calling(txnListAppendThunks, () => (call, service, body) =>
      call(
        service,
        service === "lww-kv"
          ? {
            ...body,
            key: `thunk ${
              Number.parseInt(String(body["key"]).split(".")[1]!) % 20
            }`,
          }
          : body,
      )),
    scenario: "txn-list-append-thunks",
    flags: { ...list, rate: 50 },
    faults: "official",
    caughtAs: wrongList,
    faithful: "caught",
  },
];
