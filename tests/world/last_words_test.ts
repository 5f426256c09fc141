/** What is kept and quoted of a process's stderr: what tells why it ended. */
import { assert, assertEquals } from "@std/assert";
import {
  LastWords,
  quoteLastWords,
} from "../../lib/workbench/world/last-words.ts";

function quoted(lines: string[]): string[] {
  const words = new LastWords();
  lines.forEach((line) => words.push(line));
  return quoteLastWords(words.lines);
}

const many = (line: string, count = 100) =>
  Array.from({ length: count }, (_, i) => `${line} ${i}`);

Deno.test("the last lines are quoted, each as far as it is not too long", () => {
  assertEquals(quoted(["one", "two"]), ["one", "two"]);
  assertEquals(quoted(many("line")).at(-1), "line 99");
  assertEquals(quoted(many("line")).length, 8);
  assertEquals(quoted(["x".repeat(1e5)]), [`${"x".repeat(160)}…`]);
});

Deno.test("colours are left out: they hide neither reports nor stacks, and do not count as text", () => {
  const red = (text: string) => `\x1b[0m\x1b[1m\x1b[38;5;245m${text}\x1b[0m`;
  const error = red("error") + ": Uncaught Error: odd";
  const frame = `    ${red("at")} ${red("cb")} (${red("a.ts")}:${red("4")})`;
  assertEquals(quoted([error, ...many(frame, 30)]), [
    "error: Uncaught Error: odd",
    "    at cb (a.ts:4) 0",
    "    at cb (a.ts:4) 1",
    "    at cb (a.ts:4) 2",
  ]);
  const report = "panic: odd";
  assertEquals(quoted([red(report), ...many("stack")])[0], report);
});

Deno.test("a crash is quoted from where its report begins, however long that is and whatever came before", () => {
  const reports = [
    "panic: assignment to entry in nil map",
    "fatal error: concurrent map writes",
    'Exception in thread "main" java.lang.IllegalStateException',
    "thread 'main' panicked at src/main.rs:7:5:",
    "thread 'tokio-runtime-worker' (17) panicked at src/main.rs:7:5:",
    "a.rb:3:in 'Life#hand': undefined method 'x' (NoMethodError)",
    "** (EXIT from #PID<0.94.0>) shell process exited",
  ];
  for (const report of reports) {
    const stacks = many("goroutine");
    const lines = quoted([...many("Received"), report, ...stacks]);
    assertEquals(lines, [report, ...stacks.slice(0, 7)]);
  }
});

Deno.test("the error of any language is quoted, though its stack is long", () => {
  const traces: [error: string, frame: string][] = [
    [
      "a.rb:3:in `<main>': uninitialized constant Set (NameError)",
      "\tfrom a.rb",
    ],
    ["** (RuntimeError) odd", "    (stdlib 4.2) gen_server.erl:1123: m/2,"],
    ["Fatal error: exception Not_found", "Called from Main.f in file a.ml"],
    ["Fatal error: exception Exit", "Re-raised at Stdlib.f in file a.ml"],
    ["PHP Fatal error:  Uncaught Exception: odd", "#1 a.php(3): f()"],
    ["lua: a.lua:3: attempt to call a nil value", "\ta.lua:3: in function 'f'"],
    ["Error: task 5 panicked", "  12: core::ops::call_once"],
  ];
  for (const [error, frame] of traces) {
    const lines = quoted([...many("Received"), error, ...many(frame, 30)]);
    assert(lines.includes(error), `${lines}`);
    assertEquals(lines.filter((line) => line.startsWith(frame)).length, 3);
  }
});

Deno.test("of several reports the last one is quoted, and what comes after it is not lost", () => {
  const first = ["panic: one [recovered]", ...many("goroutine")];
  assertEquals(quoted([...first, "panic: two", "the end"]), [
    "panic: two",
    "the end",
  ]);
});

Deno.test("a long stack does not hide the error above it", () => {
  const frames = many("    at Life.hand (file.ts:1)", 20);
  assertEquals(
    quoted([
      "this will not do",
      "Error: no idea",
      ...frames,
      "",
      "Node.js v20",
    ]),
    [
      "this will not do",
      "Error: no idea",
      ...frames.slice(0, 3),
      "",
      "Node.js v20",
    ],
  );
});
