/** The strict judge of kafka on small journals, one for every anomaly; and the visibility lag. */
import { assert, assertEquals } from "@std/assert";
import { visibilityLagMs } from "../../../lib/workbench/checkers/strict/kafka-visibility.ts";
import { float, type Json } from "../../../lib/workbench/history/json.ts";
import type { Promises } from "../../../lib/workbench/scenarios/promises.ts";
import { strictKafka } from "../../../lib/workbench/checkers/strict/kafka.ts";
import type {
  Body,
  JournalEvent,
  Recording,
} from "../../../lib/workbench/history/history.ts";

/** A request to a node and its reply, at these milliseconds; no reply if it has no type. */
interface Exchange {
  node: string;
  request: Body;
  reply: Body;
  from: number;
  to: number;
}

function exchange(
  node: string,
  from: number,
  request: Body,
  reply: Body,
  to = from + 1,
): Exchange {
  return { node, request, reply, from, to };
}

const sent = (
  node: string,
  from: number,
  msg: number,
  offset: number,
  to?: number,
) =>
  exchange(node, from, { type: "send", key: "k", msg }, {
    type: "send_ok",
    offset,
  }, to);

/** A poll of key k that gives messages 10, 11, ... at offsets 0, 1, ... */
const polled = (node: string, from: number, at: number, offsets: number[]) =>
  exchange(node, from, { type: "poll", offsets: { k: at } }, {
    type: "poll_ok",
    msgs: { k: offsets.map((offset) => [offset, 10 + offset]) },
  });

const committed = (node: string, from: number, offset: number) =>
  exchange(node, from, { type: "commit_offsets", offsets: { k: offset } }, {
    type: "commit_offsets_ok",
  });

const listed = (
  node: string,
  from: number,
  offsets: { [key: string]: number },
) =>
  exchange(node, from, { type: "list_committed_offsets", keys: ["k"] }, {
    type: "list_committed_offsets_ok",
    offsets,
  });

/** Messages 10, 11, ... sent one after the other. */
const log = (...nodes: string[]) =>
  nodes.map((node, i) => sent(node, 10 * i, 10 + i, i));

function journalOf(exchanges: Exchange[]): JournalEvent[] {
  const events: JournalEvent[] = [];
  exchanges.forEach(({ node, request, reply, from, to }, i) => {
    const client = `c${i}`;
    const ask = { ...request, msg_id: 1 };
    events.push(["send", from * 1e6, 2 * i, client, node, ask]);
    if (reply.type === undefined) return;
    const answer = { ...reply, in_reply_to: 1 };
    events.push(["send", to * 1e6, 2 * i + 1, node, client, answer]);
    events.push(["recv", to * 1e6, 2 * i + 1, node, client, answer]);
  });
  return events.sort((a, b) => a[1] - b[1]);
}

function recordingOf(exchanges: Exchange[], more: Partial<Recording> = {}) {
  return {
    workload: "kafka",
    faults: "official",
    options: { "node-count": 2, "time-limit": 1 },
    history: [],
    journal: journalOf(exchanges),
    journalOrigin: 0,
    ...more,
  } satisfies Recording;
}

function found(
  exchanges: Exchange[],
  promises: Promises = {},
  more: Partial<Recording> = {},
): string {
  const all = strictKafka(recordingOf(exchanges, more), promises);
  assert(all.every(({ because }) => because.length > 0));
  return all.map(({ type, rank }) => rank ? `(${type})` : type).join(" ");
}

Deno.test("a log that is appended to, polled and committed has no anomaly", () => {
  const exchanges = [
    ...log("n0", "n1", "n0"),
    polled("n0", 100, 0, [0, 1]),
    polled("n0", 110, 2, [2]),
    polled("n0", 120, 3, []),
    committed("n0", 130, 2),
    listed("n0", 140, { k: 2 }),
    listed("n1", 2_200, { k: 2 }),
  ];
  assertEquals(found(exchanges), "");
});

Deno.test("null instead of a list of messages is worth a note, an empty list is not", () => {
  const poll = (messages: Json) =>
    exchange("n0", 100, { type: "poll", offsets: { k: 0 } }, {
      type: "poll_ok",
      msgs: { k: messages },
    });
  assertEquals(found([poll(null), poll(null)]), "(null-poll)");
  assertEquals(found([poll([])]), "");
});

