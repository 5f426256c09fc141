/** Which of a node's lines Maelstrom accepts as messages. */
import {
  beginning,
  Float,
  isInteger,
  type Json,
  stringify,
} from "../history/json.ts";
import { type Body, type Incident, isClient } from "../history/history.ts";

/** A message that a node wrote. */
export interface WrittenMessage {
  src: string;
  dest: string;
  body: Body;
}

/** Why Maelstrom would not take what a node wrote. */
export interface Refusal {
  problem: string;
  /** The request that it answers, if the client of that is no more. */
  toGoneClient?: NonNullable<Incident["request"]>;
}

/** The fields that a message may have. */
const FIELDS: ReadonlySet<string> = new Set(["src", "dest", "body", "id"]);

/**
 * Checks what a node wrote against Maelstrom's schema of messages.
 *
 * @param isEndpoint whether there is an endpoint of this name now
 * @returns the message, or why Maelstrom would not accept it
 */
export function readMessage(
  written: unknown,
  isEndpoint: (name: string) => boolean,
): WrittenMessage | Refusal {
  const refuse = (why: string) => ({ problem: `${why}: ${quote(written)}` });
  if (!isObject(written)) return refuse("it wrote a line that is no object");
  const { src, dest, body, id } = written;
  if ((src ?? null) === null) {
    const isCapital = Object.keys(written).some((key) =>
      /^S(rc|RC)$/.test(key)
    );
    return refuse(
      `a message must have a src (${
        isCapital
          ? "its fields are in small letters"
          : "was init still being handled?"
      })`,
    );
  }
  if (typeof src !== "string" || typeof dest !== "string") {
    return refuse("src and dest must be strings");
  }
  for (const key of Object.keys(written)) {
    if (!FIELDS.has(key)) {
      return refuse(`"${key}" does not belong beside src, dest and body`);
    }
  }
  if (id !== undefined && !isInteger(id)) {
    return refuse("id must be an integer");
  }
  const fields = fieldsOf(body);
  if (fields === null) return refuse("body must be an object");
  if (!isEndpoint(src)) {
    return refuse(`it signed a message as ${src}, who is nobody`);
  }
  if (isEndpoint(dest)) return { src, dest, body: fields };
  if (!isClient(dest)) return refuse(`it wrote to "${dest}", which is nobody`);
  const late = refuse(
    `it wrote to client ${dest}, which has given up and gone, or never was`,
  );
  const number = fields.in_reply_to ?? null;
  return { ...late, toGoneClient: { client: dest, number } };
}

/**
 * A body as Maelstrom reads it: null and empty values are an empty object, and a list of pairs is the
 * object that they make. Null if it is neither that nor an object.
 */
function fieldsOf(body: Json | undefined): Body | null {
  if (isObject(body)) return body;
  const pairs = body ?? [];
  if (pairs === "") return {};
  if (!Array.isArray(pairs)) return null;
  const fields: [string, Json][] = [];
  for (const pair of pairs) {
    if (!Array.isArray(pair) || typeof pair[0] !== "string") return null;
    fields.push([pair[0], pair[1] ?? null]);
  }
  return Object.fromEntries(fields);
}

/** Whether a value is an object, as a message must be: no list, and no number that is kept as one. */
export function isObject(value: unknown): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null &&
    !Array.isArray(value) && !(value instanceof Float);
}

/** What a node wrote, shortened. */
export function quote(written: unknown): string {
  return beginning(stringify(written) ?? String(written), 200);
}
