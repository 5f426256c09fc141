/** What a report says of a run and of its drawings holds for this run. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import type {
  Incident,
  JournalEvent,
  Op,
  Recording,
} from "../../lib/workbench/history/history.ts";
import { Journal } from "../../lib/workbench/world/journal.ts";
import { drawPlots, plotsOf } from "../../lib/workbench/report/plots.ts";
import { reportHtml } from "../../lib/workbench/report/report.ts";
import { typeColour } from "../../lib/workbench/report/spacetime.ts";
import { cutLabel } from "../../lib/workbench/report/timeline.ts";
import { setUpText } from "../../lib/workbench/report/words.ts";
import { needs } from "../fixtures/permitted.ts";

const draws = needs("read", "env", "sys");

/** An operation that is invoked at a time, in seconds, and ends 1 ms later, if at all. */
function operation(
  at: number,
  f: string,
  value: Op["value"],
  type: Op["type"] | "open" = "ok",
): Op[] {
  const op = { index: 0, process: 0, f, value };
  const invocation = { ...op, time: at * 1e9, type: "invoke" } as const;
  return type === "open"
    ? [invocation]
    : [invocation, { ...op, time: at * 1e9 + 1e6, type }];
}

/** A recording of two nodes that broadcast. */
function recorded(ops: Op[], more: Partial<Recording> = {}): Recording {
  return {
    workload: "broadcast",
    options: { "node-count": 2, "time-limit": 1, rate: 10 },
    history: ops.map((op, index) => ({ ...op, index })),
    journal: new Journal(),
    journalOrigin: 0,
    ...more,
  };
}

function incident(type: Incident["type"], node: string, text: string) {
  return { type, node, text, time: 5e8 };
}

/** A message between nodes at a time, in seconds. */
function sent(at: number, type: string): JournalEvent[] {
  return (["send", "recv"] as const)
    .map((
      kind,
    ) => [kind, at * 1e9, Math.round(at * 1e3), "n0", "n1", { type }]);
}

/** What a vega-lite specification says, somewhere inside it, under a name. */
function said(spec: unknown, name: string): unknown[] {
  if (typeof spec !== "object" || spec === null) return [];
  return Object.entries(spec).flatMap(([key, value]) =>
    key === name ? [value] : said(value, name)
  );
}

const one = [...operation(0.1, "broadcast", 1), ...operation(0.2, "read", [1])];

Deno.test("the stable latencies that are drawn are those of the figures, without what a kill excuses", () => {
  const ops = [
    ...one,
    ...operation(0.3, "read", []),
    ...operation(0.4, "read", [1]),
  ];
  const recording = recorded(ops);
  const held = recording.history.map((op): Op =>
    op.index === 5 ? { ...op, type: "info" } : op
  );
  const drawn = (history: readonly Op[]) => {
    const plot = plotsOf({ recording, held: history }, [])
      .find(({ title }) => title.startsWith("Stable"))!;
    return said(plot.spec, "domainMax");
  };
  assertEquals(drawn(recording.history), [199]);
  assertEquals(drawn(held), [1]);
});

Deno.test("a run of which kills excuse everything still has its figures", () => {
  const ops = operation(0.1, "txn", [["w", 1, 1]]);
  const recording = recorded(ops, {
    workload: "txn-rw-register",
    program: "txn-6c",
    incidents: ["n0", "n1"].map((node) => incident("kill", node, "")),
  });
  const { results, figures, held } = judge(recording);
  assertEquals(held.filter(({ type }) => type === "ok"), []);
  assertEquals(results["valid?"], true);
  assertEquals(figures["availability"], 1);
  assertEquals(figures["servers.msgs-per-op"], 0);
});

Deno.test("what is told of the nemesis is what it did", () => {
  const options = { "node-count": 2, nemesis: "kill,pause,partition" };
  const partition = (value: Op["value"]): Op => ({
    ...{ index: 0, time: 1e8, type: "info", process: "nemesis" },
    ...{ f: "start-partition", value },
  });
  const nothing = setUpText(recorded(
    [partition(["isolated", { n0: [], n1: [] }])],
    { options },
  ));
  assertMatch(nothing, /no partition cut off a node/);
  assertMatch(nothing, /killed, but none was.*paused, but none was/);
  const much = setUpText(recorded(
    [partition(["isolated", { n0: ["n1"], n1: ["n0"] }])],
    { options, incidents: [incident("kill", "n0", "n0 was killed")] },
  ));
  assertMatch(much, /killed 1 time .*partitioned 1 time\./);
});