Deno.test("offsets of nanoseconds are told apart, and what is not an offset is not taken for one", () => {
  const late = (i: number) => 1732795200000000000n + BigInt(i);
  const send = (i: number) =>
    exchange("n0", 10 * i, { type: "send", key: "k", msg: 10 + i }, {
      type: "send_ok",
      offset: late(i),
    });
  const poll = (...places: Json[]) =>
    exchange("n0", 100, { type: "poll", offsets: { k: late(1) } }, {
      type: "poll_ok",
      msgs: { k: places },
    });
  const sends = [send(1), send(2), send(3)];
  const at = (i: number): Json => [late(i), 10 + i];
  assertEquals(found([...sends, poll(at(1), at(2), at(3))]), "");
  assertEquals(found([...sends, poll(at(1), at(3))]), "poll-skip");
  assertEquals(found([...sends, poll(at(2), at(1))]), "poll-order");
  assertEquals(
    found([...sends, poll([late(1), 11], [late(2), 13])]),
    "inconsistent-offsets duplicate",
  );
  assertEquals(found([...sends, poll([float(1), 11], "x", [1])]), "");
});

Deno.test("an offset that holds two messages is found, and a message at two offsets", () => {
  const twice = [sent("n0", 0, 10, 0), sent("n0", 10, 11, 1)];
  assertEquals(
    found([...twice, sent("n1", 0, 12, 1)]),
    "inconsistent-offsets",
  );
  const other = exchange("n1", 50, { type: "poll", offsets: { k: 1 } }, {
    type: "poll_ok",
    msgs: { k: [[1, 11], [2, 11]] },
  });
  assertEquals(found([...twice, other]), "duplicate");
});

Deno.test("messages that nobody sent, or whose send was refused, must not be polled", () => {
  assertEquals(found([polled("n0", 0, 0, [0])]), "invented-message");
  const send = { type: "send", key: "k", msg: 10 };
  const refused = exchange("n0", 0, send, { type: "error", code: 11 });
  assertEquals(found([refused, polled("n0", 10, 0, [0])]), "G1a");
  const unknown = exchange("n0", 0, send, { type: "error", code: 13 });
  assertEquals(found([unknown, polled("n0", 10, 0, [0])]), "");
});

Deno.test("one node's offsets rise in real time; those of concurrent sends are free", () => {
  const falling = [sent("n0", 0, 11, 1), sent("n0", 10, 10, 0)];
  assertEquals(found(falling), "nonmonotonic-send");
  assertEquals(found([sent("n0", 0, 11, 1, 30), sent("n0", 10, 10, 0)]), "");
  assertEquals(found([sent("n0", 0, 11, 1), sent("n1", 10, 10, 0)]), "");
});

Deno.test("a poll begins where it was asked to, goes up, and skips nothing", () => {
  const three = log("n0", "n0", "n0");
  const at = (from: number, offsets: number[]) =>
    found([...three, polled("n0", 100, from, offsets)]);
  assertEquals(at(1, [1, 2]), "");
  assertEquals(at(1, [0, 1, 2]), "poll-below-offset");
  assertEquals(at(0, [1, 0, 2]), "poll-order");
  assertEquals(at(0, [0, 2]), "poll-skip");
  const unasked = exchange("n0", 100, { type: "poll", offsets: {} }, {
    type: "poll_ok",
    msgs: { k: [[0, 10]] },
  });
  assertEquals(found([...three, unasked]), "unasked-key");
});

Deno.test("a gap that never gets a message is not a skip: offsets need not be dense", () => {
  const sparse = [sent("n0", 0, 10, 0), sent("n0", 10, 14, 4)];
  assertEquals(found([...sparse, polled("n0", 100, 0, [0, 4])]), "");
});

Deno.test("a node must keep showing what it has shown; another may be behind", () => {
  const start = [...log("n0", "n0"), polled("n0", 100, 0, [0, 1])];
  const slow = { visibilityMs: 1_000 };
  assertEquals(
    found([...start, polled("n0", 110, 1, [])], slow),
    "message-vanished",
  );
  assertEquals(found([...start, polled("n1", 110, 1, [])], slow), "");
});

