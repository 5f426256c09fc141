/** The strict judge of broadcast and g-set on small histories, one for every anomaly. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Promises } from "../../../lib/workbench/scenarios/promises.ts";
import { strictSet } from "../../../lib/workbench/checkers/strict/broadcast.ts";
import { judgeStrict } from "../../../lib/workbench/checkers/strict/strict.ts";
import type {
  Body,
  Incident,
  JournalEvent,
  Op,
  Recording,
} from "../../../lib/workbench/history/history.ts";

/** What one process does: at these milliseconds, and how it ends. */
interface Step {
  process: number;
  f: "add" | "read" | "final" | "cut" | "heal";
  value?: number | number[];
  from: number;
  to?: number;
  end?: "ok" | "fail" | "info";
}

const add = (process: number, value: number, from: number, to = from + 1) =>
  ({ process, f: "add", value, from, to }) as const;
const read = (process: number, value: number[], from: number, to = from + 1) =>
  ({ process, f: "read", value, from, to }) as const;
const final = (process: number, value: number[], from = 20_000) =>
  ({ process, f: "final", value, from }) as const;
const cut = (from: number): Step => ({ process: -1, f: "cut", from });
const heal = (from: number): Step => ({ process: -1, f: "heal", from });

/** The history of these steps, in which values are added by operations of a name. */
function historyOf(steps: readonly Step[], addF: string): Op[] {
  const lines = steps.flatMap((step): Op[] => {
    const { process, f, value = null, from, to = from + 1, end = "ok" } = step;
    const begun = { index: 0, type: "invoke" as const, time: from * 1e6 };
    if (f === "cut" || f === "heal") {
      const name = f === "cut" ? "start-partition" : "stop-partition";
      const nemesis = { process: "nemesis", f: name, value: null };
      return [{ ...begun, ...nemesis, type: "info" }];
    }
    const asked = f === "add" ? { f: addF, value } : {
      f: "read",
      value: null,
      ...(f === "final" ? { "final?": true } : {}),
    };
    const done = end === "ok" ? { ...asked, value } : asked;
    return [
      { ...begun, ...asked, process },
      { ...begun, ...done, process, type: end, time: to * 1e6 },
    ];
  });
  return lines.toSorted((a, b) => a.time - b.time)
    .map((line, index) => ({ ...line, index }));
}

/** A message that was sent, at a millisecond of the history. */
interface Sent {
  at: number;
  src: string;
  dest: string;
  body: Body;
}

const gossip = (at: number, messages: number[], more: Body = {}): Sent => ({
  at,
  src: "n0",
  dest: "n1",
  body: { type: "gossip", messages, ...more },
});

/** The journal counts from half a second before the history. */
const ORIGIN_NS = 5e8;

/** What a run has beside its steps. */
interface Run extends Partial<Recording> {
  sent?: readonly Sent[];
  /** Reads that were asked after the end of the run, the process being the node's number. */
  afterwards?: readonly Step[];
}

/** A run of two nodes; processes 0 and 2 are at n0, 1 and 3 at n1. */
function recordingOf(
  addF: string,
  steps: readonly Step[],
  { sent = [], afterwards, options, ...more }: Run = {},
): Recording {
  const events = (kind: "send" | "recv") =>
    sent.map((
      { at, src, dest, body },
      id,
    ): JournalEvent => [kind, at * 1e6 + ORIGIN_NS, id, src, dest, body]);
  const asked = afterwards?.flatMap((step) =>
    historyOf([step], addF).map((op) => ({ ...op, node: `n${step.process}` }))
  );
  return {
    workload: addF === "add" ? "g-set" : "broadcast",
    options: { "node-count": 2, concurrency: "1n", ...options },
    history: historyOf(steps, addF),
    journal: [...events("send"), ...events("recv")],
    journalOrigin: ORIGIN_NS,
    ...more,
    ...(asked === undefined
      ? {}
      : { aftermath: { history: asked, journal: [], healedAt: 0 } }),
  };
}

/** What is found, the same in both workloads. */
function found(
  steps: readonly Step[],
  promises: Promises = {},
  run: Run = {},
): string {
  const [broadcast, gSet] = ["broadcast", "add"].map((addF) => {
    const anomalies = strictSet(addF)(recordingOf(addF, steps, run), promises);
    assert(anomalies.every(({ because }) => because.length > 0));
    return anomalies.map(({ type }) => type).join(" ");
  });
  assertEquals(gSet, broadcast);
  return broadcast!;
}

