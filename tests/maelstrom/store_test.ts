/** The real Maelstrom's store: read as recordings, and written as its scripts expect it. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { maelstromFiles } from "../../lib/workbench/maelstrom/files.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { parseEdn } from "../../lib/workbench/maelstrom/edn.ts";
import { readFressian } from "../../lib/workbench/maelstrom/fressian.ts";
import type {
  JournalEvent,
  Recording,
} from "../../lib/workbench/history/history.ts";
import {
  equal,
  type Json,
  parse,
  stringify,
} from "../../lib/workbench/history/json.ts";
import { loadRecording, writeTexts } from "../../lib/workbench/recording.ts";
import { FressianFile } from "../fixtures/fressian.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";
import { DIRECTORY } from "../fixtures/recorded.ts";

const VALUES = `[0, 63, 64, -1, -2, -4096, 4095, 4096, 65535, 524287, -524288,
  33554431, 33554432, 8589934591, 8589934592, 2199023255551, 2199023255552, 562949953421311, 562949953421312,
  -562949953421313, 9007199254740993, -9223372036854775808, 9223372036854775808, 1180591620717411303424,
  -1180591620717411303424, 0.0, 1.0, 5.0, -0.5, 1e300, true, false, null, "", "seven77", "eight888",
  "ü, 漢字 and 😀", "${
  "long ".repeat(60)
}", {"5": [[0, 1]], "a/b": {"c": []}}, [[], [1,2,3,4,5,6,7,8,9]]]`;

Deno.test("Fressian is read as it was written, numbers exactly", () => {
  const file = new FressianFile();
  const value = parse(VALUES);
  file.value(value);
  file.value(value); // what was cached comes from the cache
  const read = [...readFressian(file.bytes)] as Json[];
  assertEquals(read.length, 2);
  for (const again of read) {
    assert(equal(again, value), stringify(again));
  }
});

Deno.test("a Fressian file that is cut anywhere ends before what was cut", () => {
  const file = new FressianFile();
  const message = { id: 7, src: "n0", dest: "c1", body: { type: "read_ok" } };
  file.event(0, 123_456_789_012, "send", message);
  const whole = file.bytes.length;
  file.event(1, 123_456_789_013, "recv", message);
  for (let length = whole; length < file.bytes.length; length++) {
    let isCut = false;
    const bytes = file.bytes.subarray(0, length);
    const read = [...readFressian(bytes, () => isCut = true)];
    assertEquals([read.length, isCut], [1, length > whole], `${length} bytes`);
  }
  const read = [
    ...readFressian(file.bytes, () => assert(false, "it is whole")),
  ];
  assertEquals(read.length, 2);
});

for (
  const [edn, json] of [
    ['{:a 1, "b" :c/d}', '{"a":1,"b":"c/d"}'],
    ["#{3 1 2}", "[1,2,3]"],
    ["(1 2.0 2.5 1e3)", "[1,2.0,2.5,1e3]"],
    ["[9007199254740993 12N -5]", "[9007199254740993,12,-5]"],
    ["{7 {:polled -1}}", '{"7":{"polled":-1}}'],
    ['"a\\"b\\n\\u00fc"', '"a\\"b\\nü"'],
    ["#jepsen.history.Op{:index 1, :f :add}", '{"index":1,"f":"add"}'],
    ["[1 #_ {:left out} 2 ; and this\n]", "[1,2]"],
    ["[clojure.core$x nil true \\a]", '["clojure.core$x",null,true,"a"]'],
    ["[##NaN ##-Inf]", "[null,null]"],
  ] as const
) {
  Deno.test(`EDN ${edn} is ${json}`, () => {
    assert(equal(parseEdn(edn), parse(json)), stringify(parseEdn(edn)));
  });
}

/** Writes a recording as Maelstrom would have kept it; its journal in several files. */
async function keepAsMaelstrom(
  folder: string,
  recording: Recording,
): Promise<void> {
  const { journal, history, results, workload, options } = recording;
  await Deno.mkdir(join(folder, "net-journal"), { recursive: true });
  const flags = Object.entries(options).map(([name, value]) =>
    `--${name} ${value}`
  );
  const command = `lein run test -w ${workload} --bin /bin/node ${
    flags.join(" ")
  } -- --rate 9`;
  const kept = { ...judge(recording), results: results as never };
  for (const [name, texts] of maelstromFiles(kept, command)) {
    if (name !== "history.edn" || history.length > 0) {
      await writeTexts(join(folder, name), texts);
    }
  }
  const files = [new FressianFile(), new FressianFile(), new FressianFile()];
  [...journal].forEach(([kind, time, id, src, dest, body], i) => {
    files[(i * 7) % 3]!.event(i, time, kind, { id, src, dest, body });
  });
  for (const [i, { bytes }] of files.entries()) {
    await Deno.writeFile(join(folder, `net-journal/${i}.fressian`), bytes);
  }
}

