import type { Node } from "../maelstrom.ts";
import type { KafkaProtocol } from "../protocols.ts";
import { inTime } from "../services/patience.ts";
import type { Change, LogMachine } from "./logs.ts";

/** How a log's nodes agree on what comes next in it. */
export interface Agreement {
  /** Makes a change, in its order, on this node too; gives its message's offset. */
  append(change: Change): Promise<number>;
  /** Brings this node up to date with all that was appended before. */
  catchUp(): Promise<unknown>;
}

/**
 * Answers the clients of a log that all nodes build from the same changes in the same
 * order, as soon as these are agreed on: linearizable, and no client waits for longer
 * than it is patient.
 */
export function serveLog(
  node: Node<KafkaProtocol>,
  logs: LogMachine,
  { append, catchUp }: Agreement,
): void {
  node.on("send", async ({ key, msg }) => ({
    offset: await inTime(node, append({ key, msg })),
  }));

  node.on("poll", async ({ offsets }) => {
    await inTime(node, catchUp());
    return { msgs: logs.from(offsets) };
  });

  node.on("commit_offsets", async ({ offsets }) => {
    const commit = logs.commitOf(offsets);
    if (commit !== null) await inTime(node, append(commit));
    return {};
  });

  node.on("list_committed_offsets", async ({ keys }) => {
    await inTime(node, catchUp());
    return { offsets: logs.committed(keys) };
  });
}
