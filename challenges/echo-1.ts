/**
 * Challenge 1: echo. https://fly.io/dist-sys/1
 *
 * Algorithm: every request is answered with its own payload.
 *
 * Guarantees: the payload comes back as it was, whatever JSON it is; every request is
 * answered once.
 *
 * Costs: one reply a request, no message between nodes (S = 0).
 */
import { program, run } from "../lib/maelstrom.ts";
import { json, rpc } from "../lib/schema.ts";

const echoProtocol = { echo: rpc({ echo: json }, { echo: json }) };

/** Answers every echo with itself. */
const echo = program(echoProtocol, (node) => {
  node.on("echo", ({ echo }) => ({ echo }));
});

export default echo;

if (import.meta.main) await run(echo);
