/**
 * Detects message storms: nodes that trigger each other without end, for example by forwarding every
 * broadcast, new or not. A storm is told from other traffic by its links: if a link carries many more
 * messages than clients' requests explain, second after second, the clients are not the cause.
 */
import { isClient, typeName } from "../history/history.ts";
import { SECOND } from "./clock.ts";
import type { Packet } from "./network.ts";

/**
 * How many messages of one type may cross a link in a second without any request: no timer is
 * shorter than 1 ms.
 */
const OWN_RATE = 1_000;

/** The same while clients wait in vain: when nodes are slow or many, a storm has no more messages per link. */
const OWN_RATE_WHILE_CLIENTS_WAIT = 200;

/** From when on a client counts as waiting in vain, and when it has certainly given up. */
const WAITING_NS = 1 * SECOND;
const GIVING_UP_NS = 6 * SECOND;

/** How many more may cross a link in a second for each request of a client, including retries. */
const EACH_REQUEST = 20;

/** A flood that is shorter than this is a burst, such as the traffic after a heal, and no storm. */
const LASTING_SECONDS = 3;

/** A storm that has lasted for this long will not end by itself. */
const ENDLESS_SECONDS = 8;

/** Fewer messages than this are not a storm. */
const ENOUGH = 20_000;

/** Nor are fewer messages than this for each request of a client. */
const TOO_MANY = 100;

/**
 * The limit for all messages in a second. 25 nodes that tell each other everything at 1000
 * operations a second send fewer.
 */
const MESSAGES_PER_SECOND = 500_000;

/**
 * The lowest such limit. Few nodes have few links, and are stopped sooner, before their messages
 * fill the memory.
 */
const FEWEST_PER_SECOND = 50_000;

/**
 * How many messages for each request so far may cross a link at once after a heal, when all that
 * was cut off is resent.
 */
const AFTER_A_HEAL = 4;

/** How many may have crossed it in all while clients wait in vain: a value and its acknowledgement. */
const IN_VAIN = 2;

/** Requests that make no node tell others anything. */
const SET_UP: ReadonlySet<unknown> = new Set(["init", "topology"]);

/** With fewer messages in a second than this, clients do not wait because of messages. */
const SWAMPING = 5_000;

/** How many services there are. */
const SERVICES = 4;

/** How many types of messages of one node are told apart in a second: more are mostly new each time. */
const MOST_TYPES = 100;
const OTHER_TYPES = "messages of ever new types";

/** Of what happens beside a storm, that which is less than this share of it is not told. */
const WORTH_TELLING = 0.01;

/** Messages of one type that one node sends during a storm. */
interface Flood {
  src: string;
  type: string;
  count: number;
  /** When it began and ended, on the clock. */
  fromNs: number;
  toNs: number;
}

/** Watches all messages of a run as they are sent. */
export class StormWatch {
  #windowEndsNs = SECOND;
  /** Requests of clients: in this second, in the one before, and in total. */
  #requests = 0;
  #requestsBefore = 0;
  #allRequests = 0;
  #setUpRequests = 0;
  /** Since when each client waits for an answer. */
  readonly #waiting = new Map<string, number>();
  /** Messages of nodes in this second, and before it. */
  #sent = 0;
  #sentBefore = 0;
  /** Since when clients have been waiting in vain: seconds in which some waited, and messages of nodes. */
  #inVain = { seconds: 0, sent: 0 };
  readonly #sentBy: ReadonlyMap<string, { count: number }>;
  /** By sender, type and receiver: the busy senders of this second. */
  readonly #links = new Map<string, Map<string, Map<string, number>>>();
  /** By sender and type, what is flooding now. */
  #floods = new Map<string, Flood>();
  readonly #past: Flood[] = [];
  #isEndless = false;

  /**
   * @param nodes the nodes, whose messages are counted; what others send only answers them
   * @param onEndless called once, when a storm will not end by itself
   */
  constructor(
    private readonly nodes: ReadonlySet<string>,
    private readonly onEndless: () => void,
  ) {
    this.#sentBy = new Map([...nodes].map((node) => [node, { count: 0 }]));
  }

