/** What the strict judge says of requests that were not answered, refused, or answered too late. */
import { assertEquals, assertMatch } from "@std/assert";
import { judgeStrict } from "../../../lib/workbench/checkers/strict/strict.ts";
import { parse } from "../../../lib/workbench/history/json.ts";
import type {
  Body,
  Incident,
  JournalEvent,
  Op,
  Recording,
} from "../../../lib/workbench/history/history.ts";
import type { Options } from "../../../lib/workbench/history/options.ts";
import type { Promises } from "../../../lib/workbench/scenarios/promises.ts";

const SECOND = 1e9;

/** When a client asked n0, and when that answered, in seconds; `never` if it did not. */
type Asked = [asked: number, answered: number | "never"];

/** What is found in a run of 60 s in which other requests are answered at once. */
function found(
  workload: string,
  asked: Asked,
  { options = {}, promises = {}, incidents = [], cut }: {
    options?: Options;
    promises?: Promises;
    incidents?: Incident[];
    cut?: [from: number, to: number];
  } = {},
): string {
  const journal: JournalEvent[] = [];
  const history: Op[] = [];
  [[0, 0.001], asked, [60, 60.001]].forEach(([from, to], i) => {
    const client = `c${i}`, at = Number(from) * SECOND;
    const request = { type: "x", msg_id: 1 };
    journal.push(["send", at, 2 * i, client, "n0", request]);
    journal.push(["recv", at, 2 * i, client, "n0", request]);
    const op = { process: i, f: "x", value: null };
    history.push({ ...op, index: 0, time: at, type: "invoke" });
    if (to === "never") return;
    const reply = { type: "x_ok", in_reply_to: 1 };
    journal.push(["send", Number(to) * SECOND, 2 * i + 1, "n0", client, reply]);
    history.push({ ...op, index: 0, time: Number(to) * SECOND, type: "ok" });
  });
  const nemesis = { process: "nemesis", type: "info" as const, value: null };
  (cut ?? []).forEach((at, i) => {
    const f = i === 0 ? "start-partition" : "stop-partition";
    history.push({ ...nemesis, f, index: 0, time: at * SECOND });
  });
  const recording: Recording = {
    workload,
    options: { "node-count": 2, rate: 0, ...options },
    history: history.toSorted((a, b) => a.time - b.time),
    journal: journal.toSorted((a, b) => a[1] - b[1]),
    journalOrigin: 0,
    incidents,
  };
  const { anomalies, notes } = judgeStrict(
    recording,
    { "valid?": true },
    promises,
    {},
  );
  for (const { type, because } of anomalies) {
    if (type !== "unanswered-request") continue;
    assertMatch(because[0]!, new RegExp(` at ${asked[0].toFixed(3)} s$`));
  }
  return [
    ...anomalies.map(({ type }) => type),
    ...notes.map(({ type }) => `(${type})`),
  ].join(" ");
}

Deno.test("a request during a cut, or up to five seconds after, may go without an answer", () => {
  const never = (asked: number, more = {}) =>
    found("lin-kv", [asked, "never"], { cut: [10, 20], ...more });
  assertEquals(never(5), "unanswered-request");
  assertEquals(never(9.5), "", "the cut began while it was open");
  assertEquals([never(15), never(24)], ["", ""]);
  assertEquals(never(26), "unanswered-request");
});

Deno.test("a reply of the wrong form is found whenever it comes, in the aftermath too", () => {
  const malformed: Op = {
    index: 0,
    time: 90 * SECOND,
    type: "info",
    process: 0,
    f: "list",
    value: ["1"],
    error: 'indeterminate: "offsets" has the wrong form in the reply',
    exception: "MalformedReply",
  };
  const later = { history: [malformed], journal: [] };
  for (
    const more of [
      { aftermath: { ...later, healedAt: 60 * SECOND } },
      { calm: later },
    ]
  ) {
    const { anomalies } = judgeStrict(
      { workload: "kafka", options: {}, history: [], journal: [], ...more },
      { "valid?": true },
      {},
      {},
    );
    const named = anomalies.filter(({ type }) => type === "malformed-reply");
    assertEquals(named.map(({ because }) => because), [[
      'list of process 0 at 90.000 s got a reply of the wrong form: "offsets" has the wrong form in the reply',
    ]]);
  }
});

Deno.test("a reply of the wrong form is no refusal, unless availability is asked for", () => {
  const malformed: Op = {
    index: 0,
    time: SECOND,
    type: "info",
    process: 0,
    f: "echo",
    value: "x",
    error: 'indeterminate: the reply lacks "echo"',
    exception: "MalformedReply",
  };
  const judged = (options: Options) => {
    const { anomalies, notes } = judgeStrict(
      { workload: "echo", options, history: [malformed], journal: [] },
      { "valid?": true },
      {},
      {},
    );
    return [...anomalies, ...notes].map(({ type }) => type);
  };
  assertEquals(judged({}), ["malformed-reply"]);
  assertEquals(judged({ availability: "total" }), [
    "malformed-reply",
    "unavailable",
  ]);
});

