/** The `check` command: judges recorded runs again. */
import { exitStatus, judge, type Judged, overall } from "../checkers/judges.ts";
import { type Validity, worst } from "../checkers/verdict.ts";
import { loadRecording } from "../recording.ts";
import { print, printJson } from "../terminal/print.ts";
import { forJson, judgedText, verdictWord } from "../terminal/text.ts";
import { workloadOf } from "../workloads/all.ts";
import { parseFlags } from "./flags.ts";
import { isOfTheDisk } from "./store.ts";
import { UsageError } from "./usage-error.ts";

/** `check`; returns the exit status. */
export async function check(args: readonly string[]): Promise<number> {
  const { words, texts, switches } = parseFlags(args, {
    judge: "text",
    report: "text",
    json: "switch",
  });
  if (words.length === 0) {
    throw new UsageError(
      "Cannot check nothing: name files or folders of recorded runs",
    );
  }
  if (texts.report !== undefined && words.length > 1) {
    throw new UsageError(
      "Cannot write one report for several runs: check them one by one",
    );
  }
  const json = switches.has("json");
  const verdicts: Validity[] = [];
  const values: object[] = [];
  let written = true;
  for (const file of words) {
    const recording = await loadRecording(file);
    workloadOf(recording.workload);
    const judged = judge(recording);
    verdicts.push(overall(judged, texts.judge));
    if (json) values.push(forJson(judged));
    else print(`${file}\n${judgedText(judged)}`);
    if (texts.report === undefined) continue;
    written = await saveReport(texts.report, judged);
  }
  const verdict = worst(...verdicts);
  if (json) {
    printJson(values.length === 1 ? values[0]! : values);
  } else if (verdicts.length > 1) {
    print(`${verdicts.length} recordings, at worst ${verdictWord(verdict)}`);
  }
  const status = exitStatus(verdict);
  return status === 0 && !written ? 254 : status;
}

/** Writes the report of a run that was stored without one, as the real Maelstrom's are; returns whether it could. */
async function saveReport(file: string, judged: Judged): Promise<boolean> {
  // The drawing code takes a while to load.
  const { reportHtml } = await import("../report/report.ts");
  try {
    await Deno.writeTextFile(file, await reportHtml(judged));
    console.error(file);
    return true;
  } catch (error) {
    if (!isOfTheDisk(error)) throw error;
    console.error(`Cannot write the report ${file}: ${error.message}`);
    return false;
  }
}
