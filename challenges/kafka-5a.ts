/**
 * Challenge 5a: logs in the style of Kafka, on one node. https://fly.io/dist-sys/5a
 *
 * Algorithm: one array per key; an offset is an index. A poll copies from the offset asked for
 * to the end.
 *
 * Guarantees: linearizable, since every operation takes effect at once. Offsets are 0, 1, 2,
 * ... without holes; a poll starts at the offset asked for and skips nothing. Committed offsets
 * only rise, and never above the last message. Nothing survives the process.
 *
 * Costs: one reply per request, no message between nodes (S = 0). Memory grows with the logs.
 */
import { CommittedOffsets, DenseLogs } from "../lib/stores/logs.ts";
import { program, run } from "../lib/maelstrom.ts";
import { kafkaProtocol } from "../lib/protocols.ts";

/** Logs of one node. */
const kafka5a = program(kafkaProtocol, (node) => {
  const logs = new DenseLogs();
  const committed = new CommittedOffsets();

  node.on("send", ({ key, msg }) => ({ offset: logs.append(key, msg) }));

  node.on("poll", ({ offsets }) => ({ msgs: logs.from(offsets) }));

  node.on("commit_offsets", ({ offsets }) => {
    committed.raise(offsets, (key) => logs.size(key) - 1);
    return {};
  });

  node.on("list_committed_offsets", ({ keys }) => ({
    offsets: committed.of(keys),
  }));
});

export default kafka5a;

if (import.meta.main) await run(kafka5a);
