import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { parseResults } from "../../lib/workbench/maelstrom/edn.ts";
import { figuresIn } from "../../lib/workbench/checkers/figures.ts";
import {
  commandLine,
  findMaelstrom,
  readResults,
  runMaelstrom,
} from "../../lib/workbench/maelstrom/real.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";

const fixture = new URL("../fixtures/results.edn", import.meta.url);

/** A stand-in for Maelstrom: a shell script of these lines. */
async function script(path: string, ...lines: string[]): Promise<string> {
  await Deno.writeTextFile(path, ["#!/bin/sh", ...lines, ""].join("\n"));
  await Deno.chmod(path, 0o755);
  return path;
}

/** A run of echo-1 by a Maelstrom. */
function runEcho(maelstrom: string, folder: string, flags = {}) {
  const node = { bin: "bin/echo-1", args: [] };
  return runMaelstrom(maelstrom, "echo", flags, node, folder);
}

/** Lines that leave results, as Maelstrom does: in a folder of their own, with a link to the latest. */
function leave(run: string, edn: string): string[] {
  return [
    `mkdir -p store/echo/${run}`,
    `cat > store/echo/${run}/results.edn <<'END'`,
    edn,
    "END",
    `ln -sfn echo/${run} store/latest`,
  ];
}

Deno.test(
  "results.edn becomes JSON in the form of our own results",
  needs("read"),
  () => {
    const results = parseResults(Deno.readTextFileSync(fixture));
    assertEquals(results["valid?"], "unknown");
    assertEquals(results.net, {
      all: {
        "send-count": 26,
        "recv-count": 26,
        "msg-count": 26,
        "msgs-per-op": 2.6,
      },
      clients: { "send-count": 26, "recv-count": 26, "msg-count": 26 },
      servers: {
        "send-count": 0,
        "recv-count": 0,
        "msg-count": 0,
        "msgs-per-op": 0,
      },
      "valid?": true,
    });
    assertEquals(results.workload, {
      "worst-stale": [{
        element: 14,
        outcome: "stable",
        known: {
          index: 48,
          time: 739454266,
          type: "ok",
          process: 23,
          f: "add",
          value: 14,
        },
        "lost-latency": null,
      }],
      "never-read": [],
      lost: [1, 3, 20],
      "stable-latencies": {
        "0": 0,
        "0.5": 384,
        "0.95": 550,
        "0.99": 555,
        "1": 559,
      },
      duplicated: { "[1,2]": 2, 'a "quoted" ##NaN': 3 },
      range: ["n0-1", "n2-99"],
      mean: 6.5,
      "ratio-like-symbol": "a/b",
      error: {
        cause: "boom",
        via: [{
          type: "java.lang.ClassCastException",
          at: ["clojure.core$compare", "invoke", "core.clj", 1],
        }],
      },
      worst: null,
      best: null,
      big: 123456789012,
      when: "2020-01-02T03:04:05.000-00:00",
      letter: "a",
      "valid?": "unknown",
    });
  },
);

Deno.test(
  "the figures Maelstrom takes are found in its results",
  needs("read"),
  () => {
    const results = parseResults(Deno.readTextFileSync(fixture));
    assertEquals(figuresIn({ ...results, "valid?": "unknown" }), {
      "servers.msgs-per-op": 0,
      "all.msgs-per-op": 2.6,
      availability: 0.9,
      "stable-latency.median-ms": 384,
      "stable-latency.max-ms": 559,
    });
  },
);

Deno.test("results that are cut short, empty, or no map are refused", () => {
  for (
    const broken of ["", "{:valid? true", "[1 2]", "oops", "{:a {:b 1} :c"]
  ) {
    assertThrows(() => parseResults(broken), Error, "complete EDN map", broken);
  }
});

Deno.test(
  "a results file without verdict, or none at all, is refused by name",
  needs("read", "write"),
  inFolder(async (folder) => {
    const file = join(folder, "results.edn");
    assertThrows(() => readResults(file), Error, `Cannot read ${file}: `);
    await Deno.writeTextFile(file, "{:net {}}");
    assertThrows(
      () => readResults(file),
      Error,
      `Cannot read ${file}: it has no verdict`,
    );
  }),
);

