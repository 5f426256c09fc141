/** The faithful judge as a whole, and recordings on disk. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { judgeFaithful } from "../../lib/workbench/checkers/faithful.ts";
import type {
  Aftermath,
  Recording,
} from "../../lib/workbench/history/history.ts";
import {
  loadRecording,
  RECORDING_FILE,
  saveRecording,
} from "../../lib/workbench/recording.ts";
import { type Json, parse } from "../../lib/workbench/history/json.ts";
import { THROWS } from "../../lib/workbench/checkers/verdict.ts";
import { historyOf, type Line } from "../fixtures/histories.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";

function generated(...ids: Json[]): Line[] {
  return ids.flatMap((id): Line[] => [
    ["invoke", 0, "generate", null],
    ["ok", 0, "generate", id],
  ]);
}

function recording(lines: Line[], more: Partial<Recording> = {}): Recording {
  return {
    workload: "unique-ids",
    options: { "node-count": 1 },
    history: historyOf(...lines),
    journal: [["send", 0, 0, "c0", "n0", { type: "init" }]],
    ...more,
  };
}

Deno.test("the verdict is the worst of all checkers'", () => {
  const verdict = (lines: Line[], more?: Partial<Recording>) =>
    judgeFaithful(recording(lines, more))["valid?"];
  const failed: Line[] = [
    ["invoke", 0, "generate", null],
    ["fail", 0, "generate", null],
  ];
  assertEquals(verdict(generated(1, 2)), true);
  assertEquals(verdict(generated(1, 1)), false);
  assertEquals(verdict([], { workload: "lunch" }), "unknown");
  const total = { options: { availability: "total" } };
  assertEquals(verdict([...generated(1, 2), ...failed], total), false);
  assertEquals(verdict(failed, { ...total, workload: "lunch" }), false);
  assertEquals(verdict(failed), false);
});

Deno.test("the results have Maelstrom's keys", () => {
  assertEquals(Object.keys(judgeFaithful(recording(generated(1)))).sort(), [
    "availability",
    "exceptions",
    "net",
    "perf",
    "stats",
    "timeline",
    "valid?",
    "workload",
  ]);
});

Deno.test("a checker that throws cannot tell, and its error is in the results", () => {
  const { workload } = judgeFaithful(recording([], { workload: "lunch" }));
  const { "valid?": valid, error } = workload as { [key: string]: Json };
  assertEquals(valid, "unknown");
  assertStringIncludes(String(error), "Cannot judge workload lunch");
});

Deno.test("ids of any type are judged; where Maelstrom's own checker would throw, the results say so", () => {
  const judged = (...ids: string[]) =>
    judgeFaithful(recording(generated(...ids.map(parse))))["workload"] as {
      [key: string]: Json;
    };
  const orderless = [["1", '"1"'], ['{"a":1}', '{"a":2}'], ["[1]", "[[1]]"]];
  for (const ids of [...orderless, ["true", "1"]]) {
    const workload = judged(...ids);
    assertEquals(workload["valid?"], true);
    assertStringIncludes(String(workload[THROWS]), "ClassCastException");
    assertEquals(judged(...ids, ids[0]!)["valid?"], false);
  }
  const ordered = [[
    "1",
    "1.0",
    "9007199254740993",
    "9007199254740992",
    "1e999",
  ]]
    .concat([["null", "1"], ["[1,2]", "[1.0,2]"], ['"a"', '"1"']]);
  for (const ids of ordered) {
    const workload = judged(...ids);
    assertEquals(workload["valid?"], true);
    assertEquals(workload[THROWS], undefined);
    assertEquals(judged(...ids, ids[1]!)["duplicated-count"], 1);
  }
});

Deno.test("a workload that Maelstrom does not have is refused", () => {
  const results = judgeFaithful(recording([], { workload: "lunch" }));
  assertEquals(results["valid?"], "unknown");
});

Deno.test("a crashed run is unknown, says why, and keeps its figures", () => {
  const crashes: Partial<Recording>[] = [
    { exit: 255 },
    ...(["process-exit", "setup-failed"] as const).map((type) => ({
      incidents: [{ time: 0, node: "n3", type, text: "exit status 1" }],
    })),
  ];
  for (const crash of crashes) {
    const results = judgeFaithful(recording(generated(1, 1), crash));
    assertEquals(results["valid?"], "unknown");
    assertEquals(typeof results["error"], "string");
    assertEquals(
      (results["workload"] as { [k: string]: Json })["valid?"],
      false,
    );
  }
  const restarted = judgeFaithful(recording(generated(1), {
    incidents: [{ time: 0, node: "n3", type: "kill", text: "chaos" }],
  }));
  assertEquals(restarted["valid?"], true);
});

Deno.test("after a malformed line, a node that is still heard leaves Maelstrom's verdict unknown, and a mute one does not", () => {
  const broken = (time: number): Partial<Recording> => ({
    incidents: [{ time, node: "n3", type: "protocol-violation", text: "" }],
  });
  const verdict = (more: Partial<Recording>) =>
    judgeFaithful(recording(generated(1), more));
  const open = verdict(broken(5));
  assertEquals(open["valid?"], "unknown");
  const error = String(open["error"]);
  assertStringIncludes(error, "n3 after a malformed line at 0.000 s");
  assertStringIncludes(error, "use --faithful");
  const [late] = broken(5).incidents!;
  assertStringIncludes(
    String(
      verdict({ incidents: [{ ...late!, type: "gone-client" }] })["error"],
    ),
    "n3 after it replied to a client that had gone, at 0.000 s",
  );
  assertEquals(verdict({ ...broken(5), faithful: true })["valid?"], true);
  // After its end, Maelstrom is not there to hear it.
  const aftermath: Aftermath = {
    history: [],
    journal: [],
    healedAt: 4,
  };
  assertEquals(verdict({ ...broken(5), aftermath })["valid?"], true);
  assertEquals(verdict({ ...broken(4), aftermath })["valid?"], "unknown");
});

Deno.test(
  "a recording is the same after it was saved and loaded, gzipped, plain or in a run's directory",
  needs("read", "write"),
  inFolder(async (directory) => {
    const saved = recording(generated("ü", 2), { seed: 7, program: "x" });
    for (const name of ["run.json", "run.json.gz", RECORDING_FILE]) {
      const path = join(directory, name);
      await saveRecording(path, saved);
      assertEquals(await loadRecording(path), saved);
    }
    assertEquals(await loadRecording(directory), saved);
    const empty = recording([], { journal: [] });
    await saveRecording(join(directory, "empty.json"), empty);
    assertEquals(await loadRecording(join(directory, "empty.json")), empty);
  }),
);

Deno.test(
  "a recording is the same in every layout, with an element a line or not",
  needs("read", "write"),
  inFolder(async (directory) => {
    const { history, journal } = recording(generated("1", 2), {});
    const saved = recording(generated("ü", 2), {
      aftermath: { history, journal, healedAt: 4 },
      calm: { history: [], journal },
    });
    const path = join(directory, "run.json");
    await saveRecording(path, saved);
    assertEquals(await loadRecording(path), saved);
    const ours = await Deno.readTextFile(path);
    const python = JSON.stringify(JSON.parse(ours), null, " ")
      .replaceAll(/^ +/gm, "");
    assertStringIncludes(python, '\n"history": [\n{\n');
    for (
      const text of [
        python,
        ours.replaceAll("\n", ""),
        ours.replaceAll("\n", "\r\n"),
        `\ufeff${ours}`,
      ]
    ) {
      await Deno.writeTextFile(path, text);
      assertEquals(await loadRecording(path), saved);
    }
  }),
);

Deno.test(
  "files that are not recordings are refused by name",
  needs("read", "write"),
  inFolder(async (directory) => {
    const refused = async (name: string, content: string) => {
      const path = join(directory, name);
      await Deno.writeTextFile(path, content);
      await assertRejects(
        () => loadRecording(path),
        Error,
        `Cannot load recording ${path}`,
      );
    };
    await refused("other.json", '{"name": "x"}');
    await refused("null.json", "null");
    await refused("after.json", '{"workload": "echo", "aftermath": 5}');
    await refused("incidents.json", '{"workload": "echo", "incidents": "x"}');
    await refused("broken.json", '{"workload": "echo",');
    const op = '{"index": 0, "time": 0, "type": "ok", "process": 0, "f": "x"}';
    for (
      const broken of [
        "null",
        "1",
        op.replace("ok", "done"),
        op.slice(0, 11) + "}",
      ]
        .concat(op.replace('"process": 0, ', ""))
    ) {
      await refused(
        "op.json",
        `{"workload": "echo", "history": [${op}, ${broken}]}`,
      );
    }
    for (
      const event of ["null", "[]", '["send", 1]', '["sent",1,0,"a","b",{}]']
    ) {
      await refused(
        "event.json",
        `{"workload": "echo", "journal": [${event}]}`,
      );
    }
    const nobody = join(directory, "no-body.json");
    await Deno.writeTextFile(
      nobody,
      '{"workload": "echo", "journal": [["send", 1, 0, "n0", "n1", null]]}',
    );
    const { journal } = await loadRecording(nobody);
    assertEquals(journal.at(0)![5], {});
    const only = join(directory, "no-aftermath.json");
    await Deno.writeTextFile(only, '{"workload": "echo", "aftermath": null}');
    assertEquals("aftermath" in await loadRecording(only), false);
    await assertRejects(() => loadRecording(join(directory, "absent.json")));
  }),
);
