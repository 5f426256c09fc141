/**
 * A node for Maelstrom: a program is a protocol and a function of a {@link Node}.
 *
 * ```ts
 * import { program, run } from "./maelstrom.ts";
 * import { json, rpc } from "./schema.ts";
 *
 * const echo = program({ echo: rpc({ echo: json }, { echo: json }) }, (node) => {
 *   node.on("echo", ({ echo }) => ({ echo }));
 * });
 *
 * if (import.meta.main) await run(echo);
 * ```
 *
 * Everything impure (network, clock, chance, log) reaches a program through its node, so it runs
 * on stdin and stdout ({@link run}) and in a simulator ({@link mount}) alike. Times are
 * milliseconds. Integers are exact: beyond 2^53 they are bigints. `lib/README.md` has the rest.
 *
 * @module
 */
import { mount } from "./node/mount.ts";
import type { Program } from "./node/node.ts";
import { serve } from "./node/process.ts";
import type { Protocol, ProtocolOf, Shapes } from "./node/protocol.ts";

export { ErrorCode, RpcError } from "./node/errors.ts";
export { mount } from "./node/mount.ts";
export type { Node, Program } from "./node/node.ts";
export type { ProtocolOf } from "./node/protocol.ts";

/**
 * A program and its protocol: what messages hold, by `lib/schema.ts` or any Standard Schemas.
 * What does not fit is refused before a handler sees it: a client's request with error 12, which
 * names the field; a message of another node, which must be of another version, with a line in
 * the log. When `init` has named the node and its peers, `start` registers handlers and starts
 * timers; nothing is sent before the next message, or for 5 s: peers may not exist yet.
 */
export function program<S extends Shapes>(
  shapes: S,
  start: Program<ProtocolOf<S>>,
): Program<ProtocolOf<S>> {
  return (node) => {
    node.speak(shapes);
    start(node);
  };
}

/**
 * Runs a program on stdin and stdout, in Deno, in Node 22.18 or later, and in Bun, until the input
 * ends or the output is closed; the process then exits at once with status 0, whatever timers and
 * calls are pending. A line that is not JSON or not a message is reported on stderr and skipped.
 * What the program throws when it starts is reported there too, and ends the process with status 1.
 */
export function run<P extends Protocol<P>>(
  program: Program<P>,
): Promise<never> {
  return serve((world) => mount(program, world));
}
