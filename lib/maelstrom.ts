/**
 * Nodes for Maelstrom. A program is a protocol and a function that sets up a {@link Node}.
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
 * A program reaches everything impure (network, clock, randomness, log) through its node, so the
 * same program runs on stdin and stdout ({@link run}) and in a simulator ({@link mount}). Times
 * are milliseconds. Integers are exact: those beyond 2^53 are bigints. `lib/README.md` says more.
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
 * Makes a program. Its protocol says what messages hold, by schemas of `lib/schema.ts` or of any
 * Standard Schema library. A message that does not match never reaches a handler: a client gets
 * error 12, which names the field; a node's message is logged. `start` registers handlers, all
 * before its first await, and starts timers, once `init` has named node and peers. Nothing is sent
 * before the next message arrives, or for 5 s, because other nodes may not exist yet.
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
 * Runs a program on stdin and stdout, in Deno, in Node 22.18 or later, or in Bun. When the input
 * ends or the output is closed, the process exits at once with status 0, even if timers and calls
 * are pending. A line that is not JSON or not a message is reported on stderr and skipped. If the
 * program throws when it starts, that is reported there too, and the process exits with status 1.
 */
export function run<P extends Protocol<P>>(
  program: Program<P>,
): Promise<never> {
  return serve((world) => mount(program, world));
}
