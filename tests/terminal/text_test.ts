/** Findings as a terminal shows them: whole sentences, and a count of what is left out. */
import { assert, assertEquals } from "@std/assert";
import {
  anomalyLines,
  harmless,
  lastPart,
  moreText,
  shorter,
  stderrText,
} from "../../lib/workbench/terminal/text.ts";

Deno.test("a sentence is cut at a word, with an ellipsis, and left alone if it fits", () => {
  assertEquals(shorter("all of it", 9), "all of it");
  assertEquals(shorter("value 12 was acknowledged", 14), "value 12 was…");
  assertEquals(shorter("x".repeat(50), 10), `${"x".repeat(9)}…`);
});

Deno.test("progress leaves room at the end of a terminal's line, and shows what changes", () => {
  const text = "./my/long/path.ts: 3 of 20 seeds";
  assertEquals(lastPart(text, text.length + 1), text);
  assertEquals(lastPart(text, text.length), `…${text.slice(2)}`);
  assertEquals(lastPart(text, 10), "…20 seeds");
  assertEquals(lastPart(text, Infinity), text);
});

Deno.test("sentences left out of a finding are counted, including those the judge left out", () => {
  assertEquals(moreText(["a", "b"], 2), []);
  assertEquals(moreText(["a", "b", "c", "d"], 2), [
    "... and 2 more of this kind",
  ]);
  const counted = ["a", "b", "c", "... and 40 more of this kind"];
  assertEquals(moreText(counted, 2), ["... and 41 more of this kind"]);
  counted.push("... and more than 9992 more of this kind");
  assertEquals(moreText(counted, 4), [counted.at(-1)]);
  const because = Array.from({ length: 9 }, (_, i) => `sentence ${i}`);
  const lines = anomalyLines([{ type: "lost-value", because }]);
  assertEquals(lines.length, 6);
  assertEquals(lines.at(-1), "    ... and 5 more of this kind");
  assert(lines.every((line) => line.startsWith("  ")));
});

Deno.test("the text says that nodes wrote to stderr, and where to find it", () => {
  assertEquals(stderrText([], "store/x"), []);
  assertEquals(stderrText(["n0", "n2"], "store/x"), [
    "n0, n2 wrote to stderr: store/x/node-logs/",
  ]);
  assertEquals(stderrText(["n2", "n0"], "s"), [
    "n0, n2 wrote to stderr: s/node-logs/",
  ]);
  const many = ["n0", "n1", "n2", "n3"];
  assertEquals(stderrText(many, "s"), [
    "4 nodes wrote to stderr: s/node-logs/",
  ]);
});

Deno.test("what a node wrote cannot control the terminal", () => {
  const red = "\x1b[0m\x1b[31mboom\x1b[39;49m at\tline 1\nover";
  assertEquals(harmless(red), "boom at\tline 1\nover");
  assertEquals(harmless("\x1b]0;title\x07a\x1b]8;;x\x1b\\b"), "ab");
  assertEquals(harmless("\x1b[2J\0\x08\r\x7f\x9b31m\x1b"), "␀␈␍␡␡31m␛");
  assertEquals(harmless("ü 😀 “quoted”"), "ü 😀 “quoted”");
  const because = ["n0 wrote: \0\0\x1b[2J"];
  assertEquals(anomalyLines([{ type: "protocol-violation", because }]), [
    "  protocol-violation",
    "    n0 wrote: ␀␀",
  ]);
});

Deno.test("of quoted lines each is cut, and none hides those after it", () => {
  const because = [`n0 exited:\n  ${"x".repeat(1_000)}\n  panic: why`];
  const [, head, long, why] = anomalyLines([{ type: "process-exit", because }]);
  assertEquals(head, "    n0 exited:");
  assertEquals(long!.length, 404);
  assertEquals(why, "      panic: why");
});
