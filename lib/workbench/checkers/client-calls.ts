/** Pairs clients' requests with their replies, from the messages themselves. */
import {
  type Body,
  bodyAt,
  type Events,
  headAt,
  isClient,
  visit,
} from "../history/history.ts";
import { asDouble, asText, type Json, stringify } from "../history/json.ts";

/** A request of a client, with its reply if that arrived. */
export interface Call {
  client: string;
  node: string;
  type: string;
  request: Body;
  reply: Body | null;
  /** Whether it was answered without an error. */
  isOk: boolean;
  /** When the client sent the request, in the journal's ns. */
  from: number;
  /** When the reply arrived, in the journal's ns; Infinity if none did. */
  to: number;
}

/** A map by client and a request's number. */
export class ByRequest<T> {
  readonly #clients = new Map<string, Map<number | string, T>>();

  get(client: string, number: Json | undefined): T | undefined {
    return this.#clients.get(client)?.get(keyOf(number));
  }

  set(client: string, number: Json | undefined, value: T): void {
    let own = this.#clients.get(client);
    if (!own) this.#clients.set(client, own = new Map());
    own.set(keyOf(number), value);
  }

  delete(client: string, number: Json | undefined): void {
    this.#clients.get(client)?.delete(keyOf(number));
  }
}

function keyOf(number: Json | undefined): number | string {
  return typeof number === "number" ? number : stringify(number);
}

/** All requests of clients in the order in which they were sent, including those of the set-up. */
export function clientCalls(journal: Events): Call[] {
  const calls: Call[] = [];
  const open = new ByRequest<Call>();
  // A client numbers its requests, so a repeated number is a request that a node has forwarded in the
  // client's name.
  const latest = new Map<string, number>();
  visit(journal, (kind, time, _id, src, dest, index) => {
    if (kind === "send" && isClient(src)) {
      const { msg_id } = headAt(journal, index);
      const number = asDouble(msg_id) ?? NaN;
      if (number <= (latest.get(src) ?? 0)) return;
      latest.set(src, number);
      const request = bodyAt(journal, index);
      const call: Call = {
        client: src,
        node: dest,
        type: asText(request.type),
        request,
        reply: null,
        isOk: false,
        from: time,
        to: Infinity,
      };
      calls.push(call);
      open.set(src, msg_id, call);
    } else if (kind === "recv" && isClient(dest)) {
      const { in_reply_to } = headAt(journal, index);
      const call = open.get(dest, in_reply_to);
      if (call === undefined) return;
      call.reply = bodyAt(journal, index);
      call.isOk = call.reply.type === `${call.type}_ok`;
      call.to = time;
      open.delete(dest, in_reply_to);
    }
  });
  return calls;
}
