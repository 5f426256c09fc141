/**
 * The services that Maelstrom offers to nodes: three key-value stores of decreasing consistency,
 * and a timestamp oracle. Each is a state machine that answers one request at a time. It knows
 * neither network nor clock, and all its randomness comes from its stream.
 *
 * Keys and values are any JSON and compared by structure; 1 is neither "1" nor 1.0. Values are kept
 * by reference: callers must not change a body that they have passed in or been given.
 */
import type { Body } from "../history/history.ts";
import { canonical, equal, type Json, stringify } from "../history/json.ts";
import type { Random } from "./random.ts";

/** A service. */
export interface Service {
  /**
   * Answers a request.
   *
   * @param src the caller; seq-kv keeps state for each
   * @returns the reply's body, or null for a type that the service does not know: such a request is
   * never answered
   */
  handle(src: string, body: Body): Body | null;
}

/** The names of the services, which are also their addresses. */
export type ServiceName = "lin-kv" | "seq-kv" | "lww-kv" | "lin-tso";

/** Events that must have happened in a run for it to prove much. */
export type ServiceEvent =
  | "cas-lost" // a compare-and-set met another value
  | "seq-kv-stale-read" // a read returned an outdated value
  | "seq-kv-stale-write" // a write was acknowledged without effect, as it repeated an old value
  | "seq-kv-stale-cas" // a compare-and-set was answered from an old version
  | "lww-stale-read"; // a read missed the latest write

/** How services behave. */
export interface ServiceOptions {
  /**
   * Whether a caller that is more than 32 versions behind gets a random retained version each time,
   * and so may go back in time, which is a flaw of Maelstrom's seq-kv. Otherwise it gets the oldest
   * retained version or a later one.
   */
  faithful: boolean;
  /** Called for every {@link ServiceEvent}. */
  onEvent?: (event: ServiceEvent) => void;
}

/** All services in their initial states, each with a random stream of its own. */
export function createServices(
  random: Random,
  { faithful, onEvent = () => {} }: ServiceOptions,
): Record<ServiceName, Service> {
  return {
    "lin-kv": linearizable(onEvent),
    "seq-kv": sequential(random.fork("seq-kv"), faithful, onEvent),
    "lww-kv": lastWriteWins(random.fork("lww-kv"), onEvent),
    "lin-tso": timestampOracle(),
  };
}

/** The outcome of a request: a reply, and the key's new value if it writes one. */
interface Outcome {
  reply: Body;
  write?: { value: Json };
}

const KEY_DOES_NOT_EXIST: Outcome = {
  reply: { type: "error", code: 20, text: "key does not exist" },
};

/**
 * Decides the outcome of a request to a key-value store; null if its type is unknown.
 *
 * @param current the value of the request's key, undefined if there is none
 * @param creates whether the store allows a compare-and-set to create its key
 */
function decide(
  current: Json | undefined,
  body: Body,
  creates: boolean,
): Outcome | null {
  switch (body.type) {
    case "read":
      return current === undefined
        ? KEY_DOES_NOT_EXIST
        : { reply: { type: "read_ok", value: current } };
    case "write":
      return {
        reply: { type: "write_ok" },
        write: { value: body.value ?? null },
      };
    case "cas": {
      const { from = null, to = null, create_if_not_exists: create } = body;
      if (current === undefined) {
        // Anything but false and null is true to Maelstrom.
        if (!creates || (create ?? false) === false) return KEY_DOES_NOT_EXIST;
      } else if (!equal(current, from)) {
        const text = `current value ${stringify(current)} is not ${
          stringify(from)
        }`;
        return { reply: { type: "error", code: 22, text } };
      }
      return { reply: { type: "cas_ok" }, write: { value: to } };
    }
    default:
      return null;
  }
}

/** The reply to a request. */
function inReplyTo(request: Body, reply: Body): Body {
  return { ...reply, in_reply_to: request.msg_id ?? null };
}

function keyOf(body: Body): string {
  return canonical(body.key ?? null);
}

type OnEvent = (event: ServiceEvent) => void;

function reportLostCas({ reply }: Outcome, onEvent: OnEvent): void {
  if (reply.code === 22) onEvent("cas-lost");
}

/** lin-kv: one store, which answers one request after another. */
function linearizable(onEvent: OnEvent): Service {
  const store = new Map<string, Json>();
  return {
    handle(_src, body) {
      const key = keyOf(body);
      const outcome = decide(store.get(key), body, true);
      if (outcome === null) return null;
      if (outcome.write) store.set(key, outcome.write.value);
      reportLostCas(outcome, onEvent);
      return inReplyTo(body, outcome.reply);
    },
  };
}

