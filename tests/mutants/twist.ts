import type { Node, Program, Protocol } from "../../lib/maelstrom.ts";

/** A handler as the library stores it. */
// deno-lint-ignore no-explicit-any
type Handler = (request: any, src: string) => any;

/** By message type: makes another handler of a program's own. */
export type Twists = { [type: string]: (handler: Handler) => Handler };

/**
 * A program in which some handlers are replaced by others made from them: for bugs at a
 * node's surface.
 */
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
      new Proxy(node, {
        get(target, name) {
          if (name === "on") return on;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
    );
  };
}
