/** The checker of Kafka-style logs: every error type, what passes, and where it cannot tell. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  clojureHash,
  setOrder,
} from "../../lib/workbench/checkers/clojure-order.ts";
import { checkKafka } from "../../lib/workbench/checkers/kafka/kafka.ts";
import { type Results, THROWS } from "../../lib/workbench/checkers/verdict.ts";
import {
  type Json,
  type JsonObject,
  parse,
} from "../../lib/workbench/history/json.ts";
import { historyOf, type Line } from "../fixtures/histories.ts";

/** An offset and the message there. */
type At = [offset: number, message: Json];

function send(process: number, [offset, message]: At, key = "k"): Line[] {
  return [
    ["invoke", process, "send", [["send", key, message]]],
    ["ok", process, "send", [["send", key, [offset, message]]]],
  ];
}

function unsureSend(
  process: number,
  message: Json,
  type: "info" | "fail" = "info",
): Line[] {
  const value = [["send", "k", message]];
  const error = "net-timeout";
  return [
    ["invoke", process, "send", value],
    [type, process, "send", value, { error }],
  ];
}

function poll(process: number, polled: { [key: string]: At[] }): Line[] {
  return [
    ["invoke", process, "poll", [["poll"]]],
    ["ok", process, "poll", [["poll", polled]]],
  ];
}

function assign(
  process: number,
  keys: string[],
  type: "ok" | "info" | "fail" = "ok",
): Line[] {
  return [["invoke", process, "assign", keys], [type, process, "assign", keys]];
}

function check(...lines: Line[]) {
  return checkKafka(historyOf(...lines));
}

/** The error types and counts of a history. */
function errors(...lines: Line[]): JsonObject {
  const results = check(...lines);
  const types = results["error-types"] as string[];
  return Object.fromEntries(types.map((type) => {
    const { count, unseen } = results[type] as JsonObject;
    return [type, count ?? unseen!];
  }));
}

/** Messages 10, 11, ... at offsets 0, 1, ...: acknowledged to process 0. */
function sends(count: number): Line[] {
  return Array.from({ length: count }, (_, i) => send(0, [i, 10 + i])).flat();
}

/** Everything that {@link sends} sent. */
function all(count: number): { k: At[] } {
  return { k: Array.from({ length: count }, (_, i) => [i, 10 + i]) };
}

Deno.test("a log that everybody sees alike is valid, gaps between offsets included", () => {
  const results = check(
    ...assign(1, ["k"]),
    ...poll(1, { k: [] }),
    ...send(0, [0, 10]),
    ...poll(1, { k: [[0, 10]] }),
    ...send(0, [5, 11]),
    ...send(0, [9, 12]),
    ...poll(1, { k: [[5, 11], [9, 12]] }),
  );
  assertEquals(results, {
    "valid?": true,
    "worst-realtime-lag": { time: 0.002, process: 1, key: "k", lag: 0 },
    "bad-error-types": [],
    "error-types": [],
    "info-txn-causes": [],
  });
});

Deno.test("an acknowledged message that was never polled is unseen", () => {
  const results = check(
    ...sends(3),
    ...send(0, [0, 7], "other"),
    ...poll(1, { k: [[0, 10]] }),
  );
  assertEquals(results["bad-error-types"], ["unseen"]);
  assertEquals(results["unseen"], {
    time: 9e6,
    unseen: { k: 2, other: 1 },
    messages: { k: [11, 12], other: [7] },
  });
});

Deno.test("an acknowledged message before a polled one which nobody polled is a lost write", () => {
  const results = check(...sends(3), ...poll(1, { k: [[0, 10], [2, 12]] }));
  assertEquals(results["error-types"], [
    "int-poll-skip",
    "lost-write",
    "unseen",
  ]);
  const { count, errs } = results["lost-write"] as {
    count: number;
    errs: JsonObject[];
  };
  assertEquals(count, 1);
  const { writer, "max-read": reader, ...error } = errs[0]!;
  assertEquals(error, { key: "k", value: 11, index: 1, "max-read-index": 2 });
  assertEquals((writer as JsonObject)["index"], 3);
  assertEquals((reader as JsonObject)["index"], 7);
});

Deno.test("a message after all polled ones is not a lost write", () => {
  assertEquals(errors(...sends(2), ...poll(1, { k: [[0, 10]] })), {
    unseen: { k: 1 },
  });
});

Deno.test("a message of a send of unknown outcome may be seen or not", () => {
  const unsure = unsureSend(5, 99);
  assertEquals(errors(...sends(1), ...unsure, ...poll(1, all(1))), {});
  assertEquals(
    errors(...sends(1), ...unsure, ...poll(1, { k: [[0, 10], [1, 99]] })),
    {},
  );
});

