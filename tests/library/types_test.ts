/**
 * What must not compile: `deno check` fails when an error that is expected here is not
 * one, so these tests have passed when they run at all.
 */
import { assertEquals } from "@std/assert";
import type { Node, Program } from "../../lib/maelstrom.ts";
import type { Kv } from "../../lib/services/kv.ts";

interface Shop {
  buy(request: { what: string; count?: number }): { price: number };
  pick(
    request: { txn: [string, number][] },
  ): { txn: [string, number | null][] };
  list(): { all: string[] };
  close(): Record<string, never>;
  tell(request: { news: string }): void;
}

/** What is right compiles, and what is wrong does not. None of it is ever called. */
const programs: Record<string, Program<Shop>> = {
  "a handler of the right type, with and without await": (node) => {
    node.on("buy", ({ what, count = 1 }) => ({ price: what.length * count }));
    node.on("list", async () => ({ all: await Promise.resolve(["tea"]) }));
    node.on("pick", ({ txn }) => ({ txn: txn.map(([key]) => [key, null]) }));
    node.on("close", () => ({}));
    node.on("tell", async () => await node.sleep(1));
  },
  "a type that the protocol does not have": (node) => {
    // @ts-expect-error there is no sell
    node.on("sell", () => ({ price: 1 }));
    // @ts-expect-error nor can it be sent
    node.send("n1", "sell", {});
    // @ts-expect-error nor called
    node.rpc("n1", "sell", {});
  },
  "a field that the request does not have": (node) => {
    // @ts-expect-error there is no "which"
    node.on("buy", ({ which }) => ({ price: String(which).length }));
    // @ts-expect-error nor has a request without fields any
    node.on("list", ({ which }) => ({ all: [which] }));
  },
  "a reply that lacks a field, or has a wrong one": (node) => {
    // @ts-expect-error the price is missing
    node.on("buy", () => ({}));
    // @ts-expect-error the price is a number
    node.on("buy", () => ({ price: "1" }));
    // @ts-expect-error that of a promise, too
    node.on("buy", () => Promise.resolve({ price: "1" }));
    // @ts-expect-error a reply is due
    node.on("buy", () => {});
    // @ts-expect-error also in the end
    node.on("buy", async () => await Promise.resolve());
    // @ts-expect-error sometimes is not always
    node.on("buy", ({ what }) => what === "tea" ? { price: 1 } : undefined);
    // @ts-expect-error "x" is no number
    node.on("pick", () => ({ txn: [["x", "y"]] }));
  },
  "a reply that has a field too many": (node) => {
    // @ts-expect-error Maelstrom would refuse the rebate
    node.on("buy", () => ({ price: 1, rebate: 0 }));
    // @ts-expect-error that of a promise, too
    node.on("buy", () => Promise.resolve({ price: 1, rebate: 0 }));
    // @ts-expect-error whatever it depends on
    node.on("buy", (r) => r.count ? { price: 1 } : { price: 1, rebate: 0 });
    // @ts-expect-error a reply without fields has none
    node.on("close", () => ({ closed: true }));
  },
  "a reply to what has none": (node) => {
    // @ts-expect-error nobody would read it
    node.on("tell", ({ news }) => ({ news }));
  },
  "a message with a wrong, a missing or a superfluous field": (node) => {
    // @ts-expect-error news are a string
    node.send("n1", "tell", { news: 1 });
    // @ts-expect-error there are none
    node.send("n1", "tell", {});
    // @ts-expect-error a mood is nothing to tell
    node.send("n1", "tell", { news: "rain", mood: "bad" });
    // @ts-expect-error a list has nothing to say
    node.send("n1", "list", { of: "tea" });
    // @ts-expect-error a destination is a name
    node.send(1, "tell", { news: "rain" });
    node.send("n1", "buy", { what: "tea" });
    node.send("n1", "list", {});
  },
  "a call with a wrong, a missing or a superfluous field": (node) => {
    // @ts-expect-error what is a string
    node.rpc("n1", "buy", { what: 1 });
    // @ts-expect-error it is missing
    node.rpc("n1", "buy", { count: 1 });
    // @ts-expect-error a colour is not asked for
    node.rpc("n1", "buy", { what: "tea", colour: "green" });
    // @ts-expect-error timeouts have a unit
    node.rpc("n1", "buy", { what: "tea" }, { timeout: 1 });
  },
  "a call of what has no reply": (node) => {
    // @ts-expect-error it would wait for ever
    node.rpc("n1", "tell", { news: "rain" });
  },
  "a reply that is taken for something else": async (node) => {
    const { price } = await node.rpc("n1", "buy", { what: "tea", count: 2 });
    // @ts-expect-error the price is a number
    price.toUpperCase();
    const reply = await node.rpc("n1", "list", {});
    // @ts-expect-error a list has no price
    reply.price;
  },
  "a store that holds something else": async () => {
    const kv = {} as Kv<number>;
    // @ts-expect-error the store holds numbers
    await kv.write("key", "1");
    // @ts-expect-error it gives numbers
    (await kv.read("key"))?.toUpperCase();
    // @ts-expect-error it changes numbers into numbers
    await kv.cas("key", 0, "1");
    const known: number | null = await kv.read("key");
    return known;
  },
};

/** A protocol whose methods are none is no protocol. */
interface Prices {
  tea: number;
}
// @ts-expect-error a price is no method
export type NoNode = Node<Prices>;

Deno.test(`the compiler refuses ${Object.keys(programs).length - 1} kinds of mistakes, and accepts correct programs`, () => {
  assertEquals(Object.values(programs).map((program) => typeof program), [
    ...Object.keys(programs).map(() => "function"),
  ]);
});
