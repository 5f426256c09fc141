/** Echo by the standard library's pipeline, its answers collected for a turn of the event loop. */
import { TextLineStream } from "@std/streams";
import { answer } from "./answer.ts";

const encoder = new TextEncoder();
let replies = "";

function flush(): void {
  const bytes = encoder.encode(replies);
  replies = "";
  for (let written = 0; written < bytes.length;) {
    written += Deno.stdout.writeSync(bytes.subarray(written));
  }
}

const lines = Deno.stdin.readable
  .pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  if (replies === "") setImmediate(flush);
  replies += answer(line) + "\n";
}
flush();
Deno.exit(0);
