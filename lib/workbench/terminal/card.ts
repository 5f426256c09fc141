/**
 * The result card: the results of one run of a challenge, on one screen of a terminal. This module
 * also says what counts as a failure: a verdict of either judge that is not `true`, or a figure
 * that misses a limit, official or ours.
 */
import {
  type Anomaly,
  type StrictResults,
  type Validity,
  verdictText,
} from "../checkers/verdict.ts";
import {
  type FigureName,
  type Figures,
  figureText,
  figureTitles,
  isMet,
  type Limit,
  limitText,
} from "../scenarios/limits.ts";
import { harmless, moreText, shorter } from "./text.ts";
import type { ScenarioRun } from "../scenarios/scenarios.ts";

/** The results of one run. */
export interface Outcome {
  /** Maelstrom's verdict, from Maelstrom itself or from the faithful judge. */
  faithful: Validity;
  /** Why this is unknown, if Maelstrom would have aborted, or judged a different run. */
  why?: string;
  /** The strict verdict; absent when Maelstrom ran the test and its files cannot be read. */
  strict?: StrictResults;
  /** Why there is no strict verdict. */
  notJudged?: string;
  figures: Figures;
  /** Figures that whatever ran the test does not measure, so their limits stay open. */
  notTaken?: ReadonlySet<FigureName>;
}

/** The contents of a card. */
export interface Card {
  /** The program and what it does: `"echo-1: answer each request with its payload"`. */
  title: string;
  /** The flags of the run, as typed. */
  flags: string;
  /** What ran the test. */
  ranBy: "Maelstrom" | "workbench";
  limits: Pick<ScenarioRun, "official" | "ours">;
  outcome: Outcome;
}

/** How many anomalies are shown at most, and sentences of each; all are in the report. */
const SHOWN_ANOMALIES = 3;
const SHOWN_SENTENCES = 2;
const SENTENCE_LENGTH = 200;
/** The same for a sentence that quotes lines. */
const QUOTE_LENGTH = 600;
const WIDTH = 80;

/** The reasons why a run fails, in a few words each; none if it passes. */
export function failures(
  outcome: Outcome,
  limits: Card["limits"],
): string[] {
  const reasons: string[] = [];
  if (outcome.faithful !== true) {
    reasons.push(`Maelstrom's verdict is ${verdictText(outcome.faithful)}`);
  }
  const strict = outcome.strict?.["valid?"] ?? true;
  if (strict !== true) {
    reasons.push(`the strict judge's verdict is ${verdictText(strict)}`);
  }
  const missed = (whose: string, limit: Limit) => {
    if (stateOf(limit, outcome) !== "missed") return;
    const value = outcome.figures[limit.figure];
    const measured = value === undefined
      ? "was not measured"
      : `is ${figureText(value)}`;
    reasons.push(
      `${limit.figure} ${measured}, ${whose} limit is ${limitText(limit)}`,
    );
  };
  limits.official.forEach((limit) => missed("the official", limit));
  limits.ours.forEach((limit) => missed("our", limit));
  return reasons;
}

/** The card as text, with colours if the terminal has them. */
export function cardText(card: Card, colours = false): string {
  const { outcome, limits } = card;
  const paint = painter(colours);
  const reasons = failures(outcome, limits);
  const verdict = (validity: Validity) =>
    paint(toneOf(validity), verdictText(validity));
  const lines = [
    paint("bold", card.title),
    ...wrap(card.flags, "  "),
    "",
    `  Maelstrom's verdict  ${verdict(outcome.faithful)} ${
      card.ranBy === "Maelstrom" ? "" : "(given by the workbench)"
    }`.trimEnd(),
    ...(outcome.why === undefined ? [] : wrap(harmless(outcome.why), "    ")),
    `  strict verdict       ${
      outcome.strict === undefined ? "none" : verdict(outcome.strict["valid?"])
    }`,
    ...(outcome.notJudged === undefined ? [] : wrap(outcome.notJudged, "    ")),
    ...anomalyLines(outcome.strict?.anomalies ?? []),
    ...noteLines(outcome.strict?.notes ?? []),
    "",
    ...figureLines(outcome, limits, paint),
  ];
  lines.push("");
  if (reasons.length === 0) lines.push(paint("good", "  PASSED"));
  for (const reason of reasons) {
    lines.push(...wrap(reason, "  FAILED: ").map((line) => paint("bad", line)));
  }
  return lines.join("\n") + "\n";
}