Deno.test("flags become Maelstrom's command line, switches without a value", () => {
  const flags = {
    "node-count": 3,
    nemesis: "partition",
    "log-stderr": true,
    "log-net-send": false,
    latency: undefined,
  };
  assertEquals(
    commandLine("echo", flags).join(" "),
    "-w echo --node-count 3 --nemesis partition --log-stderr",
  );
});

Deno.test(
  "Maelstrom is found by MAELSTROM, in maelstrom/, and on the path, in this order",
  needs("read", "write"),
  inFolder(async (folder) => {
    assertEquals(findMaelstrom({}, folder), undefined);

    await Deno.mkdir(join(folder, "on-path"));
    const onPath = await script(join(folder, "on-path/maelstrom"));
    const PATH = `/nowhere::${folder}/on-path`;
    assertEquals(findMaelstrom({ PATH }, folder), onPath);

    await Deno.mkdir(join(folder, "maelstrom"));
    const unpacked = await script(join(folder, "maelstrom/maelstrom"));
    assertEquals(findMaelstrom({ PATH, MAELSTROM: "" }, folder), unpacked);

    await Deno.mkdir(join(folder, "named"));
    const named = await script(join(folder, "named/maelstrom"));
    for (const MAELSTROM of ["named", "named/maelstrom", `${folder}/named`]) {
      assertEquals(findMaelstrom({ PATH, MAELSTROM }, folder), named);
    }

    const none = { PATH, MAELSTROM: "none" };
    assertEquals(findMaelstrom(none, folder), undefined);
    assertThrows(
      () => findMaelstrom({ PATH, MAELSTROM: "nowhere" }, folder),
      Error,
      "Cannot use MAELSTROM=nowhere",
    );
  }),
);

const processes = needs("read", "write", "env", "run");

Deno.test(
  "Maelstrom gets the flags and the program's full path, and its verdict is read",
  processes,
  inFolder(async (folder) => {
    const edn = await Deno.readTextFile(fixture);
    const maelstrom = await script(
      join(folder, "fake"),
      `echo "$@" > arguments`,
      ...leave("first", edn),
      "exit 2",
    );
    const flags = { "node-count": 1, "time-limit": 10 };
    const { results, storeDir } = await runEcho(maelstrom, folder, flags);
    assertEquals(results["valid?"], "unknown");
    assertEquals(storeDir, join(folder, "store/echo/first"));
    assertEquals(
      (await Deno.readTextFile(join(folder, "arguments"))).trim(),
      `test -w echo --node-count 1 --time-limit 10 --bin ${folder}/bin/echo-1`,
    );
  }),
);

Deno.test(
  "a Maelstrom that aborts gives no verdict but an error that says so",
  processes,
  inFolder(async (folder) => {
    for (const status of [255, 254, 137]) {
      const maelstrom = await script(join(folder, "fake"), `exit ${status}`);
      await assertRejects(
        () => runEcho(maelstrom, folder),
        Error,
        `Cannot judge bin/echo-1: Maelstrom broke off with status ${status}`,
      );
    }
  }),
);

Deno.test(
  "results of an earlier run are not taken for those of this one",
  processes,
  inFolder(async (folder) => {
    const run = (maelstrom: string) => runEcho(maelstrom, folder);
    const leaving = leave("first", "{:valid? true}");
    const first = await run(await script(join(folder, "one"), ...leaving));
    assertEquals(first.results["valid?"], true);
    const silent = await script(join(folder, "two"), "exit 0");
    await assertRejects(
      () => run(silent),
      Error,
      "Cannot read Maelstrom's results: it ended with status 0 and left no ",
    );
  }),
);

Deno.test(
  "broken results of a run are an error that names the file",
  processes,
  inFolder(async (folder) => {
    const leaving = leave("first", "{:valid? tr");
    const maelstrom = await script(join(folder, "fake"), ...leaving);
    await assertRejects(
      () => runEcho(maelstrom, folder),
      Error,
      "results.edn: it is not one complete EDN map",
    );
  }),
);
