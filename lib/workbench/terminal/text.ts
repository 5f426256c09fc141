/** What the workbench prints: progress, verdicts, figures, and how to repeat a failure. */
import { stringifyBeginning } from "../history/json.ts";
import {
  type Anomaly,
  type Validity,
  verdictText,
} from "../checkers/verdict.ts";
import type { CampaignResults } from "../campaign/campaign.ts";
import { crashOf } from "../checkers/faithful.ts";
import type { Judged } from "../checkers/judges.ts";
import {
  type FigureName,
  figureText,
  figureTitles,
  isMet,
  type Limit,
  limitText,
} from "../scenarios/limits.ts";
import { limitsOf } from "../scenarios/standards.ts";
import { tell } from "./print.ts";

/** A verdict in one word, loud if it is bad. */
export function verdictWord(verdict: Validity): string {
  return verdict === false ? "INVALID" : verdictText(verdict);
}

/** What `--json` prints for one run. */
export function forJson(
  { results, strict }: Judged,
): Pick<Judged, "results" | "strict"> {
  return { results, strict };
}

/** Verdicts, figures and anomalies of one run. */
export function judgedText(
  { recording, results, strict, figures }: Judged,
): string {
  const { official, ours } = limitsOf(recording);
  const lines = [
    `Maelstrom's verdict: ${verdictWord(results["valid?"])}`,
    `strict verdict:      ${verdictWord(strict["valid?"])}`,
    ...anomalyLines(strict.anomalies),
    ...noteLines(strict.notes),
    ...hint(strict.anomalies),
  ];
  if (typeof results.error === "string") {
    lines.push(`  ${harmless(results.error)}`);
  }
  // Where Maelstrom breaks off it has no results.
  const isWhole = crashOf(recording) === undefined;
  if (isWhole && results["valid?"] !== true) lines.push(...unfaithful(results));
  for (const [name, value] of figureEntries(figures)) {
    const limits = [
      ...judgedLimits("official", official, name, value),
      ...judgedLimits("ours", ours, name, value),
    ];
    lines.push(
      [
        `  ${figureTitles[name].padEnd(30)} ${figureText(value).padEnd(10)}`,
        ...limits,
      ].join("  ").trimEnd(),
    );
  }
  return lines.join("\n");
}

/** The limits of a figure, and whether they are met. */
function judgedLimits(
  whose: string,
  limits: readonly Limit[],
  name: FigureName,
  value: number,
): string[] {
  return limits.filter(({ figure }) => figure === name).map((limit) =>
    `${whose} ${limitText(limit)} ${isMet(limit, value) ? "✓" : "✗"}`
  );
}

/** Says that nodes have written to stderr, and where that is. */
export function stderrText(nodes: readonly string[], folder: string): string[] {
  if (nodes.length === 0) return [];
  const who = nodes.length > 3
    ? `${nodes.length} nodes`
    : nodes.toSorted().join(", ");
  return [`${who} wrote to stderr: ${folder}/node-logs/`];
}

/** Where to read more about a finding. */
function hint([first]: readonly Anomaly[]): string[] {
  return first === undefined
    ? []
    : [`  (help ${first.type} says what usually causes it)`];
}

/** The parts of Maelstrom's results that are not valid, as they are. */
function unfaithful(results: Judged["results"]): string[] {
  return Object.entries(results).flatMap(([part, result]) =>
    typeof result === "object" && result !== null && !Array.isArray(result) &&
      result["valid?"] !== true && result["valid?"] !== undefined
      ? [`  ${part}: ${shorter(stringifyBeginning(result, 600), 600)}`]
      : []
  );
}

/** How many sentences of a finding are shown, and how much of each line. */
const SENTENCES = 4;
const LINE_LENGTH = 400;

/** Each anomaly's name and reasons, and how many are left out. */
export function anomalyLines(anomalies: readonly Anomaly[]): string[] {
  return anomalies.flatMap(({ type, because }) => [
    `  ${type}`,
    ...because.slice(0, SENTENCES).flatMap((sentence) =>
      sentence.split("\n").map((line) => `    ${shorter(line, LINE_LENGTH)}`)
    ),
    ...moreText(because, SENTENCES).map((more) => `    ${more}`),
  ]);
}

/** Says how many more sentences a finding has than are shown. */
export function moreText(because: readonly string[], shown: number): string[] {
  const left = because.slice(shown);
  if (left.length === 0) return [];
  // The judge itself may have left out, and counted, others.
  const [, least = "", counted] =
    /^\.\.\. and (more than )?(\d+) more/.exec(left.at(-1)!) ?? [];
  const more = counted === undefined
    ? left.length
    : left.length - 1 + Number(counted);
  return [`... and ${least}${more} more of this kind`];
}

