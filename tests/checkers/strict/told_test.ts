/** What a kill excuses where only what had been told is to survive, and what it does not. */
import { assert, assertEquals } from "@std/assert";
import type {
  JournalEvent,
  Op,
  Recording,
} from "../../../lib/workbench/history/history.ts";
import type { Json } from "../../../lib/workbench/history/json.ts";
import { judge } from "../../../lib/workbench/checkers/judges.ts";

const SECOND = 1e9;

/** Two nodes of broadcast-3c, of which n0 takes a value and is killed so much later; nobody shows it in the end. */
function lostAfter(killSeconds: number): Recording {
  const at = (seconds: number) => seconds * SECOND;
  const op = (type: Op["type"], f: string, value: Op["value"], time: number) =>
    ({ type, f, value, time: at(time), process: 0, index: 0 }) as Op;
  const final = [0, 1].flatMap((process) => [
    { ...op("invoke", "read", null, 60), process, "final?": true },
    { ...op("ok", "read", [2], 60.1), process, "final?": true },
  ]);
  const kill = 1 + killSeconds;
  return {
    workload: "broadcast",
    program: "broadcast-3c",
    options: { "node-count": 2, concurrency: 2 },
    journal: [],
    journalOrigin: 0,
    incidents: [
      { type: "kill", node: "n0", time: at(kill), text: "" },
      { type: "restart", node: "n0", time: at(kill + 1), text: "" },
    ],
    history: [
      op("invoke", "broadcast", 1, 0.9),
      op("ok", "broadcast", 1, 1),
      { ...op("invoke", "broadcast", 2, 0.9), process: 1 },
      { ...op("ok", "broadcast", 2, 1), process: 1 },
      ...final,
    ] as Op[],
  };
}

Deno.test("a kill may lose what a node had no time to tell others, but not what it had told them", () => {
  for (const [seconds, valid] of [[0.5, true], [20, false]] as const) {
    const { strict } = judge(lostAfter(seconds));
    const types = strict.anomalies.map(({ type }) => type);
    assertEquals(types.includes("lost-value"), !valid, `${seconds} s`);
  }
});

Deno.test("kills excuse nothing in a program that promises nothing about restarts, or promises more", () => {
  for (const program of ["broadcast-3a", "kafka-5b"]) {
    const { strict } = judge({ ...lostAfter(0.5), program });
    assertEquals(strict["valid?"], false, program);
  }
});

/** What n0 and n1 have said to each other when n0 is killed, at 6 s. */
interface Talk {
  /** What they send is lost then, in seconds. */
  lost?: number[];
  /** Of n1 nothing is heard. */
  oneWay?: boolean;
  /** n1 is killed too, at this time. */
  alsoKilledAt?: number;
  /** n0's next life talks from 8 s on, and is killed at 14 s. */
  twice?: boolean;
  /** n1 is paused soon after the beginning, and killed while it is paused. */
  killedPaused?: boolean;
  /** n1 is killed soon after the beginning, and nobody speaks to its next life until 5.9 s. */
  unspoken?: boolean;
}

/** A chaotic run of two nodes, told in a few words. */
class Run {
  readonly #history: Op[] = [];
  readonly #journal: JournalEvent[] = [];
  readonly #aftermath: Op[] = [];
  #id = 0;

  constructor(readonly program: string, readonly workload: string) {}

  /** A client of a node asks it something, which it answers well. */
  ask(
    node: number,
    time: number,
    [f, asked, told]: [string, Json, Json],
    [request, reply]: [object, object] = [{}, {}],
  ): this {
    const op = (type: Op["type"], value: Json, at: number): Op => ({
      ...{ type, f, value, process: node, time: at * SECOND, index: 0 },
      ...(time > 20 && { "final?": true }),
    });
    this.#history.push(op("invoke", asked, time), op("ok", told, time + 0.001));
    const client = `c${node}`, msg_id = ++this.#id;
    const body = { type: f, ...request, msg_id };
    const answer = { type: `${f}_ok`, ...reply, in_reply_to: msg_id };
    this.#message(client, `n${node}`, body, time, time);
    this.#message(`n${node}`, client, answer, time + 5e-4, time + 0.001);
    return this;
  }

  /** What a node says when all is over. */
  last(node: number, f: string, asked: Json, told: Json): this {
    const op = { f, process: node, node: `n${node}`, index: 0 };
    this.#aftermath.push(
      { ...op, type: "invoke", value: asked, time: 40 * SECOND },
      { ...op, type: "ok", value: told, time: 40.001 * SECOND },
    );
    return this;
  }

  /** How the strict judge calls what is wrong. */
  judged(
    { lost = [], oneWay = false, alsoKilledAt, ...talk }: Talk,
  ): string[] {
    const { twice, killedPaused, unspoken } = talk;
    for (let at = 0.05; at < (twice ? 14 : 6); at += 0.1) {
      if (at > 6 && at < 8) continue;
      if (unspoken && at > 0.2 && at < 5.9) continue;
      for (const [src, dest] of [["n0", "n1"], ["n1", "n0"]] as const) {
        if (oneWay && src === "n1") continue;
        const isLost = lost.some((time) => Math.abs(at - time) < 0.06);
        this.#message(src, dest, { type: "say" }, at, isLost ? null : at);
      }
    }
    const kills: [string, number][] = [["n0", 6]];
    if (alsoKilledAt !== undefined) kills.push(["n1", alsoKilledAt]);
    if (twice) kills.push(["n0", 14]);
    const pause = {
      type: "pause" as const,
      node: "n1",
      time: 0.1 * SECOND,
      text: "",
    };
    if (killedPaused || unspoken) kills.push(["n1", 0.2]);
    const { strict } = judge({
      workload: this.workload,
      program: this.program,
      faults: "chaos",
      options: { "node-count": 2, concurrency: 2, "time-limit": 10 },
      journalOrigin: 0,
      journal: this.#journal.toSorted((a, b) => a[1] - b[1]),
      incidents: [
        ...(killedPaused ? [pause] : []),
        ...kills.flatMap(([node, at]) => [
          { type: "kill" as const, node, time: at * SECOND, text: "" },
          { type: "restart" as const, node, time: (at + 1) * SECOND, text: "" },
        ]),
      ].sort((a, b) => a.time - b.time),
      history: this.#history.toSorted((a, b) => a.time - b.time)
        .map((op, index) => ({ ...op, index })),
      ...(this.#aftermath.length > 0 && {
        aftermath: {
          history: this.#aftermath,
          journal: [],
          healedAt: 20 * SECOND,
        },
      }),
    });
    return strict.anomalies.map(({ type }) => type);
  }

  #message(
    src: string,
    dest: string,
    body: object,
    sent: number,
    heard: number | null,
  ): void {
    const id = ++this.#id;
    const event = (kind: "send" | "recv", at: number) =>
      [kind, at * SECOND, id, src, dest, body] as JournalEvent;
    this.#journal.push(event("send", sent));
    if (heard !== null) this.#journal.push(event("recv", heard + 1e-6));
  }
}