Deno.test("a set whose reads hold all values, each once, has no anomaly", () => {
  const steps = [
    add(0, 1, 0),
    read(1, [1], 10),
    add(1, 2, 20),
    read(0, [2, 1], 30),
    final(0, [1, 2]),
    final(1, [2, 1]),
  ];
  const promises = { convergenceMs: 0, quietMs: 100, crossings: 1 };
  const sent = [gossip(1, [1]), gossip(21, [2])];
  assertEquals(found(steps, promises, { sent }), "");
});

Deno.test("only the workload's own operation adds values", () => {
  const steps = [add(0, 1, 0), read(0, [1], 10)];
  for (const [addF, other] of [["broadcast", "add"], ["add", "broadcast"]]) {
    const recording = recordingOf(other!, steps);
    const [anomaly] = strictSet(addF!)(recording, {});
    assertEquals(anomaly?.type, "never-sent-value");
  }
});

Deno.test("another node's read may lack a value until the promised time is over, and no longer", () => {
  const promises = { convergenceMs: 100 };
  const at = (from: number, values: number[]) =>
    found([add(0, 1, 0, 1), read(1, values, from)], promises);
  assertEquals(at(100, []), "");
  assertEquals(at(101, []), "stale-read");
  assertEquals(at(101, [1]), "");
  const slow = [add(0, 1, 0, 50), read(1, [], 101)];
  assertEquals(found(slow, promises), "", "acknowledged late");
  const nothing = found([add(0, 1, 0, 1), read(1, [], 101)]);
  assertEquals(nothing, "", "nothing was promised");
});

Deno.test("a value whose outcome is unknown need not be in any read", () => {
  const ended = (end: "ok" | "info" | "fail") =>
    found([{ ...add(0, 1, 0), end }, read(1, [], 200), final(1, [])], {
      convergenceMs: 100,
    });
  assertEquals(ended("ok"), "stale-read lost-value");
  assertEquals(ended("info"), "");
  assertEquals(ended("fail"), "");
});

Deno.test("a cut excuses stale reads until some time after the heal, and so does network latency", () => {
  const promises = { convergenceMs: 100 };
  const at = (ms: number) =>
    found([cut(0), add(0, 1, 10), heal(500), read(1, [], ms)], promises);
  assertEquals(at(400), "");
  assertEquals(at(599), "");
  assertEquals(at(600), "stale-read");
  const late = [add(0, 1, 0, 1), read(1, [], 300)];
  assertEquals(
    found(late, promises, { options: { latency: 90 } }),
    "stale-read",
  );
  assertEquals(found(late, promises, { options: { latency: 100 } }), "");
});

Deno.test("a read holds no value twice", () => {
  const held = (...values: number[]) =>
    found([add(0, 1, 0), add(0, 2, 5), read(0, values, 10)]);
  assertEquals(held(1, 2), "");
  assertEquals(held(1, 2, 1), "duplicate-value");
});

Deno.test("a read may hold what is being added, even without success, and nothing that was never sent", () => {
  const held = (step: Step, value: number) =>
    found([step, read(1, [value], 10)]);
  assertEquals(held(add(0, 1, 0, 100), 1), "");
  assertEquals(held(add(0, 1, 0, 100), 2), "never-sent-value");
  assertEquals(held(add(0, 1, 50), 1), "never-sent-value");
  assertEquals(held({ ...add(0, 1, 0), end: "info" }, 1), "");
});

Deno.test("a node's reads hold what it had acknowledged when they were asked", () => {
  const lacks = (process: number, from: number) =>
    found([add(0, 1, 10, 20), read(process, [], from, 40)]);
  assertEquals(lacks(2, 21), "own-write-missing");
  assertEquals(lacks(2, 19), "", "asked before");
  assertEquals(lacks(3, 21), "", "acknowledged elsewhere");
});

Deno.test("what one read of a node has shown, its later ones show too", () => {
  const then = (...last: Step[]) =>
    found([add(0, 1, 0), read(1, [1], 10, 20), ...last]);
  assertEquals(then(read(3, [1], 30)), "");
  assertEquals(then(read(3, [], 30)), "value-forgotten");
  assertEquals(then(read(3, [], 15, 30)), "", "asked before");
  const other = [add(0, 1, 0, 90), read(1, [1], 10), read(2, [], 30)];
  assertEquals(found(other), "", "shown elsewhere");
  const early = [add(0, 1, 0, 90), read(2, [1], 10), read(2, [], 30)];
  assertEquals(found(early), "value-forgotten", "not acknowledged yet");
});

