/**
 * Challenge 1: echo. https://fly.io/dist-sys/1
 *
 * Algorithm: answer every request with its own payload.
 *
 * Guarantees: one reply per request, with an equal payload, whatever JSON it is: integers of any
 * size are exact, other numbers are doubles, so 1.0 comes back as 1. A payload that is nested more
 * than 900 levels deep, or holds a number beyond 1.8e308, is refused with error 12.
 *
 * Costs: one reply per request and no message between nodes (S = 0).
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
