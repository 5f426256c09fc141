/** Starts, sets up, kills and restarts the nodes of a run, and checks that they follow the protocol. */
import {
  type ClientEndpoint,
  type Clients,
  ErrorReply,
  MalformedReply,
  NetTimeout,
  type ReplySchema,
} from "./client.ts";
import type { Host, OpenHost } from "./host.ts";
import { type Body, type Incident, isClient } from "../history/history.ts";
import { asText, beginning } from "../history/json.ts";
import type { Network } from "./network.ts";
import { quoteLastWords } from "./last-words.ts";
import { LONGEST_LINE } from "./lines.ts";
import { quote, readMessage, type Refusal } from "./protocol.ts";

/** How long a node may take to answer `init`, in milliseconds. */
const INIT_TIMEOUT_MS = 10_000;

/** The nodes could not be set up, so nothing was tested; the message says why. */
export class SetupFailed extends Error {
  constructor(readonly node: string, text: string) {
    super(text);
  }
}

/** A node was killed while it was being set up. */
class Killed extends Error {}

/** What a node is asked after `init`, and before any client. */
export interface SetupRequest {
  request: Body;
  reply: ReplySchema;
  timeoutMs: number;
}

/** What the nodes of a run need. */
export interface NodesSettings {
  ids: readonly string[];
  openHost: OpenHost;
  network: Network;
  clients: Clients;
  /** The request that each node gets after `init`; null if the workload has none. */
  setupOf(node: string): SetupRequest | null;
  /** Whether to mute a node after a malformed line, as Maelstrom does. */
  faithful: boolean;
  /** Called for everything that goes wrong with a node. */
  report(
    type: Incident["type"],
    node: string,
    text: string,
    request?: Incident["request"],
  ): void;
}

/** All nodes of a run. */
export class Nodes {
  readonly #host: Host;
  readonly #mute = new Set<string>();
  readonly #down = new Set<string>();
  readonly #paused = new Set<string>();
  /** Nodes whose process exited by itself and was not started again, and how that is told. */
  readonly #ended = new Map<string, string>();
  /** Settled when all have ended by themselves. */
  readonly deserted = Promise.withResolvers<void>();
  /** By node that is being set up, what aborts that. */
  readonly #interrupt = new Map<string, (error: Error) => void>();
  /** By node, what it has sent to other nodes while it was being set up. */
  readonly #chatter = new Map<string, { count: number; last: unknown }>();

