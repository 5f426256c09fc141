import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Card,
  cardText,
  failures,
  type Outcome,
} from "../../lib/workbench/terminal/card.ts";
import type { Validity } from "../../lib/workbench/checkers/verdict.ts";
import {
  figureText,
  isMet,
  type Limit,
  limitText,
} from "../../lib/workbench/scenarios/limits.ts";

const median = "stable-latency.median-ms";
const S = "servers.msgs-per-op";

const limits = {
  official: [{ figure: S, below: 30 }, { figure: median, below: 400 }],
  ours: [{ figure: "availability", atLeast: 1 }, { figure: S, atMost: 1.05 }],
} satisfies Card["limits"];

const good: Outcome = {
  faithful: true,
  strict: { "valid?": true, anomalies: [], notes: [] },
  figures: { [S]: 1.05, [median]: 399.9, availability: 1 },
};

function cardOf(outcome: Outcome): Card {
  return {
    title: "broadcast-3d: gather at a hub, scatter",
    flags: "-w broadcast --node-count 25 --rate 100",
    ranBy: "workbench",
    limits,
    outcome,
  };
}

Deno.test("a limit excludes its bound below it and includes it otherwise", () => {
  const cases: [Limit, number | undefined, boolean][] = [
    [{ figure: S, below: 30 }, 29.99, true],
    [{ figure: S, below: 30 }, 30, false],
    [{ figure: S, atMost: 1.05 }, 1.05, true],
    [{ figure: S, atMost: 1.05 }, 1.0501, false],
    [{ figure: "availability", atLeast: 1 }, 1, true],
    [{ figure: "availability", atLeast: 1 }, 0.9999, false],
    [{ figure: S, atLeast: 1, below: 2 }, 2, false],
    [{ figure: S, atMost: 0 }, 0, true],
    [{ figure: S, atMost: 1 }, undefined, false],
    [{ figure: S, atMost: 1 }, NaN, false],
  ];
  for (const [limit, value, met] of cases) {
    assertEquals(isMet(limit, value), met, `${limitText(limit)}: ${value}`);
  }
});

Deno.test("a figure near its limit is not rounded onto it", () => {
  assertEquals(figureText(1.0504), "1.0504");
  assertEquals(figureText(0.99995), "0.99995");
  assertEquals(figureText(26.314816), "26.315");
  assertEquals(figureText(17000), "17000");
});

Deno.test("a run passes when both judges say valid and every limit is kept", () => {
  assertEquals(failures(good, limits), []);
  assertStringIncludes(cardText(cardOf(good)), "PASSED");
});

Deno.test("a run fails when either judge says anything but valid", () => {
  const verdicts: Validity[] = [false, "unknown"];
  for (const verdict of verdicts) {
    assertEquals(failures({ ...good, faithful: verdict }, limits).length, 1);
    const strict = { "valid?": verdict, anomalies: [], notes: [] };
    assertEquals(failures({ ...good, strict }, limits).length, 1);
  }
});

Deno.test("a run fails for each limit it misses, official or ours", () => {
  const figures = { ...good.figures, [S]: 30, availability: 0.98 };
  assertEquals(failures({ ...good, figures }, limits), [
    "servers.msgs-per-op is 30, the official limit is < 30",
    "availability is 0.98, our limit is >= 1",
    "servers.msgs-per-op is 30, our limit is <= 1.05",
  ]);
});

Deno.test("a figure that was not measured misses its limit, unless what ran the test never measures it", () => {
  const figures = { [S]: 1, availability: 1 };
  assertEquals(failures({ ...good, figures }, limits), [
    "stable-latency.median-ms was not measured, the official limit is < 400",
  ]);
  const notTaken = new Set([median] as const);
  const open = { ...good, figures, notTaken };
  assertEquals(failures(open, limits), []);
  assertStringIncludes(cardText(cardOf(open)), "< 400 ?");
});

Deno.test("a card names the program, its flags, the verdicts and the figures", () => {
  const text = cardText(cardOf(good));
  for (
    const part of [
      "broadcast-3d: gather at a hub, scatter",
      "-w broadcast --node-count 25 --rate 100",
      "Maelstrom's verdict  valid",
      "strict verdict       valid",
      "< 30 ✓",
      "<= 1.05 ✓",
      "399.9",
    ]
  ) assertStringIncludes(text, part);
});

Deno.test("a card fits a screen of 80 columns and 24 lines however much went wrong", () => {
  const anomalies = Array.from({ length: 40 }, (_, i) => ({
    type: `lost-value-${i}`,
    because: Array(9).fill("Value 17 was acknowledged and then never seen. "),
  }));
  const strict = { "valid?": false as const, anomalies, notes: anomalies };
  const lines = cardText(cardOf({ ...good, faithful: false, strict })).split(
    "\n",
  );
  assert(lines.length <= 25, `${lines.length} lines`);
  assertEquals(lines.filter((line) => line.length > 80), []);
  assertStringIncludes(lines.join("\n"), "and 37 more, in the report");
  assertStringIncludes(lines.join("\n"), "worth knowing: lost-value-0, ");
});

Deno.test("a reason of several lines is wrapped again, without blank lines", () => {
  const why = "n0 ended by itself; its last lines:\n  a\n\n  b";
  const text = cardText(cardOf({ ...good, faithful: "unknown", why }));
  assertStringIncludes(text, "    n0 ended by itself; its last lines: a b\n");
});

Deno.test("a finding that quotes lines is shown as far as the last of them", () => {
  const because = [`n0 exited:\n  ${"frame ".repeat(60)}\n  panic: why`];
  const anomalies = [{ type: "process-exit", because }];
  const strict = { "valid?": false as const, anomalies, notes: [] };
  assertStringIncludes(cardText(cardOf({ ...good, strict })), "panic: why\n");
});

Deno.test("a card has colours only if they are asked for", () => {
  assert(!cardText(cardOf(good)).includes("\x1b"));
  const coloured = cardText(cardOf(good), true);
  assert(coloured.includes("\x1b[32m"));
  // deno-lint-ignore no-control-regex -- the point is to strip them
  const plain = coloured.replaceAll(/\x1b\[\d+m/g, "");
  const trimmed = plain.split("\n").map((line) => line.trimEnd()).join("\n");
  assertEquals(trimmed, cardText(cardOf(good)));
});
