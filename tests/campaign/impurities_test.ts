/** What a guest uses of the machine, and where its module holds state. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ImpurityWatch } from "../../lib/workbench/campaign/impurities.ts";
import { simulate } from "../../lib/workbench/campaign/simulate.ts";
import { stateIn } from "../../lib/workbench/campaign/module-state.ts";
import { readSimulate } from "../../lib/workbench/commands/simulate.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";

Deno.test("lines that hold state are told from constants and from lines that only look alike", () => {
  const source = `const limit = 5;
let next = 0;
const seen = new Set<number>();
const table = { a: 1 };
/* let old = 1; old++; */
export let last: string | undefined;
const byKey: Record<string, number> = {};
function f(node) {
  let inner = 0;
  inner++;
  if (next === 3 || table.a === 1) next += limit;
  seen.add(inner); last = "x"; byKey["k"] = 1;
  const own = { next: 1 };
}`;
  assertEquals(
    stateIn(source).map((line) => Number.parseInt(line)),
    [2, 3, 6, 7],
  );
});

Deno.test("what a guest prints does not end its node where stderr is full", () => {
  const { error } = console;
  console.error = () => {
    throw new Error("No space left on device");
  };
  try {
    const full = console.error;
    const watch = new ImpurityWatch("file:///node.ts");
    for (const name of ["log", "info", "debug", "warn", "error"] as const) {
      console[name]("something");
    }
    watch.stop();
    assertEquals(console.error, full);
  } finally {
    console.error = error;
  }
});

Deno.test(
  "what a guest uses is found whatever its folder is called, and named with its line",
  needs("read", "write"),
  inFolder(async (folder) => {
    const guest = `${folder}/a (b) 100% ü[1] c#? d.ts`;
    await Deno.writeTextFile(
      guest,
      `export default (node) => {
  node.on("echo", ({ echo }) => ({ echo: Date.now() && echo }));
};`,
    );
    const args = [guest, "-w", "echo", "--time-limit", "1"];
    const { simulation } = await readSimulate(args);
    const { strict } = await simulate({ ...simulation, seed: 1 });
    const [said] = strict.anomalies[0]!.because;
    assertEquals(said!.split(" uses ")[0], `${guest}:2:47`);
  }),
);

Deno.test(
  "a program that waits for a thread is told that a simulation has none, and none is started",
  needs("read"),
  async () => {
    const { Worker: real } = globalThis;
    let started = 0;
    const counted = class extends real {
      constructor(...what: ConstructorParameters<typeof real>) {
        started++;
        super(...what);
      }
    };
    globalThis.Worker = counted;
    const guest = new URL("../fixtures/guests/threads.ts", import.meta.url);
    const args = [guest.pathname, "-w", "echo", "--time-limit", "1"];
    const { simulation } = await readSimulate(args);
    const { strict } = await simulate({ ...simulation, seed: 1 })
      .finally(() => {
        assert(globalThis.Worker === counted, "all is as it was");
        globalThis.Worker = real;
      });
    assertEquals(started, 0);
    const [impure] = strict.anomalies;
    assertEquals(impure!.type, "impure-program");
    assertMatch(
      impure!.because[0]!,
      /guests\/threads\.ts:13:\d+ uses Worker, .* in real time, with test --bin$/,
    );
  },
);