Deno.test("every node that is asked answers its last read", () => {
  const silent: Step = { ...final(1, []), end: "info" };
  const start = [add(0, 1, 0), final(0, [1])];
  assertEquals(found([...start, final(1, [1])]), "");
  assertEquals(found([...start, silent]), "no-final-read");
  assertEquals(found(start), "", "nobody asked n1");
  assertEquals(found([add(0, 1, 0)]), "", "there was no final phase");
  const later = final(1, [1], 30_000);
  assertEquals(
    found([...start, silent, later]),
    "",
    "answered the second time",
  );
});

Deno.test("every node is asked in the aftermath, and must answer", () => {
  const after = (...afterwards: Step[]) =>
    found([add(0, 1, 0)], {}, { afterwards });
  const silent: Step = { ...read(1, [], 0), end: "info" };
  assertEquals(after(read(0, [1], 0), read(1, [1], 0)), "");
  assertEquals(after(read(0, [1], 0), silent), "no-final-read");
});

Deno.test("every node's last read holds every value that was acknowledged before it was asked", () => {
  const last = (...steps: Step[]) => found([add(0, 1, 0), ...steps]);
  assertEquals(last(final(0, [1]), final(1, [1])), "");
  assertEquals(last(final(0, [1]), final(1, [])), "lost-value");
  const late = add(2, 2, 19_999, 20_000.5);
  assertEquals(last(late, final(0, [1]), final(1, [1])), "");
  const inTime = add(2, 2, 19_990, 19_995);
  assertEquals(last(inTime, final(0, [1, 2]), final(1, [1])), "lost-value");
  assertEquals(last(inTime, final(0, [1, 2]), final(1, [1, 2])), "");
});

Deno.test("the last read is that of the aftermath, if there is one", () => {
  const steps = [add(0, 1, 0), final(0, [1]), final(1, [])];
  const after = (value: number[]) =>
    found(steps, {}, {
      afterwards: [read(0, [1], 30_000), read(1, value, 30_000)],
    });
  assertEquals(after([1]), "");
  assertEquals(after([]), "lost-value");
});

Deno.test("a sentence names the value or message, the node and the moment", () => {
  const steps = [add(0, 7, 0), final(0, [7]), final(1, [])];
  const sent = [gossip(3_000, [7])];
  const recording = recordingOf("broadcast", steps, { sent });
  const [lost, chatter] = strictSet("broadcast")(recording, { quietMs: 100 });
  for (const part of ["value 7", "0.001 s", "n1", "20.000 s"]) {
    assertStringIncludes(lost!.because[0]!, part);
  }
  for (const part of ["n0 sent n1", '"messages":[7]', "3.000 s", "100 ms"]) {
    assertStringIncludes(chatter!.because[0]!, part);
  }
});

Deno.test("nodes are silent some time after the last operation, until the final reads", () => {
  const steps = [add(0, 1, 0, 1_000), final(0, [1]), final(1, [1])];
  const at = (ms: number, promises: Promises = { quietMs: 500 }) =>
    found(steps, promises, { sent: [gossip(ms, [])] });
  assertEquals(at(1_500), "");
  assertEquals(at(1_501), "chatter");
  assertEquals(at(19_999), "chatter");
  assertEquals(at(20_000), "");
  assertEquals(at(1_501, {}), "", "nothing was promised");
  const unasked = [add(0, 1, 0, 1_000)];
  const sent = [gossip(1_501, [])];
  assertEquals(found(unasked, { quietMs: 500 }, { sent }), "", "nobody waited");
});

Deno.test("network latency, there and back, does not count as chatter", () => {
  const steps = [add(0, 1, 0, 1_000), final(0, [1]), final(1, [1])];
  const at = (ms: number) => {
    const recording = recordingOf("broadcast", steps, {
      sent: [gossip(ms, [])],
    });
    const options = { ...recording.options, latency: 100 };
    return strictSet("broadcast")({ ...recording, options }, { quietMs: 500 })
      .map(({ type }) => type);
  };
  assertEquals(at(1_700), []);
  assertEquals(at(1_701), ["chatter"]);
});

Deno.test("a program whose values go from node to node has the network's time for each hop", () => {
  const late = [add(0, 1, 0), read(1, [], 1_501), final(0, [1]), final(1, [1])];
  const loud = [add(0, 1, 0), final(0, [1]), final(1, [1])];
  const judged = (steps: Step[], sent: Sent[], promises: Promises) => {
    const recording = recordingOf("broadcast", steps, { sent });
    const options = { ...recording.options, latency: 100 };
    return strictSet("broadcast")({ ...recording, options }, promises)
      .map(({ type }) => type);
  };
  const chatter = [gossip(1_502, [])];
  for (const [hops, wrong] of [[10, true], [11, false]] as const) {
    const stale = judged(late, [], { convergenceMs: 500, hops });
    assertEquals(stale, wrong ? ["stale-read"] : [], `${hops} hops`);
    const noise = judged(loud, chatter, { quietMs: 500, hops });
    assertEquals(noise, wrong ? ["chatter"] : [], `${hops} hops`);
  }
});

