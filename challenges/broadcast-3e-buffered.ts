/**
 * Challenge 3e, variant: one hop, with a buffer. https://fly.io/dist-sys/3e
 *
 * Algorithm: that of 3d-mesh, but a node tells the others something once per P = 1.5 s
 * only: what comes sooner after the last time waits, and is told with all else that has
 * come till then. After a longer silence a value is told at once.
 *
 * Guarantees: a value is everywhere after P and one hop, and P later than in the mesh
 * after a cut. The others are those of the mesh. The buffer has no limit, and nobody
 * waits for it.
 *
 * Costs: with n nodes and a hop of L ms
 * - a value waits for P at most, and for P / 2 in the median where values come often: it
 *   is everywhere after P + L at most, 1600 ms on the official command, and after P / 2
 *   + L in the median, 850 ms (Maelstrom, which asks now and then, sees less);
 * - n (n - 1) messages per P at most, however many values there are, and as many more
 *   for the first values and for the last acknowledgements; the others ride on values.
 *   25 nodes send 400 a second: S <= 4 + 0.6 on the official command. (A hub does with
 *   2 (n - 1) messages per period: 3e.);
 * - a message holds what is new: each value crosses to each node once.
 */
import { program, run } from "../lib/maelstrom.ts";
import { mesh, meshProtocol } from "./broadcast-3d-mesh.ts";

/**
 * P, in milliseconds. The limits are 1000 for the median and 2000 for the maximum; more
 * means fewer messages.
 */
const PERIOD_MS = 1_500;

/** Broadcast in one hop, once in a while. */
const broadcastBuffered = program(
  meshProtocol,
  (node) => mesh(node, PERIOD_MS),
);

export default broadcastBuffered;

if (import.meta.main) await run(broadcastBuffered);
