/**
 * Challenge 5c: logs in the style of Kafka, without coordination. https://fly.io/dist-sys/5c
 *
 * Algorithm: node i of n assigns only the offsets i, i + n, i + 2n, ..., always above the highest
 * it has seen, and acknowledges a send at once. Once a period it sends every peer, over reliable
 * links, its new entries and, for each key, a promise: the lowest offset it may still assign. A
 * poll returns what lies below the lowest promise of all nodes: this is Kafka's high watermark,
 * without a leader. Committed offsets merge by maximum. Nodes take turns: node i speaks i/n of a
 * period after node 0.
 *
 * Guarantees: requests succeed, and wait for no other node, unless their own has just started. No
 * offset is assigned twice; a node's offsets for a key increase. Nothing appears below what a poll
 * has shown, so polls skip nothing and never go back. Without faults, on a machine that does not
 * stall, an acknowledged message is visible everywhere after two periods, less 1/n of one, and two
 * hops, four if one takes over 200 ms: 143 ms for two nodes, at most 190 ms for any number, plus
 * half a period until nodes have found their turns; a committed offset after a period and a hop.
 * While any node is cut off or dead, sends succeed, but most are shown only after the heal; a second
 * later all are. A node that lost its memory recovers what it had told another. Until it has heard
 * from all, it promises nothing, and commits and lists of commits wait, polls for 1 s at most. It
 * reserves offsets in lin-kv; if that is silent, sends that must wait for it are refused after 4 s.
 *
 * Costs: n (n - 1) messages per 95 ms while there is news, whatever the load, and none when all is
 * known: 21.1 messages/s for two nodes: S is about 21.1 / rate, 0.0215 on the official command. A
 * message holds what is unacknowledged, at most 100 items for a peer that does not answer.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { CommittedOffsets, placeOf } from "../lib/stores/logs.ts";
import { program, run } from "../lib/maelstrom.ts";
import { Reserve } from "../lib/services/reserve.ts";
import {
  array,
  dictOf,
  either,
  entriesOf,
  type Entry,
  entry,
  type Json,
  kafkaProtocol,
  mapDict,
  natural,
  object,
  oneOf,
  string,
  type TypeOf,
} from "../lib/protocols.ts";

/** The time between two messages to one peer, in milliseconds: longer saves messages, shorter shows entries sooner. */
const PERIOD_MS = 95;

/** What a node tells the others about a key. */
const news = object({
  key: string,
  /** Its own new entries. */
  entries: array(entry),
  /** The lowest offset it may still assign. */
  promise: natural,
  /** The key's committed offset; null if it is not news. */
  committed: either(natural, oneOf(null)),
});

type News = TypeOf<typeof news>;

const protocol = { ...kafkaProtocol, ...linksProtocol(news) };

/** A node of a log without a leader. */
const kafka5c = program(protocol, (node) => {
  const logs = new Map<string, StripedLog>();
  const committed = new CommittedOffsets();
  const self = node.ids.indexOf(node.id);
  const reserve = new Reserve(node, () => {
    for (const log of logs.values()) log.raise(reserve.first);
    if (!reserve.isLater) comeBack(); // there was no earlier life
  });
  const links = new Links<News>(node, {
    deliver(all, src) {
      for (const news of all) hear(news, node.ids.indexOf(src));
      if (src === node.ids[0]) alignTurn();
    },
    all: () => [...logs.keys()].map(allOf),
    inOrder: true,
    flushMs: PERIOD_MS,
    capMs: 5 * PERIOD_MS,
  });
  /** By key, what the others have not been told. */
  const untold = new Map<string, News>();
  /** By key, the promise that the others have been told. */
  const promised = new Map<string, number>();
  /** Whether all that this node's earlier lives had told is here: until then, it promises nothing. */
  let isSettled = false;
  links.catchUp.run(() => links.isCaughtUp && comeBack());

  function comeBack(): void {
    isSettled = true;
    for (const [key, log] of logs) {
      log.settle();
      newsOf(key);
    }
    reserve.comeBack();
  }

  node.on("send", ({ key, msg }) =>
    reserve.give(() => logOf(key).next, () => {
      const entry = logOf(key).append(msg);
      newsOf(key).entries.push(entry);
      return { offset: entry[0] };
    }));

  node.on("poll", ({ offsets }) =>
    links.catchUp.run(() => ({
      msgs: mapDict(offsets, (offset, key) => {
        const entries = logs.get(key)?.from(offset) ?? [];
        return entries.length > 0 ? entries : undefined;
      }),
    })));

  node.on("commit_offsets", async ({ offsets }) => {
    await reserve.whenBack();
    const risen = committed.raise(offsets, (key) => logs.get(key)?.last ?? -1);
    for (const [key, offset] of entriesOf(risen)) {
      newsOf(key).committed = offset;
    }
    return {};
  });

  node.on("list_committed_offsets", async ({ keys }) => {
    await reserve.whenBack();
    return { offsets: committed.of(keys) };
  });

  let stop = node.after(PERIOD_MS, speak);
  /** Whether the next turn has been moved to its place. */
  let isAligned = false;

  function speak() {
    stop = node.after(PERIOD_MS, speak);
    isAligned = false;
    if (!isSettled && links.isCaughtUp) comeBack();
    for (const [key, news] of untold) {
      const { promise } = logOf(key);
      links.push({ ...news, promise });
      promised.set(key, promise);
    }
    untold.clear();
    links.flush();
  }

  /** Moves this node's next turn to its place in the first node's period, once a turn. */
  function alignTurn() {
    if (isAligned) return;
    isAligned = true;
    stop();
    stop = node.after(PERIOD_MS * self / node.ids.length, speak);
  }

  function hear(
    { key, entries, promise, committed: offset }: News,
    from: number,
  ) {
    const log = logOf(key);
    // Entries of this node's earlier lives may have reached only some nodes, so it tells them again.
    const own = log.receive(from, entries, promise);
    reserve.expect(log.next);
    // A promise that has risen is news, too.
    if (log.promise > (promised.get(key) ?? self)) newsOf(key);
    for (const entry of own) newsOf(key).entries.push(entry);
    if (offset !== null) committed.raise(dictOf([[key, offset]]), () => offset);
  }

  function logOf(key: string): StripedLog {
    const known = logs.get(key);
    if (known !== undefined) return known;
    const log = new StripedLog(self, node.ids.length, isSettled);
    log.raise(reserve.first);
    logs.set(key, log);
    return log;
  }

  /** All that is known of a key, for a node that has lost its memory. */
  function allOf(key: string): News {
    const { all: entries, promise } = logOf(key);
    return { key, entries, promise, committed: committed.get(key) ?? null };
  }

  /** The news of a key that the others are told next. */
  function newsOf(key: string): News {
    const news = untold.get(key) ??
      { key, entries: [], promise: 0, committed: null };
    untold.set(key, news);
    return news;
  }
});