for (
  const name of [
    "echo-ok",
    "echo-info",
    "bc-neverread",
    "gc-silent",
    "gs-lost",
    "ids-central",
    "kf-ok-1",
    "lk-drop",
    "la-g1a",
    "rw-g0",
  ]
) {
  Deno.test(
    `${name}, kept as Maelstrom keeps a run, is read back as it was and judged alike`,
    needs("read", "write"),
    inFolder(async (folder) => {
      const golden = await loadRecording(join(DIRECTORY, `${name}.json.gz`));
      await keepAsMaelstrom(folder, golden);
      const read = await loadRecording(folder);
      const { journalOrigin, ...others } = read;
      assertEquals(others.workload, golden.workload);
      assertEquals(others.options, golden.options);
      assertEquals(others.exit, golden.exit);
      assert(
        equal(read.history as never, golden.history as never),
        "history",
      );
      const events = (journal: Recording["journal"]) =>
        [...journal] as JournalEvent[];
      assert(
        equal(
          events(read.journal) as never,
          events(golden.journal) as never,
        ),
        "journal",
      );
      assert(Number.isFinite(journalOrigin), "the journal's clock is set");
      const [was, is] = [judge(golden), judge(read)];
      assert(equal(is.results as never, was.results as never));
    }),
  );
}

Deno.test(
  "the journal's time is the least between an operation and its request, whatever was late",
  needs("read", "write"),
  inFolder(async (folder) => {
    const golden = await loadRecording(
      join(DIRECTORY, "bc-neverread.json.gz"),
    );
    await keepAsMaelstrom(folder, golden);
    const { journalOrigin: origin, history, journal } = await loadRecording(
      folder,
    );
    const times = history.filter(({ type, f }) =>
      type === "invoke" && f === "broadcast"
    ).map(({ time, value }) => {
      const sent = [...journal].find(([kind, , , , , body]) =>
        kind === "send" && body.type === "broadcast" &&
        body.message === value
      )!;
      return sent[1] - time - origin!;
    });
    assert(times.length > 20);
    assert(
      times.every((time) => time >= 0),
      "no request before its operation",
    );
    assert(Math.min(...times) < 1e6, `${Math.min(...times)} ns`);
  }),
);

Deno.test(
  "a folder without a history, or that is no run, is told of in a sentence",
  needs("read", "write"),
  inFolder(async (folder) => {
    await assertRejects(
      () => loadRecording(folder),
      Error,
      "name the folder of one run",
    );
    await Deno.writeTextFile(join(folder, "jepsen.log"), "x\ntest -w echo\n");
    await assertRejects(
      () => loadRecording(folder),
      Error,
      "it has not ended yet, or was interrupted",
    );
    await Deno.rename(join(folder, "jepsen.log"), join(folder, "history.edn"));
    await assertRejects(
      () => loadRecording(folder),
      Error,
      "name the folder of a whole run",
    );
  }),
);

Deno.test(
  "a history that is cut short, or is something else, is told of with the line",
  needs("read", "write"),
  inFolder(async (folder) => {
    const golden = await loadRecording(join(DIRECTORY, "echo-ok.json.gz"));
    await keepAsMaelstrom(folder, golden);
    const file = join(folder, "history.edn");
    const lines = (await Deno.readTextFile(file)).split("\n");
    for (
      const broken of [lines[2]!.slice(0, 40), "; words", "7", "nil", "{}"]
    ) {
      const text = [...lines.slice(0, 2), broken].join("\n");
      await Deno.writeTextFile(file, text);
      await assertRejects(
        () => loadRecording(folder),
        Error,
        "line 3 of its history.edn is no operation",
      );
    }
  }),
);

