/**
 * Challenge 3e, variant: one hop, with a buffer. https://fly.io/dist-sys/3e
 *
 * Algorithm: that of 3d-mesh, but a node sends new values to the others at most once per P = 1.5 s.
 * Values that arrive sooner wait, and go out together. After a longer silence a value goes out at
 * once.
 *
 * Guarantees: a value is everywhere after P and one hop, and after a heal at most P later than in
 * 3d-mesh. All else is guaranteed as in 3d-mesh. The buffer has no limit, and no request waits for
 * it.
 *
 * Costs: with n nodes and a hop of L ms
 * - a value waits for at most P, in the median P / 2 where values are frequent: it is everywhere
 *   after at most P + L, 1600 ms on the official command, in the median P / 2 + L, 850 ms
 *   (Maelstrom samples, and so measures less);
 * - at most n (n - 1) messages per P, however many values there are, plus as many for greetings,
 *   the first values and the last acknowledgements; other acknowledgements ride on values. 25 nodes
 *   send 400 a second: S <= 4 + 0.9 on the official command. (A hub needs 2 (n - 1) messages per
 *   period: 3e.)
 * - a message holds only new values: each value crosses to each node once.
 */
import { program, run } from "../lib/maelstrom.ts";
import { mesh, meshProtocol } from "./broadcast-3d-mesh.ts";

/**
 * P, in milliseconds. The limits are 1000 for the median and 2000 for the maximum; more
 * means fewer messages.
 */
const PERIOD_MS = 1_500;

/** Broadcast in one hop, once per P. */
const broadcastBuffered = program(
  meshProtocol,
  (node) => mesh(node, PERIOD_MS),
);

export default broadcastBuffered;

if (import.meta.main) await run(broadcastBuffered);
