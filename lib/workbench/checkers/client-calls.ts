/** Requests of clients and their replies, from the messages themselves. */
import {
  among,
  type Body,
  type Events,
  isWithClient,
} from "../history/history.ts";
import { asDouble, asText, type Json, stringify } from "../history/json.ts";

/** A request of a client, with its reply if that arrived. */
export interface Call {
  client: string;
  node: string;
  type: string;
  request: Body;
  reply: Body | null;
  /** When the client sent the request, in the journal's ns. */
  from: number;
  /** When the reply arrived, in the journal's ns; Infinity if none did. */
  to: number;
}

/** Whether a call was answered, and not with an error. */
export function isOk({ reply, type }: Call): boolean {
  return reply?.type === `${type}_ok`;
}

/** All requests of clients, in the order in which they were sent, including the set-up. */
export function clientCalls(journal: Events): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, Call>();
  // A client counts its requests; a repeated number was forwarded by a node in its name.
  const latest = new Map<string, number>();
  const key = (client: string, number: Json | undefined) =>
    `${client} ${typeof number === "number" ? number : stringify(number)}`;
  for (const [kind, time, , src, dest, body] of among(journal, isWithClient)) {
    if (kind === "send" && src.startsWith("c")) {
      const number = asDouble(body.msg_id) ?? NaN;
      if (number <= (latest.get(src) ?? 0)) continue;
      latest.set(src, number);
      const call: Call = {
        client: src,
        node: dest,
        type: asText(body.type),
        request: body,
        reply: null,
        from: time,
        to: Infinity,
      };
      calls.push(call);
      open.set(key(src, body.msg_id), call);
    } else if (kind === "recv" && dest.startsWith("c")) {
      const answered = key(dest, body.in_reply_to);
      const call = open.get(answered);
      if (call === undefined) continue;
      call.reply = body;
      call.to = time;
      open.delete(answered);
    }
  }
  return calls;
}
