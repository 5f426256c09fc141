/**
 * The bare loop: reads raw chunks and answers the complete lines of each. The argument
 * says how the answers are written, or that nothing is parsed, or nothing written.
 */
import { answer } from "./answer.ts";

const encoder = new TextEncoder();

function writeSync(text: string): void {
  const bytes = encoder.encode(text);
  for (let written = 0; written < bytes.length;) {
    written += Deno.stdout.writeSync(bytes.subarray(written));
  }
}

async function writeAwaited(text: string): Promise<void> {
  const bytes = encoder.encode(text);
  for (let written = 0; written < bytes.length;) {
    written += await Deno.stdout.write(bytes.subarray(written));
  }
}

/** What becomes of the complete lines of a chunk. */
const ways: Record<string, (lines: string[]) => void | Promise<void>> = {
  batched(lines) {
    let replies = "";
    for (const line of lines) replies += answer(line) + "\n";
    writeSync(replies);
  },
  async awaited(lines) {
    let replies = "";
    for (const line of lines) replies += answer(line) + "\n";
    await writeAwaited(replies);
  },
  each(lines) {
    for (const line of lines) writeSync(answer(line) + "\n");
  },
  silent(lines) {
    for (const line of lines) {
      const reply = answer(line);
      if (line.includes('"init"')) writeSync(reply + "\n");
    }
  },
  copied(lines) {
    writeSync(lines.map((line) => line + "\n").join(""));
  },
};

const handle = ways[Deno.args[0] ?? "batched"]!;
const decoder = new TextDecoder();
const chunk = new Uint8Array(65_536);
let tail = "";
for (;;) {
  const length = await Deno.stdin.read(chunk);
  if (length === null) break;
  const text = decoder.decode(chunk.subarray(0, length), { stream: true });
  const lines = (tail + text).split("\n");
  tail = lines.pop() ?? "";
  await handle(lines);
}
Deno.exit(0);
