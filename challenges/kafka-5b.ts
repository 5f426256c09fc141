/**
 * Challenge 5b: logs in the style of Kafka, on several nodes. https://fly.io/dist-sys/5b
 *
 * Algorithm: one log of everything in lin-kv, a state machine on every node. A slot of the
 * log is a key, "slot 0", "slot 1", ..., which holds a batch of sends and commits. A node
 * appends by compare-and-set on the first slot it knows no batch of, which succeeds only if
 * nobody has filled it; a slot once filled never changes. Nodes apply the slots in order,
 * so all of them give a message the same offset, its position under its key. A node works
 * in rounds: all requests that wait at its beginning share one append, or one look at the
 * first empty slot where there is nothing to append.
 *
 * Guarantees: linearizable, since every request is in a round that began after it, and a
 * round ends at an end of the log. An append is one step: a sender that dies before it has
 * sent nothing, and one that dies after it has left no hole behind, so there is nothing
 * that could wedge the log or make a poll skip. A batch bears a name of its own: when no
 * reply comes, the append is repeated on the same slot until it is known which batch is in
 * it, so nothing is appended twice. Nodes keep nothing that lin-kv has not: one that starts
 * again reads the log from its beginning, up to 256 slots at a time.
 *
 * Costs: an append is 2 messages, 2 more for each other node that reads it, and 2 more if
 * the slot turned out to be taken, as about half of the slots are where two nodes append
 * equally often; a poll is 2. With half sends, half polls and one commit for 8 sends, two
 * nodes have S <= 0.56 (2 + 2 + 2) + 0.5 (2) = 4.4, n nodes about 1.1 n + 2; requests that
 * share a round make it less. An append takes a round trip to lin-kv, and two more for each
 * slot that was taken. No message holds what was sent before.
 */
import { type Change, LogMachine, serveLog } from "../lib/stores/logs.ts";
import { program, run } from "../lib/maelstrom.ts";
import { Kv } from "../lib/services/kv.ts";
import { Rounds } from "../lib/services/rounds.ts";
import { kafkaProtocol } from "../lib/protocols.ts";

/**
 * How many slots are asked for at once by a node that is far behind: its restart takes that
 * much less.
 */
const READ_AHEAD = 256;

/** What a slot holds. */
type Batch = { name: string; changes: Change[] };

/** A node that keeps its logs in lin-kv. */
const kafka5b = program(kafkaProtocol, (node) => {
  const kv = new Kv<Batch>(node, "lin-kv");
  const logs = new LogMachine();
  const rounds = new Rounds(node, work);
  /** The first slot that has not been applied. */
  let next = 0;

  serveLog(node, logs, {
    append: (change) => rounds.join(change),
    catchUp: () => rounds.join(null),
  });

  /**
   * Does a round for requests with something to append or, null, without; gives each the
   * offset of its message.
   */
  async function work(round: (Change | null)[]): Promise<number[]> {
    const changes = round.filter((change) => change !== null);
    if (changes.length === 0) await catchUp();
    const offsets = changes.length > 0 ? await append(changes) : [];
    return round.map((change) => change === null ? -1 : offsets.shift()!);
  }

  /** Puts changes into the first empty slot; gives the offset of each message. */
  async function append(changes: Change[]): Promise<number[]> {
    const batch = { name: `${node.id} ${node.random()}`, changes };
    for (let tried = 0;; tried++) {
      if (await kv.change(`slot ${next}`, null, batch)) return apply(batch);
      // It is full: of others' changes, or of these, and only the reply was lost.
      const applied = await advance(1 + (tried >> 1));
      const own = applied.find(({ name }) => name === batch.name);
      if (own !== undefined) return own.offsets;
    }
  }

  /** Applies all slots up to the first empty one, more of them at a time the more there are. */
  async function catchUp(): Promise<void> {
    for (let found = 0;;) {
      const width = Math.max(1, Math.min(found >> 1, READ_AHEAD));
      const { length } = await advance(width);
      if (length < width) return;
      found += length;
    }
  }

  /** Reads so many slots at once, and applies those before the first empty one. */
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
