/** The report of a run: what is in it, and that a browser shows it without an error. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import type { Op, Recording } from "../../lib/workbench/history/history.ts";
import { originOf } from "../../lib/workbench/checkers/origin.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { Journal } from "../../lib/workbench/world/journal.ts";
import { loadRecording } from "../../lib/workbench/recording.ts";
import { brief, cap } from "../../lib/workbench/report/cap.ts";
import { cutsOf, downsOf } from "../../lib/workbench/report/cuts.ts";
import { html, scriptJson } from "../../lib/workbench/report/html.ts";
import { flightsOf } from "../../lib/workbench/report/messages.ts";
import { momentsIn, phrases } from "../../lib/workbench/report/moments.ts";
import { REPORT_FILE, reportHtml } from "../../lib/workbench/report/report.ts";
import { scatters } from "../../lib/workbench/results/spacetime-picture.ts";
import { spacetimeSvg } from "../../lib/workbench/report/spacetime.ts";
import { timelineSvg } from "../../lib/workbench/report/timeline.ts";
import { viewOf } from "../../lib/workbench/report/view.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";

/** Tests that read recordings, and draw plots: vega looks at the environment. */
const readsAndDraws = needs("read", "env");

/** Tests that start other programs. */
const starts = needs("read", "write", "env", "run", "sys", "net");

function golden(label: string): Promise<Recording> {
  const file = `${label}.json.gz`;
  return loadRecording(join(import.meta.dirname!, "..", "golden", file));
}

/** Echo operations, one every 10 ms, and their messages. */
function echoes(count: number): Recording {
  const history: Op[] = [], journal = new Journal();
  for (let i = 0; i < count; i++) {
    const time = i * 1e7, done = time + 1e6;
    const op = { process: 0, f: "echo", value: `</script>${i}` };
    history.push({ index: 2 * i, time, type: "invoke", ...op });
    history.push({ index: 2 * i + 1, time: done, type: "ok", ...op });
    const asked = { type: "echo", msg_id: i }, reply = { type: "echo_ok" };
    journal.push(["send", time, 2 * i, "c0", "n0", asked]);
    journal.push(["recv", time, 2 * i, "c0", "n0", asked]);
    journal.push(["send", done, 2 * i + 1, "n0", "c0", reply]);
    journal.push(["recv", done, 2 * i + 1, "n0", "c0", reply]);
  }
  return {
    workload: "echo",
    options: { "node-count": 1, "time-limit": count / 100, rate: 100 },
    history,
    journal,
    journalOrigin: 0,
  };
}

function nemesis(f: string, seconds: number, value: Op["value"]): Op {
  const time = seconds * 1e9;
  return { index: 0, time, type: "info", process: "nemesis", f, value };
}

Deno.test("templates escape what is put in, but not what is HTML already", () => {
  const inner = html`<b>${"a & b"}</b>`;
  const outer = html`
    <p title="${'"'}">${[inner, "<i>", null, 5]}</p>
  `;
  assertEquals(
    outer.text,
    '<p title="&#34;"><b>a &#38; b</b>&#60;i&#62;5</p>',
  );
  assertEquals(html`${" kept "}`.text, " kept ");
});

Deno.test("no value of a run can end the script element that holds it", () => {
  const json = scriptJson({ value: "</script><script>alert(1)" }).text;
  assertEquals(json.includes("<"), false);
  assertEquals(JSON.parse(json).value, "</script><script>alert(1)");
});

Deno.test("moments in a judge's sentence become links, durations do not", () => {
  const sentence =
    "read of process 12 at 4.012 s lacks 7, acknowledged to process 3 at 1.500 s: 2 s later, after 2.244 s";
  assertEquals(phrases(sentence), [
    { text: "read of process 12 at " },
    { text: "4.012 s", moment: { at: 4.012, process: 12 } },
    { text: " lacks 7, acknowledged to process 3 at " },
    { text: "1.500 s", moment: { at: 1.5, process: 3 } },
    { text: ": 2 s later, after 2.244 s" },
  ]);
});