/** Sequences that change a terminal's colours or move its cursor. */
const ESCAPES =
  // deno-lint-ignore no-control-regex
  /\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)/g;

/** All other characters that a terminal obeys, except line ends and tabs. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** What a node wrote, made harmless for a terminal: without colours, and with control characters as pictures. */
export function harmless(text: string): string {
  return text.replace(ESCAPES, "").replace(
    CONTROLS,
    (character) => {
      const code = character.charCodeAt(0);
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\u2421";
    },
  );
}

/** A text of at most this many characters; if it is longer, cut at a blank, with an ellipsis. */
export function shorter(words: string, length: number): string {
  const text = harmless(words);
  if (text.length <= length) return text;
  const cut = text.slice(0, length - 1);
  const blank = cut.lastIndexOf(" ");
  return `${blank > length / 2 ? cut.slice(0, blank) : cut}…`;
}

/** Each note's name and reasons, marked as notes, since they decide nothing. */
export function noteLines(notes: readonly Anomaly[]): string[] {
  return anomalyLines(
    notes.map(({ type, because }) => ({ type: `note: ${type}`, because })),
  );
}

/** A campaign: a line for each judge, a line for each figure, a screen for each failure. */
export function campaignText(campaign: CampaignResults): string {
  const { program, seeds, faults, machine, faithful, strict, figures } =
    campaign;
  const runs = seeds === 1 ? "1 seed" : `${seeds} seeds`;
  const lines = [`${program}, ${runs}, ${faults} faults, ${machine} machine`];
  for (const [judge, tally] of Object.entries({ faithful, strict })) {
    lines.push(
      `  ${
        `${judge} judge`.padEnd(30)
      } ${tally.true} valid, ${tally.false} invalid, ${tally.unknown} unknown`,
    );
  }
  for (const [name, { median, worst }] of figureEntries(figures)) {
    lines.push(
      `  ${figureTitles[name].padEnd(30)} median ${figureText(median)}, worst ${
        figureText(worst)
      }`,
    );
  }
  const counted = (title: string, counts: { [name: string]: number }) => {
    const all = Object.entries(counts).map(([name, n]) => `${name} ${n}`);
    if (all.length > 0) lines.push(`  ${title.padEnd(30)} ${all.join(", ")}`);
  };
  counted("seeds in which it happened", campaign.labels);
  counted("seeds with notes", campaign.notes);
  for (
    const { seed, judge, anomalies, replay } of campaign.failures.slice(0, 5)
  ) {
    lines.push(
      `seed ${seed} fails (${
        judge === "both" ? "both judges" : `${judge} judge`
      })`,
      `  ${replay}`,
      ...anomalyLines(anomalies),
    );
  }
  const more = campaign.failures.length - 5;
  if (more > 0) {
    const others = campaign.failures.slice(5).map(({ seed }) => seed);
    lines.push(`${more} more seeds fail: ${others.join(", ")}`);
  }
  return lines.join("\n");
}

function figureEntries<T>(
  figures: { [name in FigureName]?: T },
): [FigureName, T][] {
  return Object.entries(figures) as [FigureName, T][];
}

/** How many characters a line of the terminal at stderr has; null if none is there, or one that cannot go back. */
function terminalWidth(): number | null {
  if (!Deno.stderr.isTerminal() || Deno.env.get("TERM") === "dumb") return null;
  try {
    return Deno.consoleSize().columns || Infinity; // 0, if it does not say
  } catch {
    return Infinity;
  }
}

/** The end of a text, which fits into a line and leaves it unfinished: one that is full has another below it. */
export function lastPart(text: string, width: number): string {
  return text.length < width ? text : `…${text.slice(2 - width)}`;
}

/** A line on stderr that is updated in place on a terminal, and seldom repeated elsewhere. */
export class ProgressLine {
  #last = 0;
  #shown = false;

  /** Shows a text, unless the last one was shown just before. */
  show(text: string): void {
    const width = terminalWidth();
    const now = performance.now();
    if (now - this.#last < (width === null ? 5_000 : 100)) return;
    this.#last = now;
    this.#shown = width !== null;
    tell(width === null ? `${text}\n` : `\r\x1b[K${lastPart(text, width)}`);
  }

  /** Removes the line from a terminal. */
  end(): void {
    if (this.#shown) tell("\r\x1b[K");
    this.#shown = false;
  }
}