Deno.test("every node must show a message within the promised time", () => {
  const late = (ms: number) =>
    found([...log("n0"), polled("n1", ms, 0, []), polled("n1", 900, 0, [0])], {
      visibilityMs: 250,
    });
  assertEquals(late(200), "");
  assertEquals(late(300), "late-message");
  const never = [...log("n0"), polled("n1", 300, 0, [])];
  assertEquals(found(never, { visibilityMs: 250 }), "lost-message");
});

Deno.test("on a machine that may have stalled, a real one too, a message may be later by the stalls that were seen, and no more", () => {
  const late = (ms: number, more: Partial<Recording>) =>
    found(
      [...log("n0"), polled("n1", ms, 0, []), polled("n1", 900, 0, [0])],
      { visibilityMs: 250 },
      more,
    );
  for (const machine of [{ machine: "busy" }, { faults: undefined }]) {
    assertEquals(late(590, machine as Partial<Recording>), "");
    assertEquals(late(600, machine as Partial<Recording>), "late-message");
  }
});

Deno.test("if a program promises nothing, polls may return anything, but everything in the end", () => {
  const start = [...log("n0", "n0"), polled("n0", 90, 0, [0, 1])];
  const late = [
    ...start,
    polled("n0", 9_000, 0, []),
    polled("n1", 9_000, 0, [0]),
  ];
  assertEquals(found(late), "");
  const afterwards = (...last: Exchange[]) =>
    found(start, {}, {
      aftermath: {
        healedAt: 10e9,
        journal: journalOf(last),
        history: ["n0", "n1"].map((node, index) => ({
          ...{ index, time: 11e9, type: "ok" as const, process: index, node },
          f: "peek",
          value: null,
        })),
      },
    });
  const all = [polled("n0", 11_000, 0, [0]), polled("n0", 11_010, 1, [1])];
  assertEquals(afterwards(...all, polled("n0", 11_020, 2, [])), "");
  assertEquals(afterwards(...all.slice(1)), "", "there may be more to come");
  assertEquals(
    afterwards(all[0]!, polled("n0", 11_020, 1, [])),
    "lost-message",
  );
});

Deno.test("in a recording without an aftermath, what no poll showed long after is lost", () => {
  const start = [...log("n0", "n0"), polled("n0", 90, 0, [0])];
  assertEquals(found([...start, polled("n0", 4_000, 1, [])]), "");
  assertEquals(found([...start, polled("n1", 6_000, 1, [])]), "lost-message");
  const shown = polled("n0", 9_000, 1, [1]);
  assertEquals(found([...start, polled("n1", 6_000, 1, []), shown]), "");
});

Deno.test("while a node is cut off, and shortly after, nothing need be shown", () => {
  const cut = (time: number, f: string) => ({
    index: 0,
    time: time * 1e6,
    type: "info" as const,
    process: "nemesis",
    f,
    value: null,
  });
  const history = [cut(0, "start-partition"), cut(500, "stop-partition")];
  const promises = { visibilityMs: 100, convergenceMs: 1_000 };
  const missed = (ms: number, more: Promises = {}) =>
    found([...log("n0"), polled("n1", ms, 0, [])], { ...promises, ...more }, {
      history,
    });
  assertEquals(missed(400), "");
  assertEquals(missed(1_400), "");
  assertEquals(missed(1_600), "lost-message");
  assertEquals(missed(400, { boundsUnderFaults: true }), "lost-message");
});

Deno.test("a commit is listed at once where it was made, in time elsewhere, and never taken back", () => {
  const start = [...log("n0", "n0"), committed("n0", 100, 1)];
  const promises = { visibilityMs: 250 };
  assertEquals(
    found([...start, listed("n0", 110, {})], promises),
    "commit-lost",
  );
  assertEquals(found([...start, listed("n1", 300, {})], promises), "");
  assertEquals(
    found([...start, listed("n1", 400, {})], promises),
    "commit-lost",
  );
  const back = [
    ...start,
    committed("n1", 100, 0),
    listed("n1", 200, { k: 1 }),
    listed("n1", 300, { k: 0 }),
  ];
  assertEquals(found(back, promises), "commit-regressed");
});