Deno.test("error codes that are no integers are worth a note, with what was written", () => {
  const notesOn = (body: Body) => {
    const reply = { type: "error", in_reply_to: 1, ...body };
    const { anomalies, notes } = judgeStrict(
      {
        workload: "lin-kv",
        options: { rate: 0 },
        history: [],
        journal: [
          ["send", 0, 0, "c1", "n0", { type: "cas", msg_id: 1 }],
          ["recv", 0, 0, "c1", "n0", { type: "cas", msg_id: 1 }],
          ["send", 1, 1, "n0", "c1", reply],
          ["send", 1, 2, "n0", "n1", { type: "error", code: "x" }],
        ],
      },
      { "valid?": true },
      {},
      {},
    );
    assertEquals(anomalies, []);
    return notes.flatMap(({ type, because }) => [type, ...because]);
  };
  for (const code of [22, 99, 1000, -5]) assertEquals(notesOn({ code }), []);
  assertEquals(notesOn({ code: "22" }), [
    "odd-error-code",
    'n0 answered c1 with {"type":"error","in_reply_to":1,"code":"22"}, whose code is not an integer',
  ]);
  assertEquals(notesOn({}), [
    "odd-error-code",
    'n0 answered c1 with {"type":"error","in_reply_to":1}, which has no code',
  ]);
  assertEquals(notesOn(parse('{"code":22.0}') as Body)[0], "odd-error-code");
});

Deno.test("a request must be answered even during a cut if availability is asked for or promised", () => {
  const never = (more: object) =>
    found("lin-kv", [15, "never"], { cut: [10, 20], ...more });
  assertEquals(never({ promises: { available: true } }), "unanswered-request");
  assertEquals(never({ options: { availability: 0.9 } }), "unanswered-request");
});

Deno.test("a killed or paused peer counts as a fault until it is back", () => {
  const halted = (begin: Incident["type"], end: Incident["type"]) =>
    [15, 30].map((asked) =>
      found("lin-kv", [asked, "never"], {
        incidents: [
          { time: 10 * SECOND, node: "n1", type: begin, text: "" },
          { time: 20 * SECOND, node: "n1", type: end, text: "" },
        ],
      })
    );
  assertEquals(halted("kill", "restart"), ["", "unanswered-request"]);
  assertEquals(halted("pause", "resume"), ["", "unanswered-request"]);
});

Deno.test("a node that never got through its set-up is found once", () => {
  const incidents: Incident[] = [
    { time: -1 * SECOND, node: "n0", type: "setup-failed", text: "no init_ok" },
  ];
  assertEquals(found("lin-kv", [15, "never"], { incidents }), "setup-failed");
});

Deno.test("a reply to a client that has gone is a late one, a second one, or to nobody, and no request with one is unanswered", () => {
  const pause: Incident[] = [
    { time: 19 * SECOND, node: "n0", type: "pause", text: "" },
    { time: 26 * SECOND, node: "n0", type: "resume", text: "" },
  ];
  const gone = (
    asked: Asked,
    client: string,
    number: number,
    before: Incident[] = [],
  ) =>
    found("echo", asked, {
      incidents: [...before, {
        time: 27 * SECOND,
        node: "n0",
        type: "gone-client",
        text: "",
        request: { client, number },
      }],
    });
  assertEquals(gone([20, "never"], "c1", 1), "late-reply");
  assertEquals(gone([20, 20.1], "c1", 1), "duplicate-reply");
  assertEquals(gone([20, 20.1], "c1", 2), "protocol-violation");
  assertEquals(gone([20, 20.1], "c7", 1), "protocol-violation");
  assertEquals(gone([20, "never"], "c1", 1, pause), "(late-reply)");
  const early = gone([30, 30.1], "c1", 1);
  assertEquals(early, "protocol-violation", "it had not been asked yet");
});

Deno.test("a second init_ok is a duplicate, which a library that answers init by itself may cause", () => {
  const init = { type: "init", msg_id: 1 };
  const ready = { type: "init_ok", in_reply_to: 1 };
  const journal: JournalEvent[] = [
    ["send", 0, 0, "c0", "n0", init],
    ["recv", 1, 0, "c0", "n0", init],
    ["send", 2, 1, "n0", "c0", ready],
    ["send", 3, 2, "n0", "c0", ready],
  ];
  const options = { "node-count": 1, rate: 0 };
  const { anomalies: [found] } = judgeStrict(
    { workload: "echo", options, history: [], journal },
    { "valid?": true },
    {},
    {},
  );
  assertEquals(found!.type, "duplicate-reply");
  assertMatch(found!.because[0]!, /does the library answer init by itself\?$/);
});

Deno.test("a late answer is an anomaly where clients are replaced after a timeout, and a note elsewhere", () => {
  for (const name of ["echo", "broadcast", "g-set", "g-counter", "kafka"]) {
    assertEquals(found(name, [20, 25.5]), "late-reply", name);
  }
  for (const name of ["unique-ids", "txn-rw-register", "txn-list-append"]) {
    assertEquals(found(name, [20, 25.5]), "(late-reply)", name);
  }
  assertEquals(found("lin-kv", [20, 21.5]), "(late-reply)");
  assertEquals(found("echo", [20, 24.5]), "");
});

Deno.test("a node that was paused may answer late, but not one that was killed while paused, and restarted", () => {
  const late = (...acts: [type: Incident["type"], at: number][]) =>
    found("echo", [20, 25.5], {
      incidents: acts.map(([type, at]) => ({
        time: at * SECOND,
        node: "n0",
        type,
        text: "",
      })),
    });
  assertEquals(late(["pause", 18], ["resume", 25]), "(late-reply)");
  assertEquals(late(["pause", 5], ["resume", 8]), "late-reply");
  assertEquals(late(["pause", 5], ["kill", 6], ["restart", 7]), "late-reply");
});