Deno.test("a moment belongs to the node named before it, if no process is named", () => {
  const links = phrases("acknowledged at 1.500 s, read of n3 at 2.000 s")
    .flatMap(({ moment }) => moment ?? []);
  assertEquals(links, [{ at: 1.5 }, { at: 2, node: "n3" }]);
});

Deno.test("places in the history become links to their operations", () => {
  const { history } = echoes(2);
  assertEquals(phrases("T1 (index 3, process 0) and (index 99)", history), [
    { text: "T1 (" },
    { text: "index 3", moment: { at: 0.011, process: 0 } },
    { text: ", process 0) and (index 99)" },
  ]);
});

Deno.test(
  "thousands of types of messages, each long, make no large page",
  readsAndDraws,
  async () => {
    const recording = echoes(1), journal = new Journal();
    for (let i = 0; i < 5_000; i++) {
      const body = { type: `type ${i} ${"x".repeat(2_000)}` };
      journal.push(["send", i * 1e3, i, "n0", "n1", body]);
    }
    const report = await reportHtml(judge({ ...recording, journal }));
    assert(report.includes("(other types)"));
    assert(report.length < 3e6, `${report.length}`);
  },
);

Deno.test("operations are found anywhere in a checker's result", () => {
  const op = { index: 4, time: 2.5e9, process: 1, type: "ok", f: "poll" };
  const found = momentsIn({ errs: [{ op, other: { time: 1 } }], count: 1 });
  assertEquals(found, [{ at: 2.5, process: 1 }]);
});

Deno.test("a cap keeps what is near the moments and what is earliest, and says where it left something out", () => {
  const items = Array.from({ length: 100 }, (_, i) => i);
  const { kept, omitted } = cap(items, 10, (i) => i, [50]);
  assertEquals(kept, [0, 1, 2, 3, 4, 5, 6, 49, 50, 51]);
  assertEquals(omitted, [{ from: 7, to: 48 }, { from: 52, to: 99 }]);
  assertEquals(cap(items, 100, (i) => i, []).omitted, []);
});

Deno.test("long values lose their middle and keep their end", () => {
  const text = brief(Array.from({ length: 500 }, (_, i) => i));
  assert(text.length < 200);
  assertStringIncludes(text, "[0,1,2");
  assertStringIncludes(text, "499] (500 elements)");
});

Deno.test("partitions are described by their sides if they have sides, else by who hears whom", () => {
  const history = [
    nemesis("start-partition", 0, "majority"),
    nemesis("start-partition", 0, ["isolated", {
      n0: ["n2"],
      n1: ["n2"],
      n2: ["n0", "n1"],
    }]),
    nemesis("stop-partition", 2, null),
    nemesis("stop-partition", 2, "network-healed"),
    nemesis("start-partition", 3, ["isolated", { n0: [], n1: [], n2: [] }]),
    nemesis("start-partition", 4, ["isolated", {
      n0: ["n1"],
      n1: [],
      n2: ["n0", "n1"],
    }]),
  ];
  assertEquals(cutsOf(history, 9), [
    { from: 0, to: 2, text: "n0 n1 | n2", empty: false },
    { from: 3, to: 4, text: "cuts nobody off", empty: true },
    {
      from: 4,
      to: 9,
      text: "n0 does not hear n1; n2 hears nobody",
      empty: false,
    },
  ]);
});

Deno.test("a killed node is down until it is started again", () => {
  const at = (seconds: number, type: "kill" | "restart", node: string) => ({
    time: seconds * 1e9,
    node,
    type,
    text: "",
  });
  const downs = downsOf([
    at(1, "kill", "n1"),
    at(2, "kill", "n2"),
    at(3, "restart", "n1"),
  ], 9);
  assertEquals(downs, [
    { node: "n1", from: 1, to: 3 },
    { node: "n2", from: 2, to: 9 },
  ]);
});

