/**
 * Challenge 3e: broadcast with fewer messages still. https://fly.io/dist-sys/3e
 *
 * Algorithm: that of broadcast-3d, with a longer period.
 *
 * Guarantees: those of broadcast-3d.
 *
 * Costs: as derived in broadcast-3d, every value is everywhere after B = 1812 ms, so the stable
 * latency is 1712 ms at most, and about half of that in the median. A period of about 1600 ms has
 * at most 2 (n - 1) messages, and a few more for values that come in the window of 30 ms: with 25
 * nodes about 30 a second.
 */
import { program, run } from "../lib/maelstrom.ts";
import { gatherAndScatter, gossipProtocol } from "./broadcast-3d.ts";
import type { ScheduleOptions } from "../lib/gossip/schedule.ts";

/**
 * B, in milliseconds; more means fewer messages. The limits for the stable latency are 2000 for the
 * maximum and 1000 for the median, which varies by 50 and grows by half of what is added here.
 *
 * A node gets about three values in a period, so when one comes in the window, the node has nearly
 * always sent a message shortly before, and the value costs one more. Without a window values would
 * wait longer, and by chance the median would exceed its limit.
 */
export const SCHEDULE: ScheduleOptions = { budgetMs: 1_812, windowMs: 30 };

/** Broadcast by gather and scatter. */
const broadcast = program(
  gossipProtocol,
  (node) => gatherAndScatter(node, SCHEDULE),
);

export default broadcast;

if (import.meta.main) await run(broadcast);
