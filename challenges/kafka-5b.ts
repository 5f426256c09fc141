/**
 * Challenge 5b: logs in the style of Kafka, on several nodes. https://fly.io/dist-sys/5b
 *
 * Algorithm: one replicated log in lin-kv and a state machine on every node. A slot of the log is a
 * key, "slot 0", "slot 1", ..., that holds a batch of sends and commits. A node appends by
 * compare-and-set on the first slot whose batch it does not know, which succeeds only if the slot
 * is empty; a filled slot never changes. Nodes apply slots in order, so all of them give a message
 * the same offset, its position under its key. Requests that wait at the start of a round share one
 * append or, if there is nothing to append, one look at the first empty slot. A node that has filled
 * a slot knows the next one first, and might win for ever; so it lets the others try before it.
 *
 * Guarantees: linearizable: every request takes part in a round that began after it arrived, and a
 * round ends at the end of the log. An append is one step, so a sender that dies leaves no hole
 * that could block the log or make a poll skip. A batch has a unique name: an append without an
 * answer is repeated on the same slot until it is known whose batch is in it, so nothing is
 * appended twice. Where three nodes lose 3 % of their messages, all requests succeed; where they
 * lose 10 %, 12 % are refused and 3 % end unknown in the worst 10 s of 300. Nodes keep no state that
 * lin-kv does not have: a restarted node reads the log from the start, up to 256 slots at a time.
 *
 * Costs: an append is 2 messages, 2 more for each other node that reads it, and 2 more for each slot
 * that was taken; a poll is 2. With half sends, half polls and a commit per 8 sends, two nodes have
 * S <= 0.56 (2 + 2 + 2) + 0.5 (2) = 4.4, n nodes about 1.1 n + 2, less where requests share a round.
 * An append takes one round trip to lin-kv, plus two for each taken slot; a node that won the last
 * race waits before for about a round trip per other node, 2 s at most. Serves crowds of 250 ms.
 */
import { type Change, LogMachine, serveLog } from "../lib/stores/logs.ts";
import { program, run } from "../lib/maelstrom.ts";
import { Kv } from "../lib/services/kv.ts";
import { Turns } from "../lib/services/turns.ts";
import { kafkaProtocol } from "../lib/protocols.ts";

/** How many slots a node that is far behind reads at once: more make its restart shorter. */
const READ_AHEAD = 256;

/** How many round trips it takes other nodes, which have to read the last slot, to try what takes a winner one. */
const OTHERS_TRIPS = 2;

/** What a slot holds. */
type Batch = { name: string; changes: Change[] };

/** A node that keeps its logs in lin-kv. */
const kafka5b = program(kafkaProtocol, (node) => {
  const kv = new Kv<Batch>(node, "lin-kv");
  const logs = new LogMachine();
  const turns = new Turns(node);
  /** The first slot that has not been applied. */
  let next = 0;

  serveLog(node, logs, { append, catchUp, ready: () => turns.next() });

  /** Puts changes into the first empty slot; returns the offset of each message. */
  async function append(changes: Change[]): Promise<number[]> {
    const batch = { name: `${node.id} ${node.random()}`, changes };
    for (let tried = 0;; tried++) {
      if (await kv.cas(`slot ${next}`, null, batch)) {
        turns.won(tried === 0 ? OTHERS_TRIPS : 1);
        return apply(batch);
      }
      // The slot is taken: by another node's batch or, if only the reply was lost, by this one. A
      // node that loses repeatedly is far behind, so it reads more slots at a time, and if all of
      // these are taken, it reads on before it tries again.
      const width = 1 + (tried >> 1);
      const applied = await advance(width);
      const own = applied.find(({ name }) => name === batch.name);
      const isBehind = width > 1 && applied.length === width;
      if (own === undefined && isBehind) await catchUp(2 * width);
      turns.saw(applied.length);
      if (own !== undefined) return own.offsets;
    }
  }

  /** Applies all slots up to the first empty one, reading more at a time the more it finds. */
  async function catchUp(found = 0): Promise<void> {
    for (;;) {
      const width = Math.max(1, Math.min(found, READ_AHEAD));
      const { length } = await advance(width);
      if (length < width) return;
      found += length;
    }
  }

  /** Reads this many slots at once, and applies those before the first empty one. */
  async function advance(width: number) {
    const slots = Array.from(
      { length: width },
      (_, i) => kv.read(`slot ${next + i}`),
    );
    const applied: { name: string; offsets: number[] }[] = [];
    for (const batch of await Promise.all(slots)) {
      if (batch === null) break;
      applied.push({ name: batch.name, offsets: apply(batch) });
    }
    return applied;
  }

  function apply({ changes }: Batch): number[] {
    next++;
    return logs.apply(changes);
  }
});

export default kafka5b;

if (import.meta.main) await run(kafka5b);
