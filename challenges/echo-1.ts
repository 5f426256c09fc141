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
import { type Json, type Node, run } from "../lib/maelstrom.ts";

interface EchoProtocol {
  echo(request: { echo: Json }): { echo: Json };
}

/** Answers every echo with itself. */
export default function echo(node: Node<EchoProtocol>): void {
  node.on("echo", ({ echo }) => ({ echo }));
}

if (import.meta.main) await run(echo);
