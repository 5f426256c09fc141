/** Where runs are kept: `store/<workload>/<time>/`, with links to the latest. */
import { stringify } from "../json.ts";
import { join, resolve } from "node:path";
import type { Judged } from "../checkers/judges.ts";
import { RECORDING_FILE, saveRecording } from "../recording.ts";
import { writeReport } from "../report/report.ts";

/** The folder of all runs, if no other is given. */
export const STORE = "store";

/** How many of a node's last lines on stderr are in the report. */
const LINES_REPORTED = 30;

/** A folder for one run, made when the run begins so that nodes can log into it. */
export interface RunFolder {
  path: string;
  /** Appends a line to a node's log. */
  logStderr(node: string, line: string): void;
  /**
   * Writes results, history, recording and report, and points the `latest` links here.
   *
   * @param command what does the run again
   */
  save(judged: Judged, command?: string): Promise<void>;
}

/** Makes the folder of a run that begins now. */
export async function openRunFolder(
  workload: string,
  store: string = STORE,
): Promise<RunFolder> {
  const time = new Date().toISOString().replaceAll(/[-:]/g, "");
  const path = join(store, workload, time);
  await Deno.mkdir(join(path, "node-logs"), { recursive: true });
  const logs = new Map<string, Deno.FsFile>();
  const lastLines = new Map<string, string[]>();
  const encoder = new TextEncoder();
  return {
    path,
    logStderr(node, line) {
      let log = logs.get(node);
      if (log === undefined) {
        const file = join(path, logFile(node));
        log = Deno.openSync(file, { create: true, append: true });
        logs.set(node, log);
      }
      log.writeSync(encoder.encode(line + "\n"));
      const last = lastLines.get(node) ?? [];
      lastLines.set(node, [...last, line].slice(-LINES_REPORTED));
    },
    async save(judged, command) {
      const { recording, results, strict, figures } = judged;
      for (const log of logs.values()) log.close();
      logs.clear();
      const summary = {
        program: recording.program ?? null,
        workload: recording.workload,
        options: recording.options,
        seed: recording.seed ?? null,
        faults: recording.faults ?? null,
        results,
        strict,
        figures,
      };
      const write = (name: string, text: string) =>
        Deno.writeTextFile(join(path, name), text);
      await write("results.json", stringify(summary, 2) + "\n");
      const lines = recording.history.map((op) => stringify(op) + "\n");
      await write("history.jsonl", lines.join(""));
      await saveRecording(join(path, RECORDING_FILE), recording);
      const files = ["results.json", "history.jsonl", RECORDING_FILE];
      await writeReport(path, judged, {
        stderr: lastLines,
        files: [...files, ...[...lastLines.keys()].map(logFile)],
        ...(command === undefined ? {} : { command }),
      });
      await link(join(store, workload, "latest"), path);
      await link(join(store, "latest"), path);
    },
  };
}

/** Where a node's log is, in the folder of its run. */
function logFile(node: string): string {
  return `node-logs/${node}.log`;
}

/** Points a link to a folder, whatever it pointed to before. */
async function link(from: string, to: string): Promise<void> {
  const temporary = `${from}.tmp`;
  await Deno.remove(temporary).catch(() => {});
  await Deno.symlink(resolve(to), temporary);
  await Deno.rename(temporary, from);
}