export default kafka5c;

/**
 * One node's copy of a key's log, to which all nodes append without asking each other. Below
 * the lowest promise of all nodes no new entry can appear. The log is shown up to there, so a
 * reader who moves forward misses nothing, although offsets have gaps.
 *
 * Entries and promises of another node must arrive together and in order.
 */
export class StripedLog {
  readonly #node: number;
  /** By node: the lowest offset it may still assign, as far as this node knows. */
  readonly #promises: number[];
  /** Entries below the watermark, in the order of their offsets. */
  readonly #shown: Entry[] = [];
  /** Entries at and above the watermark. */
  readonly #hidden = new Map<number, Entry>();
  #watermark = 0;
  #next: number;
  #isSettled: boolean;

  constructor(
    /** The number of the node whose copy this is, 0 .. `nodes` - 1. */
    node: number,
    /** How many nodes append. */
    nodes: number,
    /** Whether all entries of this node's earlier lives are here; else it promises nothing until {@link settle}. */
    isSettled = true,
  ) {
    this.#isSettled = isSettled;
    this.#node = node;
    this.#promises = Array.from({ length: nodes }, (_, i) => i);
    this.#next = node;
  }

  /** The offset that this node assigns next. */
  get next(): number {
    return this.#next;
  }

  /** The lowest offset at which an entry of this node may still appear. */
  get promise(): number {
    return this.#promises[this.#node]!;
  }

  /** All entries that this copy has. */
  get all(): Entry[] {
    return [...this.#shown, ...this.#hidden.values()];
  }

  /** The offset of the last entry that is shown, -1 if there is none. */
  get last(): number {
    return this.#shown.at(-1)?.[0] ?? -1;
  }

  /** Adds a message of this node's own. */
  append(msg: Json): Entry {
    const entry: Entry = [this.#next, msg];
    this.#hidden.set(entry[0], entry);
    this.raise(this.#next + 1);
    return entry;
  }

  /** Makes this node assign nothing below an offset. */
  raise(offset: number): void {
    const stripe = this.#promises.length;
    const behind = Math.ceil((offset - this.#next) / stripe);
    if (behind > 0) this.#next += behind * stripe;
    if (this.#isSettled) this.#promises[this.#node] = this.#next;
    this.#show();
  }

  /** To be called once all that this node had assigned and told in earlier lives is here. */
  settle(): void {
    this.#isSettled = true;
    this.raise(0);
  }

  /**
   * Takes entries from another node: all its own below its promise that it has assigned since it
   * was last heard. There may be others among them, even this node's own from an earlier life.
   *
   * @returns entries of this node's own that were not known
   */
  receive(from: number, entries: readonly Entry[], promise: number): Entry[] {
    const stripe = this.#promises.length;
    // Entries below the watermark are known already.
    const news = entries.filter(([offset]) =>
      offset >= this.#watermark && !this.#hidden.has(offset)
    );
    for (const entry of news) this.#hidden.set(entry[0], entry);
    this.#promises[from] = Math.max(promise, this.#promises[from]!);
    // Assign nothing at or below others' offsets, so that no node's stripe falls behind.
    const above = promise - stripe;
    this.raise(news.reduce((least, [at]) => Math.max(least, at + 1), above));
    return news.filter(([offset]) => offset % stripe === this.#node);
  }

  /** The entries from an offset on, as far as they are shown. */
  from(offset: number): Entry[] {
    return this.#shown.slice(placeOf(this.#shown, offset));
  }

  /** Shows the entries that the watermark has passed. */
  #show(): void {
    const watermark = Math.min(...this.#promises);
    if (watermark === this.#watermark) return;
    this.#watermark = watermark;
    const ready = this.#hidden.values()
      .filter(([offset]) => offset < watermark).toArray();
    for (const [offset] of ready) this.#hidden.delete(offset);
    for (const one of ready.sort(([a], [b]) => a - b)) this.#shown.push(one);
  }
}

if (import.meta.main) await run(kafka5c);
