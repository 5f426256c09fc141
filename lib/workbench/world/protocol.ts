/** What Maelstrom asks of a line that a node writes, by a closed schema. */
import { isInteger, stringify } from "../json.ts";
import type { Body, Json } from "../history.ts";
import { isClient } from "../history.ts";

/** A line that is a message. */
export interface WrittenMessage {
  src: string;
  dest: string;
  /** Null stands for an empty one. */
  body: Body | null;
}

/**
 * Why what a node wrote is no message that Maelstrom would take; null if it is one.
 *
 * @param isEndpoint whether a name can be written to, now
 */
export function problemWith(
  written: unknown,
  isEndpoint: (name: string) => boolean,
): string | null {
  const text = () => quote(written);
  if (
    typeof written !== "object" || written === null || Array.isArray(written)
  ) return `it wrote a line that is no object: ${text()}`;
  const { src, dest, body, id, ...more } = written as Record<string, Json>;
  if (typeof src !== "string" || typeof dest !== "string") {
    return `src and dest must be strings: ${text()}`;
  }
  for (const key in more) return `a message has no "${key}": ${text()}`;
  if (id !== undefined && !isInteger(id)) {
    return `id must be an integer: ${text()}`;
  }
  if (body === undefined || typeof body !== "object" || Array.isArray(body)) {
    return `body must be an object: ${text()}`;
  }
  if (!isEndpoint(src)) {
    return `it signed a message as ${src}, who is nobody: ${text()}`;
  }
  if (isEndpoint(dest)) return null;
  return isClient(dest)
    ? `it answered client ${dest}, which has given up and gone: ${text()}`
    : `it wrote to "${dest}", which is nobody: ${text()}`;
}

/** Something a node wrote, as short text. */
export function quote(written: unknown): string {
  return (stringify(written) ?? String(written)).slice(0, 200);
}
