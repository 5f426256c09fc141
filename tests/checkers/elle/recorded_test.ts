/**
 * Elle's checkers on the recorded runs of the real Maelstrom. `GOLDEN_DIR` names
 * another directory of recordings than `tests/golden`.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { checkListAppend } from "../../../lib/workbench/checkers/elle/list-append.ts";
import { checkRwRegister } from "../../../lib/workbench/checkers/elle/rw-register.ts";
import {
  CheckerError,
  type Results,
} from "../../../lib/workbench/checkers/verdict.ts";
import { loadRecording } from "../../../lib/workbench/recording.ts";
import { needs } from "../../fixtures/permitted.ts";
import { DIRECTORY, recordedFiles } from "../../fixtures/recorded.ts";

function typesOf(results: Results): string[] {
  return results["anomaly-types"] as string[] | undefined ?? [];
}

/** Which of these Elle lists, and how it names cycles then, depends on a search budget of one second. */
const MARKER = /-cycle-exists$|^cycle-search-timeout$/;
const CYCLE = /^G(0|1c|2|-)/;

const files = recordedFiles(/^(rw|la)-/);

Deno.test(
  "there are recordings of both transactional workloads",
  needs("read"),
  () => {
    assert(files.some((name) => name.startsWith("rw-")));
    assert(files.some((name) => name.startsWith("la-")));
  },
);

for (const file of files) {
  Deno.test(`${file} has Maelstrom's verdict, anomaly types and broken models`, async () => {
    const { workload, history, options, results } = await loadRecording(
      join(DIRECTORY, file),
    );
    assert(results, "the run crashed before its analysis");
    const recorded = results["workload"] as Results;
    const check = () =>
      workload === "txn-list-append"
        ? checkListAppend(history, options)
        : checkRwRegister(history, options);
    if (recorded["error"] !== undefined) {
      assertThrows(check, CheckerError);
      return;
    }
    const judged = check();
    const gaveUp = typesOf(recorded).includes("cycle-search-timeout");
    const comparable = (results: Results) =>
      typesOf(results).filter((type) =>
        !(gaveUp && (MARKER.test(type) || CYCLE.test(type)))
      );
    assertEquals(judged["valid?"], recorded["valid?"]);
    assertEquals(comparable(judged), comparable(recorded));
    if (gaveUp) return;
    assertEquals(judged["not"], recorded["not"]);
    assertEquals(judged["also-not"], recorded["also-not"]);
  });
}
