/**
 * A program in its place: its node begins with the first `init`.
 *
 * @module
 */
import { ErrorCode } from "./errors.ts";
import { Node, type Program } from "./node.ts";
import type { Protocol } from "./protocol.ts";
import type { Body, Message, Mounted, World } from "./world.ts";

/** Puts a program into a world, without any I/O: for simulators and tests, as `lib/README.md` shows. */
export function mount<P extends Protocol<P>>(
  program: Program<P>,
  world: World,
): Mounted {
  let node: Node<P> | undefined;

  /** Starts the node, or refuses to; gives the answer. */
  function init({ node_id: id, node_ids: ids }: Body): Body {
    const wrong = wrongInit(id, ids, node);
    if (wrong !== undefined) {
      const text = `Cannot take "init": ${wrong}`;
      return { type: "error", code: ErrorCode.malformedRequest, text };
    }
    if (node === undefined) {
      node = new Node<P>(world, id as string, ids as string[]);
      program(node);
    }
    return { type: "init_ok" };
  }

  return {
    receive(message, since) {
      if (!isMessage(message)) {
        const text = String(JSON.stringify(message)).slice(0, 200);
        return world.log(`skipped, no message: ${text}`);
      }
      const { src, dest, body } = message;
      const { type, msg_id: in_reply_to } = body;
      if (type !== "init" && node) return node.receive(message, since);
      const code = ErrorCode.temporarilyUnavailable;
      const reply = type === "init"
        ? init(body)
        : { type: "error", code, text: `"${type}" came before init` };
      if (in_reply_to === undefined) return;
      const from = node?.id ?? dest;
      world.send({ src: from, dest: src, body: { ...reply, in_reply_to } });
    },
    dispose: () => node?.dispose(),
  };
}

/** What is wrong with an `init`, undefined if nothing is. */
function wrongInit(
  id: unknown,
  ids: unknown,
  node: { id: string; ids: readonly string[] } | undefined,
): string | undefined {
  if (typeof id !== "string") return "node_id: expected a string";
  const areNames = Array.isArray(ids) &&
    ids.every((id) => typeof id === "string");
  if (!areNames) return "node_ids: expected an array of strings";
  if (!ids.includes(id)) return `node_ids: "${id}", the node, is not in it`;
  if (new Set(ids).size < ids.length) return "node_ids: a name comes twice";
  const isKnown = node === undefined ||
    node.id === id && node.ids.join() === ids.join();
  return isKnown ? undefined : `this is ${node.id} of ${node.ids.join(", ")}`;
}

function isMessage(value: unknown): value is Message {
  const message = value as Partial<Message> | null;
  return typeof message?.src === "string" &&
    typeof message.dest === "string" && typeof message.body?.type === "string";
}
