/** The client of kafka. */
import { fieldsOf } from "../history/fields.ts";
import { type Integer, type Json, larger, sum } from "../history/json.ts";
import { highestOffsets, type PolledMessages, raise } from "./kafka-offsets.ts";
import { any, arrayOf, integer, objectOf, tuple } from "./schema.ts";
import { type Client, ClientCrash, type Invocation } from "./workload.ts";
import type { Rpc } from "../world/client.ts";

const messageLists = objectOf(arrayOf(tuple(integer, any)));

/**
 * Opens a client that is both producer and consumer. For each key assigned to it, it keeps the
 * offset at which its next poll begins. A new client has no keys assigned and polls nothing.
 */
export function openKafkaClient(): Client {
  let offsets = new Map<string, Integer>();
  /** Where the next peek begins, by key. */
  const peeked = new Map<string, Integer>();

  /**
   * Assigns exactly these keys, each at the offset where the last poll left it, else at 0. The node
   * is asked for its committed offsets, but they are not used; nor does Maelstrom's client use
   * them, as its recorded runs show.
   */
  async function assign(op: Invocation, rpc: Rpc): Promise<void> {
    const keys = op.value as string[];
    if (op["seek-to-beginning?"]) {
      offsets = new Map();
    } else {
      await rpc({ type: "list_committed_offsets", keys }, {
        offsets: objectOf(integer),
      });
    }
    offsets = new Map(keys.map((key) => [key, offsets.get(key) ?? 0]));
  }

  async function send(op: Invocation, rpc: Rpc): Promise<Json> {
    const [[, key, msg]] = op.value as [[string, string, Json]];
    const { offset } = await rpc({ type: "send", key, msg }, {
      offset: integer,
    });
    return [["send", key, [offset!, msg]]];
  }

  /**
   * Polls all keys, then commits what came. If the commit fails, the whole operation fails, but the
   * offsets have moved. Keys that are in the reply are polled from then on, with or without
   * messages.
   */
  async function poll(rpc: Rpc): Promise<Json> {
    const reply = await rpc(
      { type: "poll", offsets: fieldsOf([...offsets]) },
      { msgs: messageLists },
    );
    const messages = reply.msgs as PolledMessages;
    const highest = highestOffsets(messages);
    raise(offsets, highest.map(([key, offset]) => [key, sum(offset, 1)]));
    const polled = highest
      .filter(([key]) => (messages[key] ?? []).length > 0)
      .map(([key, offset]) => [key, larger(offset, 0)] as const);
    if (polled.length > 0) {
      await rpc(
        { type: "commit_offsets", offsets: fieldsOf(polled) },
        {},
      );
    }
    return [["poll", messages as Json]];
  }

  /** Polls from where the last peek ended, and commits nothing. */
  async function peek(keys: string[], rpc: Rpc): Promise<Json> {
    const from = keys.map((key) => [key, peeked.get(key) ?? 0] as const);
    const reply = await rpc(
      { type: "poll", offsets: fieldsOf(from) },
      { msgs: messageLists },
    );
    const messages = reply.msgs as PolledMessages;
    const highest = highestOffsets(messages);
    raise(peeked, highest.map(([key, offset]) => [key, sum(offset, 1)]));
    return [["poll", messages as Json]];
  }

  return {
    async invoke(op, rpc) {
      switch (op.f) {
        // Peeks, list and commit are not Maelstrom's operations; they are for the strict judge.
        case "peek":
        case "peek-unused":
          return await peek(op.value as string[], rpc);
        case "list":
          return (await rpc(
            { type: "list_committed_offsets", keys: op.value },
            { offsets: objectOf(integer) },
          )).offsets!;
        case "commit":
          await rpc({ type: "commit_offsets", offsets: op.value }, {});
          return null;
        case "crash":
          throw new ClientCrash();
        case "assign":
          await assign(op, rpc);
          return null;
        case "send":
          return await send(op, rpc);
        case "poll":
          return await poll(rpc);
        default:
          throw new RangeError(`Cannot invoke "${op.f}": no kafka operation`);
      }
    },
  };
}
