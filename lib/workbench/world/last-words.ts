/** What a process wrote to stderr last, and what of it tells why it ended. */
import { stripVTControlCharacters } from "node:util";
import { beginning } from "../history/json.ts";
import { KEPT_LINES } from "./host.ts";

/** How many lines are quoted, and how many characters of each. */
const QUOTED_LINES = 8;
const QUOTED_LENGTH = 160;

/** Where runtimes begin to say why they end (Go, Java, Rust, Ruby, Elixir); stacks of any length follow. */
const REPORT =
  /^(?:panic: |fatal error: |Exception in thread |thread '.*panicked at |\S+:\d+:in ['`].*': |\*\* \()/;

/**
 * One line of a stack; the first {@link QUOTED_FRAMES} of several are quoted. They begin, for instance, with `at`
 * (JavaScript, Java), `from` (Ruby), `12:` (Rust), `#1` (PHP, C), `(stdlib 4.2)` (Elixir) or `Called from` (OCaml).
 */
const FRAME =
  /^(?:\s+(?:at |from |\d+: |\([\w-]+ [\d.]+\) )|\s*#\d+ |Called from |Re-raised at |\t.+: in )/;
const QUOTED_FRAMES = 3;

/** The last lines of a process, or the beginning of its report of a crash. */
export class LastWords {
  #lines: string[] = [];
  #isReport = false;

  /** Takes the next line, and leaves out its colours. */
  push(coloured: string): void {
    const line = stripVTControlCharacters(coloured);
    if (REPORT.test(line)) {
      this.#lines = [];
      this.#isReport = true;
    }
    const isFull = this.#lines.length === KEPT_LINES;
    if (isFull && this.#isReport) return;
    if (isFull) this.#lines.shift();
    this.#lines.push(line);
  }

  /** The lines that are kept, in order. */
  get lines(): string[] {
    return [...this.#lines];
  }
}

/** The lines worth quoting, shortened: a report's first ones, or the last of all. */
export function quoteLastWords(lines: readonly string[]): string[] {
  let frames = 0;
  const told = lines.filter((line) => {
    frames = FRAME.test(line) ? frames + 1 : 0;
    return frames <= QUOTED_FRAMES;
  });
  const report = told.findLastIndex((line) => REPORT.test(line));
  const quoted = report < 0
    ? told.slice(-QUOTED_LINES)
    : told.slice(report, report + QUOTED_LINES);
  return quoted.map((line) =>
    line.length <= QUOTED_LENGTH ? line : `${beginning(line, QUOTED_LENGTH)}…`
  );
}