Deno.test(
  "a journal that is cut short or missing is told of; ends of lines may be CR LF",
  needs("read", "write"),
  inFolder(async (folder) => {
    const golden = await loadRecording(join(DIRECTORY, "echo-ok.json.gz"));
    await keepAsMaelstrom(folder, golden);
    const notes = async () =>
      judge(await loadRecording(folder)).strict.notes
        .filter(({ type }) => type === "journal-cut")
        .flatMap(({ because }) => because);
    assertEquals(await notes(), []);
    const cut = async (name: string, length: number) => {
      const file = join(folder, "net-journal", name);
      const bytes = await Deno.readFile(file);
      await Deno.writeFile(file, bytes.subarray(0, length));
    };
    for (const name of ["history.edn", "jepsen.log", "results.edn"]) {
      const file = join(folder, name);
      const text = await Deno.readTextFile(file);
      await Deno.writeTextFile(file, text.replaceAll("\n", "\r\n"));
    }
    assertEquals(await notes(), []);
    await cut("0.fressian", 20);
    await cut("1.fressian", -1);
    const [first = "", second = "", ...others] = await notes();
    assertEquals(others, []);
    assertStringIncludes(
      first,
      "in the set-up: net-journal/0.fressian was cut",
    );
    assertMatch(
      second,
      /^at \d\.\d+ s: net-journal\/1\.fressian was cut short/,
    );
    await Deno.remove(join(folder, "net-journal"), { recursive: true });
    assertMatch(
      (await notes()).join(),
      /^in the set-up: there is no net-journal/,
    );
  }),
);

Deno.test(
  "a run whose analysis did not end, or broke off, is judged; one that broke off before is not",
  needs("read", "write"),
  inFolder(async (folder) => {
    const golden = await loadRecording(join(DIRECTORY, "echo-ok.json.gz"));
    await keepAsMaelstrom(folder, golden);
    await Deno.remove(join(folder, "results.edn"));
    const file = join(folder, "jepsen.log");
    const before = await Deno.readTextFile(file);
    const entry = (text: string) =>
      `2026-01-01 10:00:00,000{GMT}\tINFO\t[main] jepsen.core: ${text}\n`;
    const verdicts = async (...entries: string[]) => {
      await Deno.writeTextFile(file, before + entries.map(entry).join(""));
      const { results, strict } = judge(await loadRecording(folder));
      return [results["valid?"], strict["valid?"]];
    };
    const [analysis, crash] = ["Analyzing...", "Test crashed!\njava.x: heap"];
    const said = "of a node: jepsen.core: Analyzing...";
    assertEquals(await verdicts(analysis), [true, true]);
    assertEquals(await verdicts(analysis, crash), [true, true]);
    assertEquals(await verdicts(crash), ["unknown", false]);
    assertEquals(await verdicts(said), ["unknown", false]);
    assertEquals(await verdicts(), ["unknown", false]);
  }),
);

Deno.test(
  "a run that did not get through its set-up is judged by what its log says",
  needs("read", "write"),
  inFolder(async (folder) => {
    const entry = (thread: string, text: string) =>
      `2026-01-01 10:00:00,000{GMT}\tWARN\t[${thread}] a.b: ${text}\n`;
    const log = entry("main", "Command line:\nlein run test -w echo") +
      entry(
        "n1 stdout",
        "Error!\nclojure.lang.ExceptionInfo: Node n1 printed a line to STDOUT which was not well-formed JSON:\nhello\nDid you mean to encode this line as JSON?\n\tat a.b(c.clj:1)",
      ) +
      entry(
        "main",
        "Test crashed!\nclojure.lang.ExceptionInfo: Expected node n1 to respond to an init message, but node did not respond.\n\tat a.b(c.clj:1)",
      );
    await Deno.writeTextFile(join(folder, "jepsen.log"), log);
    const { results, strict } = judge(await loadRecording(folder));
    assertEquals(results["valid?"], "unknown");
    assertEquals(strict.anomalies, [
      {
        type: "protocol-violation",
        because: [
          "in the set-up: n1: it wrote a line that is not JSON: hello; Maelstrom never heard it again",
        ],
      },
      {
        type: "setup-failed",
        because: [
          "in the set-up: Maelstrom gave up: Expected node n1 to respond to an init message, but node did not respond.",
        ],
      },
    ]);
  }),
);

Deno.test(
  "results and history are EDN as Maelstrom writes it",
  needs("read"),
  async () => {
    const name = join(DIRECTORY, "ids-central.json.gz");
    const judged = judge(await loadRecording(name));
    const files = Object.fromEntries(
      maelstromFiles(judged, "test -w unique-ids")
        .map(([name, texts]) => [name, [...texts].join("")]),
    );
    assertStringIncludes(files["results.edn"]!, ":valid? false");
    assertStringIncludes(files["results.edn"]!, ":by-f {:generate {");
    const lines = files["history.edn"]!.split("\n");
    assertStringIncludes(
      lines[0]!,
      ":process :nemesis, :f :start-partition, :value :one}",
    );
    assertStringIncludes(
      files["history.edn"]!,
      '[:isolated {"n0" #{"n1" "n2"}',
    );
    assertStringIncludes(
      files["history.edn"]!,
      ':error [:temporarily-unavailable "deliberate"]',
    );
    assertEquals(files["jepsen.log"]!.split("\n")[1], "test -w unique-ids");
  },
);
