/**
 * Mounts a program in a world. Its node is created by the first `init`.
 *
 * @module
 */
import { ErrorCode } from "./errors.ts";
import { Node, type Program } from "./node.ts";
import type { Protocol } from "./protocol.ts";
import type { Body, Message, Mounted, World } from "./world.ts";

/** Mounts a program in a world, without any I/O: for simulators and tests, as `lib/README.md` shows. */
export function mount<P extends Protocol<P>>(
  program: Program<P>,
  world: World,
): Mounted {
  let node: Node<P> | undefined;

  /** Starts the node, or refuses to; returns the reply's body. */
  function init({ node_id: id, node_ids: ids }: Body): Body {
    const wrong = wrongInit(id, ids, node);
    if (wrong !== undefined) return malformed(`Cannot take "init": ${wrong}`);
    if (node === undefined) {
      node = new Node<P>(world, id as string, ids as string[]);
      program(node);
    }
    return { type: "init_ok" };
  }

  /** The reply to a message that does not go to the program. */
  function answer(body: Body): Body {
    if (body.type === "init") return init(body);
    if (!isTyped(body)) {
      return malformed("Cannot take a message: type: expected a string");
    }
    const code = ErrorCode.temporarilyUnavailable;
    return { type: "error", code, text: `"${body.type}" came before init` };
  }

  function skip(why: string, message: unknown): void {
    const text = String(JSON.stringify(message)).slice(0, 200);
    world.log(`skipped, ${why}: ${text}`);
  }

  return {
    receive(message, since) {
      if (!isEnvelope(message)) return skip("no message", message);
      const { src, dest, body } = message;
      if (node && dest !== node.id) return skip(`not for ${node.id}`, message);
      if (node && body.type !== "init" && isTyped(body)) {
        return node.receive(message, since);
      }
      const { msg_id: id = null, in_reply_to: answered = null } = body;
      const isAsked = id !== null && answered === null;
      if (!isAsked && !isTyped(body)) return skip("no type", message);
      const reply = answer(body);
      if (!isAsked) return;
      world.send({ src: dest, dest: src, body: { ...reply, in_reply_to: id } });
    },
    dispose: () => node?.dispose(),
  };
}

function malformed(text: string): Body {
  return { type: "error", code: ErrorCode.malformedRequest, text };
}

/** What is wrong with an `init`, undefined if nothing is. */
function wrongInit(
  id: unknown,
  ids: unknown,
  node: { id: string; ids: readonly string[] } | undefined,
): string | undefined {
  if (typeof id !== "string") return "node_id: expected a string";
  const areNames = Array.isArray(ids) &&
    ids.every((id) => typeof id === "string" && NAME.test(id));
  if (!areNames) {
    return "node_ids: expected an array of names, without spaces and commas";
  }
  if (!ids.includes(id)) return `node_ids: "${id}", the node, is not in it`;
  if (new Set(ids).size < ids.length) return "node_ids: a name comes twice";
  const isKnown = node === undefined ||
    node.id === id && node.ids.join() === ids.join();
  return isKnown ? undefined : `this is ${node.id} of ${node.ids.join(", ")}`;
}

/** The names that Maelstrom can give nodes: it takes them as a list separated by commas. */
const NAME = /^[^\s,]+$/;

/** Whether a value has the fields that every message has; the body's type may be missing. */
function isEnvelope(value: unknown): value is Message {
  const { src, dest, body } = Object(value);
  return typeof src === "string" && typeof dest === "string" &&
    typeof body === "object" && body !== null && !Array.isArray(body);
}

function isTyped({ type }: Body): boolean {
  return typeof type === "string";
}