  constructor(private readonly settings: NodesSettings) {
    const { ids, openHost } = settings;
    this.#host = openHost(ids, {
      sent: (node, message) => this.#sent(node, message),
      garbage: (node, text, why = "is not JSON") =>
        this.#violation(node, {
          problem: text.trim() === ""
            ? "it wrote an empty line"
            : text.length > LONGEST_LINE
            ? `it wrote a line of more than ${LONGEST_LINE} characters, which was cut: ${
              beginning(text, 100)
            } ...`
            : `it wrote a line that ${why}: ${beginning(text, 200)}`,
        }),
      more: (node, text) =>
        this.settings.report(
          "unread-output",
          node,
          `of a line that ${node} wrote only the first JSON value counts, as in Maelstrom, and nobody read what followed: ${
            beginning(text, 200)
          }`,
        ),
      deaf: (node) =>
        this.settings.report(
          "protocol-violation",
          node,
          `${node} does not read what it is sent: more waits for it than can be kept, and what came then was lost`,
        ),
      closed: (node) =>
        this.settings.report(
          "stdout-closed",
          node,
          `${node} has closed its stdout and runs on: nothing more can be heard from it`,
        ),
      unreachable: (node) =>
        this.settings.report(
          "stdin-closed",
          node,
          `${node} has closed its stdin and runs on: nothing more can be said to it`,
        ),
      exited: (node, how) => this.#exited(node, how),
    });
  }

  /**
   * Starts all nodes and sets them up.
   *
   * @throws {SetupFailed} a node cannot be started, exits, or does not answer as it must
   */
  async setUp(): Promise<void> {
    const { ids, clients } = this.settings;
    for (const node of ids) {
      this.#start(node);
      await this.#host.started?.();
    }
    // Only now: a hundred processes may take longer to start than one may take to answer.
    await Promise.all(ids.map((node) => this.#init(node)));
    // As in Maelstrom, the set-up client stays open until the end, whether or not it is used.
    await Promise.all(
      ids.map((node) => this.#prepare(node, clients.open())),
    );
  }

  /**
   * Ends a node's process, if it is running. What is sent to it from now on waits, and is lost when
   * it restarts.
   */
  kill(node: string): void {
    if (this.#down.has(node)) return;
    this.#down.add(node);
    this.#paused.delete(node);
    this.settings.report("kill", node, `${node} was killed`);
    this.settings.network.suspend(node);
    this.#host.kill(node);
    this.#interrupt.get(node)?.(new Killed());
  }

  /**
   * Restarts a node, if it is not running, and sends it an `init`, but no set-up request of the
   * workload, as in Maelstrom.
   */
  async restart(node: string): Promise<void> {
    if (!this.#down.delete(node)) return;
    const { report } = this.settings;
    report("restart", node, `${node} was started again`);
    try {
      this.#start(node);
      await this.#init(node);
    } catch (error) {
      if (error instanceof Killed) return; // again
      if (!(error instanceof SetupFailed)) throw error;
      report("setup-failed", node, error.message);
    }
  }

  /** Pauses a node's process, if it is running. */
  pause(node: string): void {
    if (this.#down.has(node) || this.#paused.has(node)) return;
    this.#paused.add(node);
    this.settings.report("pause", node, `${node} was paused`);
    this.#host.pause(node);
  }

  /** Lets a paused node continue. */
  resume(node: string): void {
    if (!this.#paused.delete(node)) return;
    this.settings.report("resume", node, `${node} goes on`);
    this.#host.resume(node);
  }

  /** Whether a node has ended by itself, and was not started again. */
  hasEnded(node: string): boolean {
    return this.#ended.has(node);
  }

  /** Reports every node whose output ends without a newline. */
  reportUnended(): void {
    for (const node of this.settings.ids) {
      const bytes = this.#host.unended?.(node) ?? 0;
      if (bytes === 0) continue;
      this.settings.report(
        "unread-output",
        node,
        `the last ${bytes} bytes that ${node} had written to stdout ended without a newline, so nobody read them`,
      );
    }
  }

  /** Ends all processes. */
  stop(): Promise<void> {
    return this.#host.stop();
  }

  #start(node: string): void {
    const { network } = this.settings;
    try {
      this.#mute.delete(node);
      this.#ended.delete(node);
      this.#host.start(node);
      network.register(node, (packet) => this.#host.deliver(node, packet));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SetupFailed(node, `${node} could not be started: ${reason}`);
    }
  }

  async #init(node: string): Promise<void> {
    const client = this.settings.clients.open();
    const request = {
      type: "init",
      node_id: node,
      node_ids: [...this.settings.ids],
    };
    await this.#call(node, "init", () =>
      // Maelstrom checks only the type of the reply to init.
      client.rpc(node, request, {}, INIT_TIMEOUT_MS, {
        closed: false,
        last: true,
      }));
  }

  async #prepare(node: string, client: ClientEndpoint): Promise<void> {
    const setup = this.settings.setupOf(node);
    if (setup === null) return;
    const { request, reply, timeoutMs } = setup;
    await this.#call(
      node,
      asText(request.type),
      () => client.rpc(node, request, reply, timeoutMs),
    );
  }

  /** Makes a request of the set-up, which any failure ends. */
  async #call(
    node: string,
    type: string,
    rpc: () => Promise<Body>,
  ): Promise<void> {
    const ended = this.#ended.get(node);
    if (ended !== undefined) throw new SetupFailed(node, ended);
    const interrupted = Promise.withResolvers<never>();
    this.#interrupt.set(node, interrupted.reject);
    this.#chatter.delete(node);
    try {
      await Promise.race([rpc(), interrupted.promise]);
    } catch (error) {
      const known = error instanceof NetTimeout ||
        error instanceof ErrorReply || error instanceof MalformedReply;
      if (!known) throw error;
      throw new SetupFailed(
        node,
        `${node} did not get through its set-up, at "${type}": ${error.message}${
          error instanceof NetTimeout ? this.#silence(node) : ""
        }${this.#lastWords(node)}`,
      );
    } finally {
      this.#interrupt.delete(node);
    }
  }

  /** Why no reply came from a node, if that is known, or what it sent instead. */
  #silence(node: string): string {
    const why = this.#host.silence?.(node) ?? null;
    if (why !== null) return `; ${why}`;
    const chatter = this.#chatter.get(node);
    if (chatter === undefined) return "";
    const { count, last } = chatter;
    return `; of ${count} messages that it sent to others, the last was ${
      quote(last)
    }`;
  }

  /** Notes a message to another node during the set-up. */
  #chats(node: string, last: unknown): void {
    const { count } = this.#chatter.get(node) ?? { count: 0 };
    this.#chatter.set(node, { count: count + 1, last });
  }

  #sent(node: string, written: unknown): void {
    if (this.#mute.has(node)) return;
    const { network, report } = this.settings;
    const message = readMessage(written, (name) => network.has(name));
    if ("problem" in message) {
      return this.#violation(node, message);
    }
    const { src, dest, body } = message;
    if (src !== node) {
      const text = `${node}: it signed a message as ${src}: ${quote(written)}`;
      report("foreign-source", node, text);
    }
    if (this.#interrupt.size > 0 && !isClient(dest)) this.#chats(node, written);
    network.send(src, dest, body, node);
  }

  #violation(node: string, { problem, toGoneClient }: Refusal): void {
    const type = toGoneClient ? "gone-client" : "protocol-violation";
    this.settings.report(type, node, `${node}: ${problem}`, toGoneClient);
    if (this.settings.faithful) this.#mute.add(node);
  }

  #exited(node: string, how: string): void {
    const text = `${node} ended by itself (${how})`;
    this.#ended.set(node, text);
    if (this.#ended.size === this.settings.ids.length) this.deserted.resolve();
    const words = this.#lastWords(node);
    this.settings.report("process-exit", node, text + words);
    this.#interrupt.get(node)?.(new SetupFailed(node, text));
  }

  #lastWords(node: string): string {
    const lines = quoteLastWords(this.#host.lastLines(node));
    return lines.length === 0
      ? "; it wrote nothing to stderr"
      : `; its last lines on stderr:\n  ${lines.join("\n  ")}`;
  }
}
