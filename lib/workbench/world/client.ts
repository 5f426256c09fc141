/** Clients, as in Maelstrom: they send one request at a time and check the form of the reply. */
import { asText, isInteger, type Json } from "../history/json.ts";
import { type Clock, MS } from "./clock.ts";
import type { Body } from "../history/history.ts";
import type { Network, Packet } from "./network.ts";
import { quote } from "./protocol.ts";

/** Checks whether a field of a reply has the type that Maelstrom's schema demands. */
export interface FieldCheck {
  (value: Json): boolean;
  /** What passes, in words: `"{KEY: an integer, ...}"`. */
  readonly form: string;
}

/**
 * The fields that a reply must have besides `type`, `in_reply_to` and an optional `msg_id`. It may
 * have no others.
 */
export type ReplySchema = { [field: string]: FieldCheck };

/**
 * Gives a request a `msg_id`, sends it to the worker's node, and returns the body of the reply, whose
 * type is `<request's type>_ok`.
 */
export type Rpc = (request: Body, reply: ReplySchema) => Promise<Body>;

/**
 * The node's reply was an `error`. This is not a JavaScript `Error`: there are many, and recording
 * their stacks would cost more than everything else.
 */
export class ErrorReply {
  readonly name = "ErrorReply";
  constructor(
    readonly code: number,
    readonly text: string,
    readonly body: Body,
  ) {}

  get message(): string {
    return `error ${this.code}: ${this.text}`;
  }
}

/** No reply came in time. */
export class NetTimeout extends Error {
  override name = "NetTimeout";
}

/** The reply broke the protocol: it has the wrong type, or fields are missing, wrong or not allowed. */
export class MalformedReply extends Error {
  override name = "MalformedReply";
}

/** Opens clients, with names that never repeat in a run: c0, c1, ... */
export class Clients {
  #next = 0;

  constructor(
    private readonly network: Network,
    private readonly clock: Clock,
    /** Called for every call that times out. */
    private readonly onTimeout: () => void = () => {},
  ) {}

  open(): ClientEndpoint {
    const id = `c${this.#next++}`;
    return new ClientEndpoint(id, this.network, this.clock, this.onTimeout);
  }
}

/** A client's connection. */
export class ClientEndpoint {
  #nextMsgId = 1;
  #awaited: { msgId: number; resolve: (body: Body) => void } | null = null;
  /** What is wrong with the `in_reply_to` of a message that was probably meant to be the reply. */
  #nearMiss = "";

  constructor(
    readonly id: string,
    private readonly network: Network,
    private readonly clock: Clock,
    private readonly onTimeout: () => void,
  ) {
    network.register(id, (packet) => this.#receive(packet));
  }

  /** Closes the connection. A reply sent to it from now on has no destination. */
  close(): void {
    this.network.unregister(this.id);
  }

  /**
   * Sends a request and awaits its reply.
   *
   * @param closed whether the reply may have no other fields than the schema's
   * @param last whether the connection closes as soon as there is an outcome, so that a second
   * reply right after the first has no destination
   * @throws {ErrorReply} the node answered with an error
   * @throws {NetTimeout} it did not answer in time
   * @throws {MalformedReply} the reply does not have the type and fields expected
   */
  async rpc(
    dest: string,
    request: Body,
    schema: ReplySchema,
    timeoutMs: number,
    { closed = true, last = false } = {},
  ): Promise<Body> {
    const msgId = this.#nextMsgId++;
    this.#nearMiss = "";
    const reply = await new Promise<Body>((resolve, reject) => {
      const cancel = this.clock.schedule(timeoutMs * MS, () => {
        this.#awaited = null;
        if (last) this.close();
        this.onTimeout();
        reject(
          new NetTimeout(
            `${dest} did not answer within ${timeoutMs} ms${this.#nearMiss}`,
          ),
        );
      });
      this.#awaited = {
        msgId,
        resolve: (body) => {
          cancel();
          if (last) this.close();
          resolve(body);
        },
      };
      this.network.send(this.id, dest, { ...request, msg_id: msgId });
    });
    if (reply.type === "error") {
      const { code, text } = reply;
      throw new ErrorReply(
        typeof code === "number" ? code : NaN,
        (text ?? null) === null ? "" : asText(text),
        reply,
      );
    }
    const problem = mismatch(reply, `${request.type}_ok`, schema, closed);
    if (problem !== null) {
      throw new MalformedReply(
        `${problem}: ${dest} answered ${quote(request)} with ${quote(reply)}`,
      );
    }
    return reply;
  }

  #receive({ body }: Packet): void {
    if (this.#awaited === null) return;
    if (body.in_reply_to !== this.#awaited.msgId) {
      // Late or a duplicate, or not an integer.
      const { type, in_reply_to } = body, { msgId } = this.#awaited;
      if ((in_reply_to ?? null) === null) {
        this.#nearMiss = `, but sent ${quote(type)} without in_reply_to`;
      } else if (Number(asText(in_reply_to)) === msgId) {
        const written = quote(in_reply_to);
        this.#nearMiss =
          `, but sent an in_reply_to of ${written}, which is not ${msgId}`;
      }
      return;
    }
    const { resolve } = this.#awaited;
    this.#awaited = null;
    resolve(body);
  }
}

/** What is wrong with a reply of this type; null if nothing is. */
export function mismatch(
  reply: Body,
  type: string,
  schema: ReplySchema,
  closed: boolean,
): string | null {
  if (reply.type !== type) return `the reply's type is not "${type}"`;
  for (const field of Object.keys(schema)) {
    if (!Object.hasOwn(reply, field)) return `the reply lacks "${field}"`;
    const check = schema[field]!;
    if (!check(reply[field]!)) {
      return `"${field}" has the wrong form in the reply, where it must be ${check.form}`;
    }
  }
  if (!closed) return null;
  for (const field of Object.keys(reply)) {
    if (
      field === "type" || field === "in_reply_to" ||
      Object.hasOwn(schema, field)
    ) {
      continue;
    }
    if (field === "msg_id") {
      if (isInteger(reply[field])) continue;
      return '"msg_id" must be an integer';
    }
    return `"${field}" does not belong in the reply`;
  }
  return null;
}