Deno.test(
  "messages have all their arrivals, and a journal without an origin is aligned with its history",
  readsAndDraws,
  async () => {
    const recording = await golden("gs-lost");
    const flights = flightsOf(recording);
    const sent = recording.journal.filter(([kind]) => kind === "send").length;
    assertEquals(flights.length, sent);
    const invoked = recording.history.find(({ type }) => type === "invoke")!;
    const request = flights.find(({ src, type }) =>
      src.startsWith("c") && type === invoked.f
    );
    assertEquals(request?.sent, invoked.time / 1e9);
    const [, first] = recording.journal.at(0)!;
    assertEquals(originOf({ ...recording, history: [] }), first);
    assert(
      flights.every(({ sent, arrived }) => arrived.every((a) => a >= sent)),
    );
  },
);

Deno.test("the spacetime diagram draws arrivals, losses and duplicates each in its way", () => {
  const recording: Recording = {
    workload: "echo",
    options: { "node-count": 2, "time-limit": 1 },
    history: [],
    journal: [
      ["send", 1e8, 0, "n0", "n1", { type: "gossip" }],
      ["send", 1e8, 1, "n1", "n0", { type: "gossip" }],
      ["recv", 2e8, 0, "n0", "n1", { type: "gossip" }],
      ["recv", 5e8, 0, "n0", "n1", { type: "gossip" }],
    ],
    journalOrigin: 0,
  };
  const view = viewOf(recording);
  const whole = { from: 0, to: 1 };
  const draw = (hidden: string[]) =>
    spacetimeSvg(view, whole, 800, { hidden, clients: true });
  const svg = draw([]);
  assertEquals(svg.match(/data-hop/g)?.length, 2);
  assertEquals(svg.match(/<circle/g)?.length, 2, "two arrivals of one message");
  assertEquals(svg.match(/stroke-dasharray/g)?.length, 1, "the second dashed");
  assertEquals(svg.match(/#d81b60/g)?.length, 1, "one lost message");
  assertEquals(draw(["gossip"]).includes("data-hop"), false);
});

Deno.test("a scatter is where a node speaks to most of the others at once", () => {
  const hop = (src: string, dest: string, sent: number) => ({
    id: 0,
    src,
    dest,
    sent,
    arrived: [],
    type: "gossip",
    body: "",
    client: false,
  });
  const hops = [
    hop("n0", "n1", 1),
    hop("n0", "n2", 1.001),
    hop("n1", "n0", 1.5),
    hop("n0", "n1", 2),
    hop("n0", "n2", 2.5),
    hop("n2", "n0", 3),
    hop("n2", "n1", 3.002),
  ];
  assertEquals(scatters(hops, 3), [1, 3]);
});

Deno.test("the timeline frames the operation that a moment refers to", () => {
  const view = viewOf(echoes(50));
  const window = { from: 0, to: 0.5 };
  const sought = { at: 0.201, process: 0 };
  const svg = timelineSvg(view, window, 800, sought);
  assertEquals(svg.match(/data-call/g)?.length, 50);
  assertEquals(svg.match(/stroke="#b00020" stroke-width/g)?.length, 1);
});

Deno.test(
  "a report shows verdicts, figures, findings, faults and files, and draws four plots",
  readsAndDraws,
  async () => {
    const recording = await golden("ids-central");
    const page = await reportHtml(judge(recording), {
      command: "the command",
      files: ["results.json"],
      stderr: new Map([["n0", ["\x1b[1ma\x1b[0m <line>"]]]),
    });
    for (
      const text of [
        "Maelstrom's verdict: invalid",
        "strict verdict: invalid",
        "messages per op, servers (S)",
        "What is wrong",
        "availability",
        "the command",
        '<a href="results.json">',
        "a &#60;line&#62;",
        '"cuts":[{',
      ]
    ) assert(page.includes(text), `there is no ${text}`);
    assertEquals(page.match(/class="plot"/g)?.length, 4);
    assertEquals(page.match(/<svg[^>]*class="marks"/g)?.length, 4);
    const broadcast = await reportHtml(judge(await golden("bc-gossip-stale")));
    assert(broadcast.includes("Stable latency of each value"));
    assertEquals(/(?:src|href)="(?:https?:)?\/\//.test(page), false);
  },
);

Deno.test(
  "a report without faults says that nothing is wrong, and one of a run that never began is still a report",
  readsAndDraws,
  async () => {
    const fine = await reportHtml(judge(await golden("echo-ok")));
    assert(fine.includes("neither judge found anything wrong"));
    assert(!fine.includes("What is wrong"));
    const none = await reportHtml(judge(await golden("echo-noinit")));
    assert(none.includes("Together they made 0 requests"));
    assert(!none.includes("neither judge found anything wrong"));
  },
);

Deno.test(
  "the report of a large run shows a part of it, and says which",
  readsAndDraws,
  async () => {
    const page = await reportHtml(judge(echoes(9_000)));
    assert(page.includes("This run is too large for one page"));
    assert(page.includes("8,000 operations of 9,000"));
    assert(page.length < 6e6, `it has ${page.length} characters`);
  },
);

Deno.test(
  "without the plotting library, the run is still judged and reported",
  starts,
  inFolder(async (folder) => {
    const cli = join(import.meta.dirname!, "../..", "lib/workbench/cli.ts");
    const args = "simulate echo-1 --seed 1 --time-limit 1 --store".split(" ");
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--cached-only",
        cli,
        ...args,
        join(folder, "store"),
      ],
      env: { DENO_DIR: join(folder, "deno") },
      stdout: "null",
      stderr: "null",
    }).output();
    assertEquals(code, 0);
    const report = join(folder, "store", "latest", REPORT_FILE);
    const missing = "needs the npm package vega, which could not be loaded";
    assert((await Deno.readTextFile(report)).includes(missing));
  }),
);