type Tone = "good" | "bad" | "unsure" | "bold";
type Paint = (tone: Tone, text: string) => string;

function painter(colours: boolean): Paint {
  const codes = { good: 32, bad: 31, unsure: 33, bold: 1 };
  return (tone, text) => colours ? `\x1b[${codes[tone]}m${text}\x1b[0m` : text;
}

function toneOf(validity: Validity): Tone {
  return validity === "unknown" ? "unsure" : validity ? "good" : "bad";
}

function stateOf(limit: Limit, outcome: Outcome): "met" | "missed" | "open" {
  if (isMet(limit, outcome.figures[limit.figure])) return "met";
  return outcome.notTaken?.has(limit.figure) ? "open" : "missed";
}

/** A table of every figure that was measured or has a limit, with both limits. */
function figureLines(
  outcome: Outcome,
  limits: Card["limits"],
  paint: Paint,
): string[] {
  const cell = (all: Limit[], figure: FigureName) => {
    const limit = all.find((limit) => limit.figure === figure);
    if (limit === undefined) return "".padEnd(14);
    const state = stateOf(limit, outcome);
    const sign = { met: "✓", missed: "✗", open: "?" }[state];
    const tone = { met: "good", missed: "bad", open: "unsure" } as const;
    return paint(tone[state], `${limitText(limit)} ${sign}`.padEnd(14));
  };
  const names = (Object.keys(figureTitles) as FigureName[]).filter((figure) =>
    outcome.figures[figure] !== undefined ||
    [...limits.official, ...limits.ours].some((l) => l.figure === figure)
  );
  const rows = names.map((figure) => {
    const value = outcome.figures[figure];
    const shown = value === undefined ? "-" : figureText(value);
    const row = `  ${figureTitles[figure].padEnd(30)}${shown.padStart(10)}   ` +
      cell(limits.official, figure) + cell(limits.ours, figure);
    return row.trimEnd();
  });
  const column = (name: string, all: Limit[]) =>
    (all.length === 0 ? "" : name).padEnd(14);
  const head = `  ${"figure".padEnd(30)}${"measured".padStart(10)}   ` +
    column("official", limits.official) + column("ours", limits.ours);
  return [head.trimEnd(), ...rows];
}

function anomalyLines(anomalies: readonly Anomaly[]): string[] {
  const lines: string[] = [];
  for (const { type, because } of anomalies.slice(0, SHOWN_ANOMALIES)) {
    const shown = because.slice(0, SHOWN_SENTENCES)
      .map((sentence) =>
        shorter(
          sentence,
          sentence.includes("\n") ? QUOTE_LENGTH : SENTENCE_LENGTH,
        )
      );
    const all = [...shown, ...moreText(because, SHOWN_SENTENCES)].join("; ");
    lines.push(...wrap(all, `    ${type}: `));
  }
  const rest = anomalies.length - SHOWN_ANOMALIES;
  if (rest > 0) lines.push(`    and ${rest} more, in the report`);
  return lines;
}

/** The names of notes, on one line; the report explains them. */
function noteLines(notes: readonly Anomaly[]): string[] {
  if (notes.length === 0) return [];
  const names = notes.map(({ type }) => type).join(", ");
  return wrap(names, "    worth knowing: ").slice(0, 1);
}

/** Wraps a text; the first line begins with the lead, and the others are indented further than it. */
function wrap(text: string, lead: string): string[] {
  const indent = " ".repeat(lead.length - lead.trimStart().length);
  const lines = [lead];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    const joined = line.endsWith(" ") ? line + word : `${line} ${word}`;
    if (joined.length <= WIDTH || line === lead) {
      lines[lines.length - 1] = joined;
    } else lines.push(`${indent}  ${word}`);
  }
  return lines;
}