Deno.test("nothing is listed that was never committed; if promised, not even 0 for an unknown key", () => {
  const promises = { visibilityMs: 250 };
  const zero = [listed("n0", 100, { k: 0 })];
  assertEquals(found(zero, promises), "commit-invented");
  assertEquals(found(zero), "", "that is where a client begins anyway");
  assertEquals(found([listed("n0", 100, { k: 3 })]), "commit-invented");
  assertEquals(found([listed("n0", 100, { j: 0 })]), "unasked-key");
  const start = [...log("n0"), committed("n0", 100, 0)];
  assertEquals(
    found([...start, listed("n0", 110, { k: 1 })]),
    "commit-invented",
  );
});

Deno.test("committing a lower offset may lower the committed one, unless more is promised", () => {
  const start = [
    ...log("n0", "n0", "n0"),
    committed("n0", 100, 2),
    committed("n0", 110, 0),
  ];
  const back = [...start, listed("n0", 120, { k: 0 })];
  assertEquals(found(back), "");
  assertEquals(found(back, { visibilityMs: 250 }), "commit-lost");
  assertEquals(found([...start, listed("n0", 120, { k: 2 })]), "");
  assertEquals(
    found([
      ...start.slice(0, -1),
      ...[listed("n0", 9_000, { k: 0 }), committed("n0", 9_010, 0)],
    ]),
    "commit-lost",
    "what is committed later has not lowered it yet",
  );
  const older = [committed("n0", 90, 1), ...start];
  assertEquals(found([...older, listed("n0", 9_000, { k: 1 })]), "commit-lost");
});

Deno.test("no commit is refused where that is promised; during a fault it may time out", () => {
  const request = { type: "commit_offsets", offsets: { k: 0 } };
  const answered = (code: number, more: Partial<Recording> = {}) =>
    found(
      [exchange("n0", 0, request, { type: "error", code })],
      promises,
      more,
    );
  const promises: Promises = { available: true };
  assertEquals(answered(11), "commit-refused");
  assertEquals(answered(13), "commit-refused");
  assertEquals(answered(13, { faults: "chaos" }), "");
  assertEquals(answered(11, { faults: "chaos" }), "commit-refused");
  promises.available = false;
  assertEquals(answered(11), "(commit-refused)");
});

Deno.test("every node is polled in the aftermath, and must answer", () => {
  const poll = (node: string, type: "ok" | "info") => ({
    index: 0,
    time: 1e9,
    process: 0,
    f: "peek",
    value: null,
    node,
    type,
  });
  const aftermath = (...history: ReturnType<typeof poll>[]) =>
    found([], {}, { aftermath: { history, journal: [], healedAt: 0 } });
  assertEquals(aftermath(poll("n0", "ok"), poll("n1", "ok")), "");
  assertEquals(
    aftermath(poll("n0", "ok"), poll("n1", "info")),
    "no-final-poll",
  );
});

Deno.test("a node that refuses everything from beginning to end need not answer its last poll, unless more is promised", () => {
  const refusal = (from: number) =>
    exchange("n1", from, { type: "poll", offsets: {} }, {
      type: "error",
      code: 11,
    });
  const aftermath = { history: [], journal: [], healedAt: 0 };
  const judged = (exchanges: Exchange[], promises: Promises = {}) =>
    found(exchanges, promises, { aftermath, options: { nodes: "n1" } });
  assertEquals(judged([refusal(0), refusal(5)]), "(no-final-poll)");
  assertEquals(judged([refusal(0), polled("n1", 5, 0, [])]), "no-final-poll");
  assertEquals(
    judged([refusal(0)], { visibilityMs: 0 }),
    "no-final-poll",
  );
});

Deno.test("the visibility lag is the longest time after which a poll still missed a message", () => {
  const lag = (...polls: Exchange[]) =>
    visibilityLagMs(recordingOf([...log("n0", "n0"), ...polls]));
  assertEquals(lag(), null);
  assertEquals(lag(polled("n1", 30, 0, [0, 1])), 0);
  assertEquals(lag(polled("n1", 51, 0, []), polled("n1", 61, 0, [0])), 50);
  assertEquals(lag(polled("n1", 51, 0, [0]), polled("n1", 61, 0, [0])), 50);
});