/** Debian's name for the browser, and others'. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];

function findBrowser(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return folders.flatMap((folder) => BROWSERS.map((name) => join(folder, name)))
    .find((path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    });
}

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const browserPath = starts.ignore ? undefined : findBrowser();

/** Opens the report of a recorded run; gives back what the browser complained of. */
async function inBrowser(
  label: string,
  test: (page: Page) => Promise<void>,
): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  const file = join(folder, REPORT_FILE);
  await Deno.writeTextFile(file, await reportHtml(judge(await golden(label))));
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({
    executablePath: browserPath!,
    args: FLAGS,
  });
  const complaints: string[] = [];
  try {
    const page = await browser.newPage();
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    await test(page);
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
  return complaints;
}

const skipped = browserPath === undefined
  ? " (SKIPPED: there is no chromium, or no permission to start it)"
  : "";

Deno.test({
  name:
    `a report opens in headless Chromium without an error, answers to its buttons, and leads from findings to operations${skipped}`,
  ignore: browserPath === undefined,
  // The browser's own handles are none of ours.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const complaints = await inBrowser("kf-lost-write", async (page) => {
      const count = (selector: string) => page.locator(selector).count();
      await page.waitForSelector("#spacetime [data-hop]", {
        state: "attached",
      });
      assert(await count("#timeline [data-call]") > 10);
      assert(await count("#spacetime [data-hop]") > 10);
      const stretch = () => page.textContent("#stretch");
      const before = await stretch();
      await page.click("#closer");
      assert(await stretch() !== before);
      await page.click("#later");
      await page.click("#wider");
      await page.locator("[data-at]").last().click();
      assertStringIncludes(await page.textContent("#sought") ?? "", "process");
      assertEquals(await count('#timeline [stroke="#b00020"][rx]'), 1);
      await page.locator("#timeline [data-call]").first().hover();
      assertStringIncludes(await page.textContent("#hover") ?? "", "process");
      await page.setViewportSize({ width: 380, height: 700 });
      await page.waitForFunction(
        "document.querySelector('#timeline svg').clientWidth < 380",
      );
      const wide = await page.evaluate(
        "document.documentElement.scrollWidth - innerWidth",
      );
      assertEquals(wide, 0, "nothing sticks out of a narrow window");
      await page.emulateMedia({ media: "print" });
      const printed = await page.evaluate(
        `const svg = document.querySelector("#timeline svg");
        svg.setAttribute("width", "2000");
        svg.clientWidth`,
      );
      assert(Number(printed) < 380, "a drawing is as wide as the paper");
    });
    assertEquals(complaints, []);
  },
});