Deno.test("a polled message of a failed send is G1a", () => {
  assertEquals(
    errors(
      ...unsureSend(5, 99, "fail"),
      ...poll(1, { k: [[0, 99]] }),
      ...poll(1, {}),
    ),
    { G1a: 1 },
  );
});

Deno.test("what the last operation polls counts as unseen if its log had not been seen or sent to", () => {
  const unsure = unsureSend(5, 99), show = poll(1, { k: [[0, 99]] });
  assertEquals(errors(...unsure, ...show), { unseen: { k: 1 } });
  assertEquals(errors(...unsure, ...show, ...poll(2, {})), {});
  assertEquals(errors(...unsure, ...poll(2, { k: [] }), ...show), {});
  assertEquals(errors(...unsure, ...send(0, [1, 5]), ...show), {
    unseen: { k: 1 },
  });
});

Deno.test("of unseen messages the lowest are shown, and the time is that of the last send or poll", () => {
  const results = check(
    ...Array.from({ length: 40 }, (_, i) => send(0, [i, 99 - i])).flat(),
    ...poll(1, {}),
    ["invoke", 1, "assign", ["k"]],
    ["ok", 1, "assign", ["k"]],
  );
  assertEquals(results["unseen"], {
    time: 81e6,
    unseen: { k: 40 },
    messages: { k: Array.from({ length: 32 }, (_, i) => 60 + i) },
  });
});

Deno.test("two messages at one offset are inconsistent", () => {
  const results = check(
    ...send(0, [0, 1]),
    ...send(1, [0, 8]),
    ...poll(2, { k: [[0, 1]] }),
    ...poll(3, { k: [[0, 8]] }),
  );
  assertEquals(results["bad-error-types"], ["inconsistent-offsets"]);
  assertEquals(results["inconsistent-offsets"], {
    count: 1,
    errs: [{ key: "k", offset: 0, index: 0, values: [1, 8] }],
  });
});

Deno.test("a message at two offsets of one key is a duplicate", () => {
  const results = check(
    ...send(0, [0, 10]),
    ...poll(1, { k: [[0, 10]] }),
    ...poll(2, { k: [[4, 10]] }),
  );
  assertEquals(results["bad-error-types"], ["duplicate"]);
  assertEquals(results["duplicate"], {
    count: 1,
    errs: [{ key: "k", value: 10, count: 2, offsets: [0, 4] }],
  });
  const elsewhere = send(0, [0, 10], "other");
  const polled = poll(1, { k: [[0, 10]], other: [[0, 10]] });
  assertEquals(errors(...send(0, [0, 10]), ...elsewhere, ...polled), {});
});

Deno.test("a gap or a step back within one poll is internal to it", () => {
  const others = poll(2, all(3));
  assertEquals(
    errors(...sends(3), ...others, ...poll(1, { k: [[0, 10], [2, 12]] })),
    { "int-poll-skip": 1 },
  );
  assertEquals(
    errors(...sends(3), ...others, ...poll(1, { k: [[1, 11], [0, 10]] })),
    { "int-nonmonotonic-poll": 1 },
  );
  assertEquals(
    errors(...sends(3), ...others, ...poll(1, { k: [[1, 11], [1, 11]] })),
    { "int-nonmonotonic-poll": 1 },
  );
});

Deno.test("a gap or a step back from one poll of a process to its next is external", () => {
  const before = [...sends(3), ...poll(2, all(3))];
  const then = (process: number, at: At) =>
    errors(
      ...before,
      ...poll(1, { k: [[0, 10]] }),
      ...poll(process, { k: [at] }),
    );
  assertEquals(then(1, [1, 11]), {});
  assertEquals(then(1, [2, 12]), { "poll-skip": 1 });
  assertEquals(then(1, [0, 10]), { "nonmonotonic-poll": 1 });
  assertEquals(then(3, [2, 12]), {});
});

Deno.test("the skipped messages of a poll skip are named", () => {
  const results = check(
    ...sends(4),
    ...poll(2, all(4)),
    ...poll(1, { k: [[0, 10]] }),
    ...poll(1, { k: [[3, 13]] }),
  );
  const { errs } = results["poll-skip"] as { errs: JsonObject[] };
  const { key, values, delta, skipped, ops } = errs[0]!;
  assertEquals({ key, values, delta, skipped }, {
    key: "k",
    values: [10, 13],
    delta: 3,
    skipped: [11, 12],
  });
  assertEquals((ops as JsonObject[]).map((op) => op["index"]), [11, 13]);
});

