/** Mutants of registers at a node's surface: what is wrong whatever is behind it. */
import linKvProxy from "../../challenges/lin-kv-proxy.ts";
import { ErrorCode, type Node, RpcError } from "../../lib/maelstrom.ts";
import { type Mutant, mutantsWith } from "./mutant.ts";
import { twist, type Twists } from "./twist.ts";

const surface = (twists: (node: Node<never>) => Twists) =>
  twist(linKvProxy as never, twists as never);

/** What no order of the operations explains, by any of its names. */
export const WRONG: string[] = [
  "not-linearizable",
  "null-after-write",
  "cas-succeeded-twice",
];

const inChaos = { "time-limit": 15, rate: 100 };

const mutant = mutantsWith({
  scenario: "lin-kv-proxy",
  flags: { "time-limit": 8, rate: 100 },
  faults: "official",
  caughtAs: WRONG,
  faithful: "caught",
});

/** See the module. */
export const mutants: Mutant[] = [
  mutant(
    "lin-null-reads",
    "every read is null",
    surface(() => ({ read: () => () => ({ value: null }) })),
    { caughtAs: ["null-after-write"], faithful: "passes" },
  ),
  mutant(
    "lin-denies",
    "every other read finds no such key",
    surface((node) => ({
      read: (handler) => (request, src) => {
        if (node.random() < 0.5) return handler(request, src);
        throw new RpcError(ErrorCode.keyDoesNotExist, "no such key");
      },
    })),
    { caughtAs: ["null-after-write"], faithful: "passes" },
  ),
  mutant(
    "lin-invents",
    "one read in ten is of a value that nobody wrote",
    surface((node) => ({
      read: (handler) => (request, src) =>
        node.random() < 0.1 ? { value: 7 } : handler(request, src),
    })),
    { caughtAs: ["read-of-unwritten"] },
  ),
  mutant(
    "lin-cas-agrees",
    "one cas in five succeeds without having been tried",
    surface((node) => ({
      cas: (handler) => (request, src) =>
        node.random() < 0.2 ? {} : handler(request, src),
    })),
  ),
  mutant(
    "lin-cas-refuses",
    "a cas in three is refused without having been tried",
    surface((node) => ({
      cas: (handler) => (request, src) => {
        if (node.random() > 0.3) return handler(request, src);
        throw new RpcError(ErrorCode.preconditionFailed, "another value");
      },
    })),
    { caughtAs: ["wrong-refusal"], faithful: "passes" },
  ),
  mutant(
    "lin-early-ack",
    "acknowledges writes before they are done",
    surface(() => ({
      write: (handler) => (request, src) => {
        handler(request, src)?.catch(() => {});
        return {};
      },
    })),
    { flags: inChaos, faults: "chaos" },
  ),
  mutant(
    "lin-cached-reads",
    "reads what it read itself up to half a second ago",
    surface((node) => {
      const cache = new Map<unknown, { at: number; reply: unknown }>();
      return {
        read: (handler) => async (request, src) => {
          const known = cache.get(request.key);
          if (known && node.now() < known.at + 500) return known.reply;
          const reply = await handler(request, src);
          cache.set(request.key, { at: node.now(), reply });
          return reply;
        },
      };
    }),
  ),
  mutant(
    "lin-blind-retry",
    "repeats a write that is not answered within 300 ms",
    surface((node) => ({
      write: (handler) => async (request, src) => {
        let isDone = false;
        const first = handler(request, src).finally(() => isDone = true);
        const again = node.sleep(300).then(() =>
          isDone ? first : handler(request, src)
        );
        return await Promise.any([first, again]);
      },
    })),
    { flags: inChaos, faults: "chaos" },
  ),
];