  /**
   * Counts a message that is sent.
   *
   * @param author the node or client that wrote it, whatever its src is
   */
  sent(
    nowNs: number,
    { src, dest, body }: Omit<Packet, "id">,
    author = src,
  ): void {
    if (this.#isEndless) return;
    if (nowNs >= this.#windowEndsNs) this.#nextWindow(nowNs);
    if (isClient(author)) {
      this.#requests++;
      this.#allRequests++;
      if (SET_UP.has(body.type)) this.#setUpRequests++;
      this.#waiting.set(author, nowNs);
      return;
    }
    if (isClient(dest)) this.#waiting.delete(dest);
    const sent = this.#sentBy.get(author);
    if (sent === undefined) return;
    if (++sent.count > OWN_RATE_WHILE_CLIENTS_WAIT) {
      this.#countLink(author, typeName(body), dest);
    }
    if (++this.#sent % FEWEST_PER_SECOND !== 0) return;
    if (this.#sent < Math.min(MESSAGES_PER_SECOND, this.#usual())) return;
    this.#addFloods(nowNs, 0);
    this.#end();
  }

  /** The storms there were, the largest first: `"n0 sent gossip 40000 times in 5.0 s"`. */
  storms(nowNs: number): string[] {
    if (!this.#isEndless) {
      if (nowNs >= this.#windowEndsNs) this.#nextWindow(nowNs);
      else this.#addFloods(nowNs, this.#allowed(nowNs));
    }
    const floods = [...this.#past, ...this.#floods.values()]
      .filter((flood) => this.#isEndless || isLasting(flood))
      .sort((a, b) => b.count - a.count);
    if (!this.#isEndless && !this.#isTooMuch(floods)) return [];
    const least = WORTH_TELLING * (floods[0]?.count ?? 0);
    return floods.filter(({ count }) => count >= least).map((flood) =>
      `${flood.src} sent ${flood.type} ${flood.count} time${
        flood.count === 1 ? "" : "s"
      } in ${(lengthNs(flood) / SECOND).toFixed(1)} s`
    );
  }

  #countLink(src: string, type: string, dest: string): void {
    const types = valueOf(this.#links, src, () => new Map());
    const known = types.size < MOST_TYPES || types.has(type);
    const dests = valueOf(types, known ? type : OTHER_TYPES, () => new Map());
    dests.set(dest, (dests.get(dest) ?? 0) + 1);
  }

  /** How many messages all links together may carry in this second. */
  #usual(): number {
    const requests = Math.max(this.#requests, this.#requestsBefore);
    const forClients = Math.max(
      EACH_REQUEST * requests,
      AFTER_A_HEAL * this.#allRequests,
    );
    return this.#linkCount * (OWN_RATE + forClients);
  }

  /** How many links the nodes have to each other and to services. */
  get #linkCount(): number {
    const { size } = this.nodes;
    return size * (size + SERVICES);
  }

  /** How many messages of one type may cross a link in this second. */
  #allowed(nowNs: number): number {
    const requests = Math.max(this.#requests, this.#requestsBefore);
    const own = this.#doClientsWait(nowNs)
      ? OWN_RATE_WHILE_CLIENTS_WAIT
      : OWN_RATE;
    return own + EACH_REQUEST * requests;
  }

  /** Whether at least half of the waiting clients have waited for too long. */
  #doClientsWait(nowNs: number): boolean {
    let waiting = 0;
    for (const [client, sinceNs] of this.#waiting) {
      const tookNs = nowNs - sinceNs;
      if (tookNs > GIVING_UP_NS) this.#waiting.delete(client);
      else if (tookNs > WAITING_NS) waiting++;
    }
    return waiting > 0 && 2 * waiting >= this.#waiting.size;
  }

  #nextWindow(nowNs: number): void {
    const isSwamped = this.#isSwamped();
    const allowed = isSwamped ? 0 : this.#allowed(this.#windowEndsNs);
    this.#addFloods(this.#windowEndsNs, allowed);
    if (isSwamped) return this.#end();
    const isGap = nowNs >= this.#windowEndsNs + SECOND;
    if (isGap) this.#addFloods(nowNs, Infinity);
    this.#requestsBefore = isGap ? 0 : this.#requests;
    this.#requests = this.#sent = 0;
    for (const sent of this.#sentBy.values()) sent.count = 0;
    this.#windowEndsNs = (Math.floor(nowNs / SECOND) + 1) * SECOND;
    const floods = [...this.#floods.values()];
    const isOld = floods.some((flood) =>
      lengthNs(flood) >= ENDLESS_SECONDS * SECOND
    );
    if (isOld && this.#isTooMuch(floods)) this.#end();
  }

  /** Adds what has been counted so far to the floods. Those that did not go on have ended. */
  #addFloods(nowNs: number, allowed: number): void {
    const now = new Map<string, Flood>();
    for (const [src, types] of this.#links) {
      for (const [type, dests] of types) {
        const counts = [...dests.values()].filter((count) => count > allowed);
        if (counts.length === 0) continue;
        const key = `${src} ${type}`;
        const flood = this.#floods.get(key) ??
          { src, type, count: 0, fromNs: this.#windowEndsNs - SECOND, toNs: 0 };
        flood.count += counts.reduce((sum, count) => sum + count, 0);
        flood.toNs = nowNs;
        now.set(key, flood);
      }
    }
    for (const [key, flood] of this.#floods) {
      if (!now.has(key) && isLasting(flood)) this.#past.push(flood);
    }
    this.#floods = now;
    this.#links.clear();
  }

  /**
   * Whether so many messages are under way that clients get no answers. Where links are many, none
   * of them need carry much for that.
   */
  #isSwamped(): boolean {
    this.#sentBefore += this.#sent;
    const doWait = this.#doClientsWait(this.#windowEndsNs);
    if (doWait) {
      this.#inVain.seconds++;
      this.#inVain.sent += this.#sent;
    } else if (this.#waiting.size > 0) this.#inVain = { seconds: 0, sent: 0 };
    const { seconds, sent } = this.#inVain;
    return doWait && seconds >= ENDLESS_SECONDS &&
      sent >= SWAMPING * seconds &&
      this.#sentBefore >= IN_VAIN * this.#linkCount *
          (this.#allRequests - this.#setUpRequests);
  }

  #isTooMuch(floods: readonly Flood[]): boolean {
    const total = floods.reduce((sum, { count }) => sum + count, 0);
    return total >= Math.max(ENOUGH, TOO_MANY * this.#allRequests);
  }

  #end(): void {
    if (this.#isEndless) return;
    this.#isEndless = true;
    this.onEndless();
  }
}

function lengthNs({ fromNs, toNs }: Flood): number {
  return toNs - fromNs;
}

function isLasting(flood: Flood): boolean {
  return lengthNs(flood) >= LASTING_SECONDS * SECOND;
}

function valueOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}