Deno.test("an assignment that does not list a key ends what is remembered of it", () => {
  const skip = (...between: Line[]) =>
    errors(
      ...sends(3),
      ...poll(2, all(3)),
      ...poll(1, { k: [[0, 10]] }),
      ...between,
      ...poll(1, { k: [[2, 12]] }),
    );
  assertEquals(skip(...assign(1, ["k", "other"])), { "poll-skip": 1 });
  assertEquals(skip(...assign(1, ["other"])), {});
  assertEquals(skip(...assign(1, ["other"], "info")), {});
  assertEquals(skip(...assign(1, ["other"], "fail")), { "poll-skip": 1 });
  assertEquals(skip(...assign(2, ["other"])), { "poll-skip": 1 });
});

Deno.test("a poll that lists a key without messages hides the next skip, one that leaves it out does not", () => {
  const skip = (polled: { [key: string]: At[] }) =>
    errors(
      ...sends(3),
      ...poll(2, all(3)),
      ...poll(1, { k: [[0, 10]] }),
      ...poll(1, polled),
      ...poll(1, { k: [[2, 12]] }),
    );
  assertEquals(skip({ k: [] }), {});
  assertEquals(skip({}), { "poll-skip": 1 });
});

Deno.test("a send below the same process's previous one is nonmonotonic", () => {
  const read = poll(2, { k: [[0, 10], [1, 11]] });
  const [first, second]: At[] = [[0, 10], [1, 11]];
  assertEquals(errors(...send(0, second!), ...send(0, first!), ...read), {
    "nonmonotonic-send": 1,
  });
  assertEquals(errors(...send(0, second!), ...send(1, first!), ...read), {});
  assertEquals(
    errors(
      ...send(0, second!),
      ...assign(0, []),
      ...send(0, first!),
      ...read,
    ),
    {},
  );
});

Deno.test("a message that was polled before its send began is a cycle", () => {
  const early = (at: At, key = "k") => poll(1, { [key]: [at] });
  assertEquals(errors(...early([0, 10]), ...send(0, [0, 10])), {
    "G1c-realtime": 1,
    "strong-PL-2-cycle-exists": 1,
  });
  assertEquals(
    errors(
      ...poll(1, { k: [[0, 10]], j: [[0, 20]] }),
      ...send(0, [0, 10]),
      ...send(0, [0, 20], "j"),
    ),
    { "G1c-realtime": 1, "strong-PL-2-cycle-exists": 1 },
    "overlapping ones are one component",
  );
  assertEquals(
    errors(
      ...early([0, 10]),
      ...send(0, [0, 10]),
      ...early([0, 20], "j"),
      ...send(0, [0, 20], "j"),
    ),
    { "G1c-realtime": 2, "strong-PL-2-cycle-exists": 2 },
    "disjoint ones are two",
  );
});

Deno.test("a message that was polled during its send is not a cycle", () => {
  assertEquals(
    errors(
      ["invoke", 0, "send", [["send", "k", 10]]],
      ...poll(1, { k: [[0, 10]] }),
      ["ok", 0, "send", [["send", "k", [0, 10]]]],
    ),
    {},
  );
});

Deno.test("without two sends or polls in sequence there is no graph to judge", () => {
  const empty = { "empty-transaction-graph": 1 };
  assertEquals(errors(), empty);
  assertEquals(
    errors(["invoke", 0, "crash", null], ["info", 0, "crash", null]),
    empty,
  );
  assertEquals(errors(...poll(0, {})), empty);
  assertEquals(errors(...poll(0, {}), ...poll(1, {})), {});
});

Deno.test("operations of several sends and polls are judged internally, and gaps between own sends are allowed", () => {
  const txn = (value: Json[]): Line[] => [
    ["invoke", 0, "txn", []],
    ["ok", 0, "txn", value],
  ];
  const rest = [...send(1, [1, 11]), ...poll(2, all(3))];
  assertEquals(
    errors(
      ...txn([["send", "k", [0, 10]], ["send", "k", [2, 12]]]),
      ...rest,
    ),
    { "int-send-skip": 1 },
  );
  assertEquals(
    check(...txn([["send", "k", [0, 10]], ["send", "k", [2, 12]]]), ...rest)[
      "valid?"
    ],
    true,
  );
  assertEquals(
    errors(
      ...txn([["send", "k", [2, 12]], ["send", "k", [0, 10]]]),
      ...rest,
    ),
    { "int-nonmonotonic-send": 1 },
  );
  assertEquals(
    errors(
      ...txn([["send", "k", [0, 10]], ["poll", { k: [[0, 10]] }]]),
      ...poll(1, all(1)),
    ),
    { "precommitted-read": 1 },
  );
});