Deno.test(
  "a report of a mutant does not say that it is the program in whose place it runs",
  draws,
  async () => {
    const program = "broadcast-3a";
    const page = (label: string) =>
      reportHtml(judge(recorded(one, { program, label })));
    const itself = await page(program),
      mutant = await page("broadcast-doubles");
    assertStringIncludes(itself, "one node, one set");
    assertStringIncludes(itself, "This program promises");
    assert(!mutant.includes("one node, one set"));
    assertStringIncludes(mutant, "in place of broadcast-3a");
  },
);

Deno.test(
  "what is drawn is explained, and what is not is not",
  draws,
  async () => {
    const plain = await reportHtml(judge(recorded(one)));
    const incidents = [
      incident("kill", "n0", "n0 was killed"),
      incident("kill", "n1", "n1 was killed"),
    ];
    const open = operation(0.3, "read", null, "open");
    const full = await reportHtml(judge(recorded([...one, ...open], {
      incidents,
    })));
    for (
      const words of [
        "as triangles, the incidents",
        "A broad bar",
        "</i>never ended",
      ]
    ) {
      assert(!plain.includes(words), words);
      assertStringIncludes(full, words);
    }
    assertStringIncludes(full, "</a>: n0 was killed; n1 was killed</li>");
  },
);

Deno.test(
  "a checker that could not tell has found nothing wrong, and no link is spoken of where there is none",
  draws,
  async () => {
    const page = await reportHtml(judge(recorded(operation(0, "read", []))));
    assertMatch(
      page,
      /<article class="finding note">\s*<h3>Maelstrom's checker “workload”: unknown/,
    );
    assert(!page.includes("Each link"));
  },
);

Deno.test("types of messages have one colour in all drawings, and a storm is drawn to its end", () => {
  const journal = new Journal();
  for (const event of [...sent(0.1, "a"), ...sent(7.5, "b")]) {
    journal.push(event);
  }
  const recording = recorded(one, { journal });
  const plots = plotsOf({ recording, held: recording.history }, ["b", "a"]);
  const messages = plots.at(-1)!;
  assertEquals(said(messages.spec, "range"), [[typeColour(0), typeColour(1)]]);
  const domains = said(messages.spec, "domain") as unknown[][];
  assert(domains.some((domain) => `${domain}` === "b,a"), `${domains}`);
  assert(domains.some(([, end]) => Number(end) >= 7.5), `${domains}`);
});

Deno.test(
  "plots show the page behind them, and every power of ten on an axis of latencies",
  draws,
  async () => {
    const slow = [0, 1, 2, 3, 4, 5].flatMap((power) => {
      const [asked, answered] = operation(0, "read", [1]);
      return [asked!, { ...answered!, time: 10 ** power * 1e5 }];
    });
    const recording = recorded(slow);
    const plots = plotsOf({ recording, held: recording.history }, []);
    for (const drawn of await drawPlots(plots)) {
      assert("svg" in drawn);
      assert(!/<rect[^>]*fill="white"/.test(drawn.svg));
    }
    const [latencies] = await drawPlots(plots);
    const { svg } = latencies as { svg: string };
    for (const label of ["0.1", "1", "10", "100", "1,000", "10,000"]) {
      assertStringIncludes(svg, `>${label}</text>`);
    }
  },
);

Deno.test(
  "a rate is drawn even where there is one moment of it",
  draws,
  async () => {
    const recording = recorded(operation(0, "read", []));
    const drawn = await drawPlots(
      plotsOf({ recording, held: recording.history }, []),
    );
    const [, , rate] = drawn as { svg: string }[];
    assert(rate!.svg.includes('class="mark-symbol role-mark'));
  },
);

Deno.test("the name of an operation is not cut", () => {
  assertEquals(cutLabel("poll {}", "poll", 9), "poll {}");
  assertEquals(cutLabel("poll [[1,2]]", "poll", 9), "poll [[1…");
  assertEquals(cutLabel("poll [[1,2]]", "poll", 5), "poll");
});

Deno.test("the twelve types of messages of a consensus have twelve colours", () => {
  const colours = Array.from({ length: 12 }, (_, i) => typeColour(i));
  assertEquals(new Set(colours).size, 12);
});
