/** What the commands say on stdout and stderr. */
import { compactTexts } from "../history/json-texts.ts";

let isLost = false;

/**
 * Prints a text and a newline. Where stdout takes no more (its disk is full) this is said once on
 * stderr and the command goes on, so that a run is kept all the same. A reader that has left, such as
 * `head`, misses nothing.
 */
export function print(text: string): void {
  printing(() => console.log(text));
}

/** Prints a value as one line of JSON, in pieces; see {@link print}. */
export function printJson(value: object): void {
  printing(() => {
    for (const text of compactTexts(value)) write(text);
    write("\n");
  });
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    at += Deno.stdout.writeSync(bytes.subarray(at));
  }
}

function printing(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    if (!isLost) console.error(`Cannot write to stdout: ${message(error)}`);
    isLost = true;
  }
}

/**
 * From now on what stderr does not take, full or closed as it is, is lost and nothing more: no
 * run ends for what people would have read meanwhile.
 */
export function spareStderr(): void {
  const { error } = console;
  console.error = (...data: unknown[]) => whatever(() => error(...data));
}

/** Writes to stderr as it is, without a newline; see {@link spareStderr}. */
export function tell(text: string): void {
  whatever(() => Deno.stderr.writeSync(new TextEncoder().encode(text)));
}

function whatever(write: () => void): void {
  try {
    write();
  } catch {
    // There is nobody to tell.
  }
}

/** Whether something that was printed is lost. */
export function lostOutput(): boolean {
  return isLost;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