Deno.test("offsets below 0 have no place in the order", () => {
  const sent = [...send(0, [3, 10]), ...send(0, [-4, 11]), ...send(0, [4, 12])];
  const read = [
    ...poll(1, { k: [[3, 10], [4, 12]] }),
    ...poll(1, { k: [[-4, 11]] }),
  ];
  assertEquals(errors(...sent, ...read), {});
  assertEquals(check(...sent, ...read)[THROWS], undefined);
});

Deno.test("where Jepsen's checker throws, the verdict stands and says so, unless nobody sent what was polled", () => {
  const polled = (...at: At[]) => check(...sends(1), ...poll(1, { k: at }));
  assertThrows(() => polled([0, 999]), Error, "writer");
  const said = (results: Results) => String(results[THROWS]);
  const below = check(...send(0, [-1, 10]), ...poll(1, { k: [[-1, 10]] }));
  assertEquals(below["valid?"], true);
  assertStringIncludes(said(below), "an offset from 0 on");
  // One vector for all offsets.
  const far = 2 ** 33;
  const sparse = check(...send(0, [far, 10]), ...poll(1, { k: [[far, 10]] }));
  assertEquals(sparse["valid?"], true);
  assertStringIncludes(said(sparse), String(far));
  // A key of which nothing ever came, sent to or not, empty or null.
  const never = check(...sends(1), ...poll(1, { k: [] }));
  assertEquals(never["bad-error-types"], ["unseen"]);
  assertStringIncludes(said(never), "listed key k");
  for (const list of [[], null]) {
    const other = poll(1, { other: list as At[] });
    const unsent = check(...sends(1), ...poll(1, all(1)), ...other);
    assertEquals(unsent["valid?"], true);
    assertStringIncludes(said(unsent), "listed key other");
  }
  assertEquals(check(...sends(1), ...poll(1, all(1)))[THROWS], undefined);
});

Deno.test("offsets of nanoseconds are told apart to the last one", () => {
  const at = (i: number) => parse(`173279520000000000${i}`) as number;
  const log = [1, 2, 3].map((i): At => [at(i), 10 + i]);
  const sent = log.flatMap((there) => send(0, there));
  const errors = (polls: At[]) =>
    check(...sent, ...poll(1, { k: log }), ...poll(2, { k: polls }))[
      "bad-error-types"
    ];
  assertEquals(errors(log), []);
  assertEquals(errors([log[0]!, log[2]!]), ["int-poll-skip"]);
  assertEquals(errors([log[1]!, log[0]!]), ["int-nonmonotonic-poll"]);
  assertEquals(errors([[at(1), 11], [at(2), 13]]), [
    "duplicate",
    "inconsistent-offsets",
    "int-poll-skip",
  ]);
});

Deno.test("causes of unknown outcomes are listed once, crashes left out", () => {
  const results = check(
    ...unsureSend(0, 1),
    ...unsureSend(1, 2),
    ["invoke", 2, "crash", null],
    ["info", 2, "crash", null],
    ...poll(3, {}),
    ...poll(3, {}),
  );
  assertEquals(results["info-txn-causes"], ["net-timeout"]);
});

Deno.test("the lag is how long the next message had existed when a poll began", () => {
  const results = check(
    ...assign(1, ["k", "j"]),
    ...sends(3),
    ...poll(2, all(3)),
    ...poll(1, { k: [[0, 10]] }),
    ...poll(1, {}),
  );
  // Message 11 existed from 5 ms on; the last poll began at 12 ms.
  assertEquals(results["worst-realtime-lag"], {
    time: 0.012,
    process: 1,
    key: "k",
    lag: 0.007,
  });
});

Deno.test("the lag names no process and no key where nothing was polled", () => {
  assertEquals(check(...sends(3))["worst-realtime-lag"], { time: 0, lag: 0 });
});

Deno.test("sets are walked in Clojure's order", () => {
  // Order of (set (range 1 17)) in a Clojure REPL.
  const numbers = Array.from({ length: 16 }, (_, i) => i + 1);
  assertEquals(setOrder(numbers), [
    7,
    1,
    4,
    15,
    13,
    6,
    3,
    12,
    2,
    11,
    9,
    5,
    14,
    16,
    10,
    8,
  ]);
  assertEquals(clojureHash(1), 1392991556);
});