/** lin-tso: 0, 1, 2, ... */
function timestampOracle(): Service {
  let next = 0;
  return {
    handle(_src, body) {
      return body.type === "ts"
        ? inReplyTo(body, { type: "ts_ok", ts: next++ })
        : null;
    },
  };
}

/** How many versions of its whole store seq-kv retains. */
const VERSIONS = 32;

/**
 * The latest versions of a store, numbered from 0, which is the empty one. Each key has its own list
 * of values with the versions that brought them, so a version takes only the memory of what it
 * changes.
 */
class VersionedStore {
  /** The number of the newest version. */
  newest = 0;
  readonly #values = new Map<string, { since: number; value: Json }[]>();

  /** The oldest version that is retained. */
  get oldest(): number {
    return Math.max(0, this.newest - VERSIONS + 1);
  }

  /** A key's value in a retained version, undefined where it has none. */
  get(key: string, version: number): Json | undefined {
    return this.#values.get(key)?.findLast(({ since }) => since <= version)
      ?.value;
  }

  /** Makes a new version, which differs from the last in at most this key. */
  append(key: string, write: { value: Json } | undefined): void {
    this.newest++;
    if (write === undefined) return;
    const values = this.#values.get(key) ?? [];
    this.#values.set(key, values);
    values.push({ since: this.newest, value: write.value });
    while (values.length > 1 && values[1]!.since <= this.oldest) values.shift();
  }
}

/**
 * seq-kv: all callers see the versions in order, each at its own pace. A request is tried on a random
 * version that is not older than the caller's last. If it changes nothing there, that is the answer;
 * otherwise it is executed on the newest version instead, and the caller is up to date.
 */
function sequential(
  random: Random,
  faithful: boolean,
  onEvent: OnEvent,
): Service {
  const store = new VersionedStore();
  const seen = new Map<string, number>();

  /** The version in the slot of this one: Maelstrom keeps versions in a ring, whose slots are reused. */
  const resident = (version: number) =>
    store.newest - (store.newest - version) % VERSIONS;

  return {
    handle(src, body) {
      const key = keyOf(body);
      const last = seen.get(src) ?? 0;
      const from = faithful ? last : Math.max(last, store.oldest);
      const picked = from + random.int(store.newest - from + 1);

      const before = store.get(key, resident(picked));
      const tried = decide(before, body, true);
      if (tried === null) return null;
      const now = decide(store.get(key, store.newest), body, true)!;
      if (isChange(before, tried)) {
        store.append(key, now.write);
        seen.set(src, store.newest);
        reportLostCas(now, onEvent);
        return inReplyTo(body, now.reply);
      }
      seen.set(src, picked);
      const stale = !equal(tried.reply, now.reply) ||
        isChange(store.get(key, store.newest), now);
      if (stale) {
        onEvent(`seq-kv-stale-${body.type as "read" | "write" | "cas"}`);
      } else reportLostCas(tried, onEvent);
      return inReplyTo(body, tried.reply);
    },
  };
}

/** Whether the outcome changes a store that holds this value. */
function isChange(current: Json | undefined, { write }: Outcome): boolean {
  return write !== undefined &&
    (current === undefined || !equal(current, write.value));
}

/** A value of lww-kv. */
interface Written {
  value: Json;
  /**
   * How many writes to either store came before it. The stores do not know, but it tells stale reads.
   */
  order: number;
}

/**
 * lww-kv: two stores that know nothing of each other. A fair coin decides which of them answers a
 * request. Maelstrom means to merge them, but drops the result, so a value that was written only once
 * is found by half of all reads, for ever.
 */
function lastWriteWins(random: Random, onEvent: OnEvent): Service {
  const stores = [0, 1].map(() => new Map<string, Written>());
  const latest = new Map<string, number>();
  let writes = 0;

  return {
    handle(_src, body) {
      const store = random.pick(stores);
      const key = keyOf(body);
      const current = store.get(key);
      const outcome = decide(current?.value, body, false);
      if (outcome === null) return null;
      if (outcome.write) {
        store.set(key, { value: outcome.write.value, order: ++writes });
        latest.set(key, writes);
      } else if (
        body.type === "read" && (current?.order ?? 0) < (latest.get(key) ?? 0)
      ) onEvent("lww-stale-read");
      reportLostCas(outcome, onEvent);
      return inReplyTo(body, outcome.reply);
    },
  };
}
