/**
 * Challenge 3e, a variant: one hop, buffered. https://fly.io/dist-sys/3e
 *
 * Algorithm and guarantees: as broadcast-3d-mesh, but what is new to tell is kept back
 * and told once per P = 1.5 s, if there is anything.
 *
 * Costs, with n nodes and a hop of L ms: a value is everywhere after P + L at most, about
 * half of that in the median. At most n (n - 1) messages per P, however many values
 * there are: 400 a second with 25 nodes. One hub does with 2 (n - 1), see broadcast-3e.
 */
import { type Node, run } from "../lib/maelstrom.ts";
import { type BroadcastProtocol, tellEverybody } from "./broadcast-3d-mesh.ts";

/** P, in milliseconds: the stable latency's limit is 2000; more means fewer messages. */
const BUFFER_MS = 1_500;

/** Broadcast in one hop, once in a while. */
export default function broadcast(node: Node<BroadcastProtocol>): void {
  tellEverybody(node, BUFFER_MS);
}

if (import.meta.main) await run(broadcast);
