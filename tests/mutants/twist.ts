import type { Body } from "../../lib/node/world.ts";
import type { Node, Program } from "../../lib/maelstrom.ts";
import type { Protocol } from "../../lib/node/protocol.ts";
import type { JsonObject } from "../../lib/workbench/history/json.ts";
import { withMethods } from "../fixtures/with-methods.ts";

/** A handler of any messages. */
// deno-lint-ignore no-explicit-any
type Handler = (request: any, src: string) => any;

/** By message type: makes another handler of a program's own. */
export type Twists = { [type: string]: (handler: Handler) => Handler };

/** A program in which some handlers are replaced by others made from them. */
export function twist<P extends Protocol<P>>(
  program: Program<P>,
  twists: (node: Node<P>) => Twists,
): Program<P> {
  return (node) => {
    const own = twists(node);
    const on = (type: string, handler: Handler) => {
      const twisted = own[type]?.(handler) ?? handler;
      (node.on as (type: string, handler: Handler) => void)
        .call(node, type, twisted);
    };
    program(
      withMethods(node, { on }),
    );
  };
}

/** A program in which each message that a node sends is replaced by another made from it. */
export function sending(
  program: unknown,
  change: (
    type: string,
    message: Record<string, unknown>,
    dest: string,
  ) => Record<string, unknown>,
  twists: (node: Node<never>) => Twists = () => ({}),
): unknown {
  return (node: Node<never>) => {
    const send = (dest: string, type: string, message: object) =>
      (node.send as (dest: string, type: string, message: object) => void)
        .call(node, dest, type, change(type, { ...message }, dest));
    const proxy = withMethods(node, { send });
    (twist(program as never, twists as never) as (node: unknown) => void)(
      proxy,
    );
  };
}

/** Asks a service, and returns its answer. */
type Call = (service: string, body: JsonObject) => Promise<JsonObject>;

/** A program whose calls of services go through a function, made anew for each life of a node. */
export function calling(
  program: unknown,
  change: (
    node: Node<never>,
  ) => (call: Call, ...args: Parameters<Call>) => Promise<JsonObject>,
): unknown {
  return (node: Node<never>) => {
    const changed = change(node);
    const call = (service: string, body: JsonObject, options: object) =>
      changed(
        (to, body) =>
          node.call(to, body as Body, options) as Promise<JsonObject>,
        service,
        body,
      );
    (program as (node: unknown) => void)(
      withMethods(node, { call }),
    );
  };
}
