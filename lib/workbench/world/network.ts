/**
 * The network, as in Maelstrom: one queue per receiver, latencies drawn per message, partitions
 * enforced by receivers, and a journal of everything. In addition there is weather, which
 * Maelstrom lacks: loss, duplication and extra delays of single messages.
 */
import { type Body, isClient } from "../history/history.ts";
import type { Options } from "../history/options.ts";
import { type Cancel, type Clock, MS } from "./clock.ts";
import { Heap } from "./heap.ts";
import type { Journal } from "./journal.ts";
import type { Grudge } from "./nemesis.ts";
import type { Random } from "./random.ts";

/** A message in flight. */
export interface Packet {
  /** The network's own number for the message. */
  id: number;
  src: string;
  dest: string;
  body: Body;
}

/** Called with each message that arrives at an endpoint. */
export type Receive = (packet: Packet) => void;

/** The latencies between nodes, and between a node and a service. */
export interface Latency {
  meanMs: number;
  distribution: "constant" | "uniform" | "exponential";
}

/**
 * What happens to a message apart from latency and partitions: returns an extra delay, in
 * milliseconds, for each copy that arrives, and an empty list if the message is lost.
 */
export type Weather = (packet: Packet) => number[];

/** Something that happened to a message. */
export type NetworkEvent =
  | "message-cut" // a partition dropped it
  | "message-lost" // the weather did
  | "message-duplicated"; // it was forwarded more than once

interface Endpoint {
  receive: Receive;
  queue: Heap<Packet>;
  /** Whether the endpoint waits until a message that it has taken is due. */
  busy: boolean;
  cancel: Cancel;
}

/** The network of one run. */
export class Network {
  readonly #endpoints = new Map<string, Endpoint>();
  #nextId = 0;
  #grudge: Grudge = new Map();
  #weather: Weather | null = null;
  /** Called with every message that is sent, and with the node that wrote it, whatever its src is. */
  watch: ((nowNs: number, packet: Packet, author: string) => void) | null =
    null;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly latency: Latency,
    /** Records sends and deliveries; replaced when a new part of the run begins. */
    public journal: Journal,
    /** Called for events that tests want to know of. */
    private readonly onEvent: (event: NetworkEvent) => void = () => {},
  ) {}

  /** Opens an endpoint. */
  register(id: string, receive: Receive): void {
    const cancel = () => {};
    const queue = new Heap<Packet>();
    this.#endpoints.set(id, { receive, queue, busy: false, cancel });
  }

  /** Closes an endpoint; messages on their way to it are lost. */
  unregister(id: string): void {
    this.#endpoints.get(id)?.cancel();
    this.#endpoints.delete(id);
  }

  /**
   * Stops an endpoint from taking messages. Its name stays, and what is sent to it waits, until
   * {@link register} gives it a new queue; what waited is then lost.
   */
  suspend(id: string): void {
    const endpoint = this.#endpoints.get(id);
    if (endpoint === undefined) return;
    endpoint.cancel();
    endpoint.busy = true;
  }

  /** Whether a message may be sent to this name. */
  has(id: string): boolean {
    return this.#endpoints.has(id);
  }

  /** Partitions the network: from now on, each receiver refuses the senders it has a grudge against. */
  partition(grudge: Grudge): void {
    this.#grudge = grudge;
  }

  /** Ends every partition. Messages that were dropped stay lost. */
  heal(): void {
    this.#grudge = new Map();
  }

  /** Sets the weather between nodes, and to and from services; null ends it. */
  weather(weather: Weather | null): void {
    this.#weather = weather;
  }

  /**
   * Sends a message.
   *
   * @param author the node that wrote it, if that is not its src
   * @throws {Error} the destination is not an endpoint
   */
  send(src: string, dest: string, body: Body, author = src): void {
    const endpoint = this.#endpoints.get(dest);
    if (endpoint === undefined) {
      throw new Error(`Cannot send to "${dest}": there is no such endpoint`);
    }
    const packet = { id: this.#nextId++, src, dest, body };
    const now = this.clock.now();
    this.journal.sent(now, packet);
    this.watch?.(now, packet, author);
    if (isClient(src) || isClient(dest)) {
      return this.#enqueue(endpoint, packet, 0);
    }
    const latencyMs = this.#drawLatency();
    if (this.#weather === null) {
      return this.#enqueue(endpoint, packet, latencyMs);
    }
    for (const extraMs of this.#copies(packet, this.#weather)) {
      if (extraMs === 0) this.#enqueue(endpoint, packet, latencyMs);
      else {
        // The delay comes before the queue: a receiver that waited for it would keep its clients waiting.
        this.clock.schedule(
          extraMs * MS,
          () => this.#enqueue(endpoint, packet, latencyMs),
        );
      }
    }
  }

  /** What the weather does to a message: an extra delay for each copy. */
  #copies(packet: Packet, weather: Weather): number[] {
    const copies = weather(packet);
    if (copies.length === 0) this.onEvent("message-lost");
    if (copies.length > 1) this.onEvent("message-duplicated");
    return copies;
  }

  #enqueue(endpoint: Endpoint, packet: Packet, latencyMs: number): void {
    endpoint.queue.push(this.clock.now() + Math.round(latencyMs * MS), packet);
    if (!endpoint.busy) this.#take(endpoint);
  }

  #drawLatency(): number {
    const { meanMs, distribution } = this.latency;
    if (meanMs === 0 || distribution === "constant") return meanMs;
    if (distribution === "uniform") return this.random.int(2 * meanMs);
    return Math.floor(this.random.exponential(meanMs));
  }

  /**
   * A receiver's loop: takes the earliest message in the queue, checks whether a partition drops it
   * at this moment, and waits until it is due, while others wait behind it.
   */
  #take(endpoint: Endpoint): void {
    while (endpoint.queue.size > 0) {
      const due = endpoint.queue.minimum;
      const packet = endpoint.queue.pop()!;
      if (this.#grudge.get(packet.dest)?.has(packet.src)) {
        this.onEvent("message-cut");
        continue;
      }
      const wait = due - this.clock.now();
      endpoint.busy = true;
      if (wait > 0) {
        endpoint.cancel = this.clock.schedule(
          wait,
          () => {
            this.#hand(endpoint, packet);
            this.#take(endpoint);
          },
        );
        return;
      }
      this.#hand(endpoint, packet);
    }
  }

  #hand(endpoint: Endpoint, packet: Packet): void {
    this.journal.received(this.clock.now(), packet);
    endpoint.receive(packet);
    endpoint.busy = false;
  }
}

/** The latency that a run's options ask for. */
export function latencyOf(options: Options): Latency {
  const distribution = String(options["latency-dist"] ?? "constant");
  if (
    distribution !== "constant" && distribution !== "uniform" &&
    distribution !== "exponential"
  ) {
    throw new Error(
      `Cannot use latency-dist "${distribution}": use constant, uniform or exponential`,
    );
  }
  return { meanMs: Number(options.latency ?? 0), distribution };
}