/** A run of kafka-5c in which each node has taken a message, n0 one that is gone in the end. */
function logs(): Run {
  const run = new Run("kafka-5c", "kafka");
  send(run, 0, 1.02, 2, "a");
  return send(run, 1, 1.01, 1, "b");
}

function send(
  run: Run,
  node: number,
  time: number,
  offset: number,
  msg: string,
): Run {
  const value = [["send", "k", msg]], told = [["send", "k", [offset, msg]]];
  const request = { key: "k", msg };
  return run.ask(node, time, ["send", value, told], [request, { offset }]);
}

function poll(run: Run, node: number, time: number, got: [number, string][]) {
  const request = { offsets: { k: got[0]![0] } }, msgs = { k: got };
  const told = [["poll", msgs]];
  return run.ask(node, time, ["poll", [["poll"]], told], [request, { msgs }]);
}

/** By what is lost: a run in which n0 alone has answered for it at 1 s, and the anomaly. */
const LOST: { [what: string]: [make: () => Run, type: string] } = {
  "an entry of a log": [
    () => {
      const run = logs();
      for (const node of [0, 1]) poll(run, node, 30, [[1, "b"]]);
      return run;
    },
    "lost-message",
  ],
  "a committed offset": [
    () => {
      const run = send(new Run("kafka-5c", "kafka"), 1, 1.01, 1, "b");
      const f = ["commit_offsets", null, null] as [string, Json, Json];
      run.ask(0, 1.5, f, [{ offsets: { k: 1 } }, {}]);
      for (const node of [0, 1]) {
        poll(run, node, 30, [[1, "b"]]);
        const list = ["list_committed_offsets", null, null] as typeof f;
        run.ask(node, 31, list, [{ keys: ["k"] }, { offsets: {} }]);
      }
      return run;
    },
    "commit-lost",
  ],
  "what was added to a counter": [
    () => {
      const run = new Run("pn-counter", "pn-counter");
      run.ask(0, 1, ["add", 5, 5]).ask(1, 1, ["add", -3, -3]);
      return run.ask(0, 30, ["read", null, -3]).ask(1, 30, ["read", null, -3]);
    },
    "read-too-low",
  ],
  "a transaction": [
    () => {
      const run = new Run("txn-6c", "txn-rw-register");
      const write = [["w", 1, 1]];
      run.ask(0, 1, ["txn", write, write]);
      run.ask(1, 2, ["txn", [["w", 2, 1]], [["w", 2, 1]]]);
      run.ask(1, 3, ["txn", [["r", 2, null]], [["r", 2, 1]]]);
      for (const node of [0, 1]) {
        for (const [key, value] of [[1, null], [2, 1]] as const) {
          run.last(node, "txn", [["r", key, null]], [["r", key, value]]);
        }
      }
      return run;
    },
    "lost-write",
  ],
};

for (const [what, [run, type]] of Object.entries(LOST)) {
  Deno.test(`${what} may be lost with the only node that answered for it, but not once others must have heard of it`, () => {
    const found = (talk: Talk) => run().judged(talk);
    assert(found({}).includes(type), "they have talked for six seconds");
    assert(found({ lost: [1.2, 5.5] }).includes(type), "and lost little");
    const lost = [1.5, 2.4, 3.3, 4.2, 5.1];
    assertEquals(found({ lost }), [], "and a lot");
    assertEquals(found({ lost, twice: true }), [], "before it talked well");
    assertEquals(found({ oneWay: true }), [], "one never spoke");
    assertEquals(found({ alsoKilledAt: 6.5 }), [], "both were killed");
    assert(
      found({ killedPaused: true }).includes(type),
      "the other was killed while it was paused, long before",
    );
  });
}

Deno.test("what a node had told may be lost with it if the others have come back, and nobody has spoken to them yet", () => {
  const [run] = LOST["an entry of a log"]!;
  assertEquals(run().judged({ unspoken: true }), []);
});

Deno.test("a client that goes on with a node that has come back has not skipped anything", () => {
  const run = logs();
  for (const [i, msg] of ["c", "d", "e"].entries()) {
    send(run, 1, 2 + i, 3 + 2 * i, msg);
  }
  poll(run, 0, 5.5, [[1, "b"]]);
  poll(run, 0, 7.1, [[3, "c"]]);
  poll(run, 0, 9, [[5, "d"]]); // it may still wait for what it had told
  poll(run, 0, 25, [[7, "e"]]);
  assertEquals(run.judged({ oneWay: true }), []);
});
