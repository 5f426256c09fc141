/** What the commands say on stdout. */

let isLost = false;

/**
 * Prints a text and a newline. Where stdout takes no more (its disk is full) this is said once on
 * stderr and the command goes on, so that a run is kept all the same.
 */
export function print(text: string): void {
  try {
    console.log(text);
  } catch (error) {
    if (!isLost) console.error(`Cannot write to stdout: ${message(error)}`);
    isLost = true;
  }
}

/** Whether something that was printed is lost. */
export function lostOutput(): boolean {
  return isLost;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
