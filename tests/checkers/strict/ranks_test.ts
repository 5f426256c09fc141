import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Judged } from "../../../lib/workbench/checkers/judges.ts";
import { Findings } from "../../../lib/workbench/checkers/findings.ts";
import { judgeStrict } from "../../../lib/workbench/checkers/strict/strict.ts";
import type { Results } from "../../../lib/workbench/checkers/verdict.ts";
import type {
  Incident,
  Recording,
} from "../../../lib/workbench/history/history.ts";
import { findingsSection } from "../../../lib/workbench/report/findings.ts";
import { judgedText } from "../../../lib/workbench/terminal/text.ts";

const recording: Recording = {
  workload: "echo",
  options: { "node-count": 1 },
  history: [
    { index: 0, time: 0, type: "invoke", process: 0, f: "echo", value: 1 },
    { index: 1, time: 1, type: "ok", process: 0, f: "echo", value: 1 },
  ],
  journal: [],
};
const valid: Results = { "valid?": true };

/** Both judges over a recording in which a check finds something. */
function judged(find: (findings: Findings) => void, results = valid): Judged {
  const findings = new Findings();
  find(findings);
  const checks = { echo: () => findings.all() };
  const strict = judgeStrict(recording, results, {}, checks);
  const held = recording.history;
  return { recording, held, results, strict, figures: {} };
}

Deno.test("a note leaves the verdict valid, and terminal and report show it as a note", () => {
  const noted = judged((findings) => findings.note("odd", "an odd choice"));
  assertEquals(noted.strict, {
    "valid?": true,
    anomalies: [],
    notes: [{ type: "odd", because: ["an odd choice"] }],
  });
  assertMatch(judgedText(noted), / {2}note: odd\n {4}an odd choice/);
  const page = String(findingsSection(noted));
  assert(!page.includes("What is wrong"));
  assertMatch(
    page,
    /<section id="findings">\s*<h2>Worth knowing[^]*"finding note">\s*<h3>odd<\/h3>[^]*an odd choice/,
  );
});

Deno.test("an anomaly makes the verdict invalid, whatever notes there are", () => {
  const { strict } = judged((findings) => {
    findings.note("odd", "an odd choice");
    findings.add("odd", "a promise broken");
    findings.note("odd", "another odd choice");
  });
  assertEquals(strict, {
    "valid?": false,
    anomalies: [{ type: "odd", because: ["a promise broken"] }],
    notes: [{ type: "odd", because: ["an odd choice", "another odd choice"] }],
  });
});

Deno.test("a note does not stand in for the faithful judge's anomaly of the same name", () => {
  const late: Results = {
    "valid?": false,
    workload: {
      "valid?": false,
      "anomaly-types": ["G1a"],
      anomalies: { G1a: [{ explanation: "read it" }] },
    },
  };
  const { strict } = judged((findings) => findings.note("G1a", "maybe"), late);
  assertEquals(strict.anomalies.map(({ type }) => type), ["G1a"]);
});

Deno.test("operations that always crash need never succeed", () => {
  const never = { "valid?": false, "ok-count": 0 };
  const stats: Results = {
    "valid?": false,
    "by-f": { crash: never, "debug-topic-partitions": never, send: never },
  };
  const { strict } = judged(() => {}, { "valid?": false, stats });
  assertEquals(strict.anomalies, [
    { type: "never-ok", because: ["no send operation ever succeeded"] },
  ]);
});

Deno.test("an aborted run need not have done what it had no time for", () => {
  const lost: Results = {
    "valid?": "unknown",
    workload: { "valid?": false, "lost-count": 1, lost: [3] },
  };
  const names = (...incidents: Incident[]) =>
    judgeStrict({ ...recording, incidents }, lost, {}, {})
      .anomalies.map(({ type }) => type);
  const storm = { time: 8, node: "n0", text: "" };
  assertEquals(names(), ["lost"]);
  assertEquals(
    names({ ...storm, type: "message-storm" }, { ...storm, type: "stopped" }),
    ["message-storm"],
  );
  assertEquals(names({ ...storm, time: -1, type: "setup-failed" }), [
    "setup-failed",
  ]);
});
