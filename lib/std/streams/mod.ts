/**
 * A local edition of `@std/streams`: what this repository uses of it, under the published
 * names and signatures. Without `links` in `deno.json` the published package takes its
 * place.
 *
 * @module
 */

/**
 * Cuts a stream of text into lines, at `\n` and `\r\n`. What follows the last line end
 * is a line if it is not empty.
 */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let rest = "";
    super({
      transform(chars, controller) {
        const lines = chars.split("\n");
        lines[0] = rest + lines[0];
        rest = lines.pop()!;
        for (const line of lines) {
          controller.enqueue(line.endsWith("\r") ? line.slice(0, -1) : line);
        }
      },
      flush(controller) {
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}

/** All text of a stream of text or of UTF-8 bytes. */
export async function toText(stream: ReadableStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += typeof chunk === "string"
      ? chunk
      : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