Deno.test("in a run without operations, nodes must be silent some time after the beginning", () => {
  const at = (ms: number) =>
    found([final(0, []), final(1, [])], { quietMs: 500 }, {
      sent: [gossip(ms, [])],
    });
  assertEquals(at(500), "");
  assertEquals(at(501), "chatter");
});

Deno.test("only messages between nodes are chatter, and only some time after the last fault", () => {
  const steps = [add(0, 1, 0), final(0, [1]), final(1, [1])];
  const promises = { quietMs: 500 };
  const reply = { ...gossip(3_000, []), dest: "c1" };
  const request = { ...gossip(3_000, []), src: "c1" };
  assertEquals(found(steps, promises, { sent: [reply, request] }), "");
  const sent = [gossip(3_000, [])];
  assertEquals(found(steps, promises, { sent }), "chatter");
  assertEquals(found([...steps, heal(2_500)], promises, { sent }), "");
  assertEquals(found([...steps, heal(2_499)], promises, { sent }), "chatter");
  const restart = (ms: number): Incident[] => [
    { time: ms * 1e6, node: "n1", type: "restart", text: "" },
  ];
  const restarted = (ms: number) =>
    found(steps, promises, { sent, incidents: restart(ms) });
  assertEquals(restarted(2_500), "");
  assertEquals(restarted(2_499), "chatter");
});

Deno.test("a value may be sent to each other node only as often as promised, on average", () => {
  const steps = [add(0, 1, 0), add(0, 2, 10)];
  const times = (...sent: Sent[]) => found(steps, { crossings: 1.5 }, { sent });
  const three = [gossip(1, [1]), gossip(11, [1, 2])];
  assertEquals(times(...three), "");
  assertEquals(times(...three, gossip(20, [2])), "sent-again");
  assertEquals(times(...three, gossip(20, [], { upto: 2 })), "");
  assertEquals(
    times(...three, gossip(20, [], { of: { n2: [2] } })),
    "sent-again",
  );
  assertEquals(times(...three, { ...gossip(20, [2]), dest: "c1" }), "");
  const four = [...three, gossip(20, [2])];
  assertEquals(found(steps, {}, { sent: four }), "", "nothing was promised");
});

Deno.test("the allowed number of sendings grows with the number of nodes; a single node has none", () => {
  const steps = [add(0, 1, 0)];
  const nodes = (count: number, sends: number) =>
    found(steps, { crossings: 1 }, {
      sent: Array(sends).fill(gossip(1, [1])),
      options: { "node-count": count },
    });
  assertEquals(nodes(4, 3), "");
  assertEquals(nodes(4, 4), "sent-again");
  assertEquals(nodes(1, 4), "");
});

Deno.test("under faults, values may be sent as often as needed", () => {
  const broken = (run: Run) =>
    found([add(0, 1, 0)], { crossings: 1 }, {
      ...run,
      sent: [gossip(1, [1]), gossip(11, [1])],
    });
  assertEquals(broken({}), "sent-again");
  assertEquals(broken({ faults: "official" }), "sent-again");
  assertEquals(broken({ faults: "chaos" }), "");
  assertEquals(broken({ options: { nemesis: "partition" } }), "");
});

Deno.test("the finding about a node that never hears of anything has a bounded size, however much was read", () => {
  const steps = Array.from({ length: 200 }, (_, i): Step[] => [
    add(0, i, 4 * i),
    read(0, Array.from({ length: i + 1 }, (_, value) => value), 4 * i + 1),
    read(1, [], 4 * i + 2),
  ]).flat();
  const recording = recordingOf("broadcast", steps);
  const findings = strictSet("broadcast")(recording, { convergenceMs: 0 });
  assertEquals(findings.map(({ type }) => type), ["stale-read"]);
  assertEquals(findings[0]!.because.length, 10_000);
  const { anomalies } = judgeStrict(
    recording,
    { "valid?": true },
    { convergenceMs: 0 },
    { broadcast: strictSet("broadcast") },
  );
  const stale = anomalies.find(({ type }) => type === "stale-read")!;
  assertEquals(
    stale.because.at(-1),
    "... and more than 9992 more of this kind",
  );
});
