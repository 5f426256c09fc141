/** Files that were cut, damaged or copied by half are told of by name, with how far they go and what to do. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { readFressian } from "../../lib/workbench/maelstrom/fressian.ts";
import {
  loadRecording,
  RECORDING_FILE,
  RESULTS_FILE,
} from "../../lib/workbench/recording.ts";
import { FressianFile } from "../fixtures/fressian.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";
import { DIRECTORY } from "../fixtures/recorded.ts";

/** Why a recording cannot be loaded. */
async function refusal(path: string): Promise<string> {
  const { message } = await assertRejects(() => loadRecording(path), Error);
  return message;
}

Deno.test(
  "a gzipped recording that is cut anywhere, or damaged, is told of with what it gives",
  needs("read", "write"),
  inFolder(async (folder) => {
    const bytes = await Deno.readFile(join(DIRECTORY, "echo-ok.json.gz"));
    const path = join(folder, RECORDING_FILE);
    const damaged = bytes.slice();
    damaged[bytes.length >> 1]! ^= 0xff;
    const lengths = [2, 10, bytes.length >> 1, bytes.length - 1];
    const files = [
      ...lengths.map((length) => bytes.subarray(0, length)),
      damaged,
    ];
    for (const file of files) {
      await Deno.writeFile(path, file);
      const said = await refusal(folder);
      const gives = Number(/only (\d+) characters/.exec(said)?.[1]);
      assertEquals(gives > 0, file.length >= bytes.length >> 1, said);
      assertMatch(
        said,
        new RegExp(
          `^Cannot load recording ${path}: it is cut short or damaged: its ${file.length} bytes are not a whole gzip file, and give only \\d+ characters of text\\. Copy it again, or repeat the run$`,
        ),
      );
    }
  }),
);

Deno.test(
  "a plain recording that is cut is told of with its length, and an empty one",
  needs("read", "write"),
  inFolder(async (folder) => {
    const path = join(folder, "run.json");
    const text = '{"workload": "echo",\n"history": [\n{"index": 0}\n]}\n';
    for (const length of [1, 25, 40, text.trimEnd().length - 1]) {
      await Deno.writeTextFile(path, text.slice(0, length));
      assertMatch(
        await refusal(path),
        new RegExp(`it is cut short: it ends after ${length} characters`),
      );
    }
    for (const name of ["run.json", "run.json.gz"]) {
      await Deno.writeTextFile(join(folder, name), "");
      assertMatch(await refusal(join(folder, name)), /it is empty\. Copy/);
    }
  }),
);

Deno.test(
  "a folder of the workbench without its recording is not taken for Maelstrom's",
  needs("read", "write"),
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "history.edn"), "");
    await Deno.writeTextFile(join(folder, "jepsen.log"), "x\ntest --bin y\n");
    await Deno.writeTextFile(join(folder, RESULTS_FILE), "{}");
    assertMatch(
      await refusal(folder),
      /its recording\.json\.gz is missing, from which a run of the workbench is judged/,
    );
  }),
);

Deno.test(
  "half a results.edn, and a damaged journal, are named, with how to do without",
  needs("read", "write"),
  inFolder(async (folder) => {
    const write = (name: string, text: string) =>
      Deno.writeTextFile(join(folder, name), text);
    await write("jepsen.log", "x\ntest -w echo\n");
    await write("history.edn", "");
    await write("results.edn", "{:valid? true, :net {");
    assertMatch(
      await refusal(folder),
      /results\.edn cannot be read: .* or remove it: the run is judged without/,
    );
    await Deno.remove(join(folder, "results.edn"));
    const journal = join(folder, "net-journal");
    await Deno.mkdir(journal);
    const file = new FressianFile();
    const message = { id: 7, src: "n0", dest: "c1", body: {} };
    for (let i = 0; i < 3; i++) file.event(i, 1_000 + i, "send", message);
    const bytes = [...file.bytes, 0xd5];
    await Deno.writeFile(join(journal, "0.fressian"), Uint8Array.from(bytes));
    const { incidents = [] } = await loadRecording(folder);
    assertEquals(incidents.map(({ type }) => type), ["journal-cut"]);
    bytes.push(...Array(9).fill(0xbf));
    await Deno.writeFile(join(journal, "0.fressian"), Uint8Array.from(bytes));
    assertMatch(
      await refusal(folder),
      /net-journal\/0\.fressian is damaged after 3 events: there is .* or remove net-journal/,
    );
  }),
);

Deno.test("a Fressian file that is damaged anywhere is read to its end or refused, and fills no memory", () => {
  const file = new FressianFile();
  const body = { type: "read_ok", messages: [1, 2.5, "three", null, true] };
  for (let i = 0; i < 4; i++) {
    file.event(i, 123_456_789 + i, "recv", {
      id: i,
      src: "n0",
      dest: "c1",
      body,
    });
  }
  for (let at = 0; at < file.bytes.length; at++) {
    for (
      const byte of [0, 0x7f, 0x80, 0xbf, 0xc0, 0xd9, 0xec, 0xef, 0xf0, 0xff]
    ) {
      const bytes = file.bytes.slice();
      bytes[at] = byte;
      try {
        for (const _ of readFressian(bytes));
      } catch (error) {
        assert(error instanceof Error);
      }
    }
  }
});

Deno.test("a Fressian file with a struct of no type, or a length below 0, is refused, and one with more fields than bytes is cut", () => {
  const first = (...bytes: number[]) => () =>
    readFressian(Uint8Array.from(bytes)).next();
  assertThrows(first(0xa7), Error, "there is no type of a struct at byte 1");
  assertThrows(first(0xe3, 0x4f, 0xfd), Error, "there is no length at byte 3");
  const fields = [0x77, 0, 0, 0, 0]; // 2^32
  assertEquals(first(0xef, 0xdb, 0x78, ...fields)().done, true);
});
