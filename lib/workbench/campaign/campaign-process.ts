/**
 * A process of a campaign: performs the runs that it reads, one a line, in a thread that it
 * watches, until its input ends.
 */
import process from "node:process";
import { parse, stringify } from "../history/json.ts";
import { Lines } from "../world/lines.ts";
import type { FromProcess, ToProcess } from "./processes.ts";
import { WatchedThread } from "./watched-thread.ts";

// Ctrl-C at a terminal goes to all processes: this one ends with its run, when its input does.
Deno.addSignalListener("SIGINT", () => {});

let thread: WatchedThread | null = null;

async function answer(
  { simulation, mark, ...options }: ToProcess,
): Promise<void> {
  thread ??= new WatchedThread(options);
  const before = process.cpuUsage();
  let isLooping = false;
  const result = await thread.run(simulation, () => isLooping = true);
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1e3;
  const peakMb = process.resourceUsage().maxRSS / 1e3;
  const answer = { result, cpuMs, peakMb, isLooping } satisfies FromProcess;
  // What a guest has printed may have no end of line.
  const text = `\n${mark}${stringify(answer)}\n`;
  const line = new TextEncoder().encode(text);
  try {
    Deno.stdout.writeSync(line);
  } catch (error) {
    // Whoever asked has ended, by Ctrl-C or otherwise.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(1);
    throw error;
  }
}

const lines = new Lines();
for await (const bytes of Deno.stdin.readable) {
  for (const line of lines.push(bytes)) {
    await answer(parse(line) as unknown as ToProcess);
  }
}
Deno.exit();
