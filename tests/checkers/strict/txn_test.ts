/** The strict judge of transactions on small histories, at least one for every anomaly. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { strictTxn } from "../../../lib/workbench/checkers/strict/txn.ts";
import { phenomenaIn } from "../../../lib/workbench/checkers/strict/txn-phenomena.ts";
import {
  concurrent,
  type Kind,
  sequential,
  type Span,
  spans,
} from "../../fixtures/txn-history.ts";
import {
  at,
  found,
  type Last,
  type Level,
  recordingOf,
} from "../../fixtures/txn-recording.ts";

/** What is found, by the level that is promised. */
type Table = [
  name: string,
  kind: Kind,
  all: Span[],
  last: Last,
  found: { [level in Level]?: string },
][];

const TABLE: Table = [
  [
    "everything in order",
    "register",
    at([0, "wx1 rx1"], [0, "rx1 wy2"], [0, "ry2 rx1"]),
    ["rx1 ry2", "rx1 ry2"],
    { "read-uncommitted": "", "causal": "", "strict-serializable": "" },
  ],
  [
    "a copy that is behind, and catches up",
    "register",
    at([0, "wx1"], [1, "rx_"], [1, "wy1"], [0, "ry_"]),
    ["rx1 ry1", "rx1 ry1"],
    {
      "read-uncommitted": "",
      "causal": "",
      "strict-serializable": "G-single-item-realtime",
    },
  ],
  [
    "a value out of thin air",
    "register",
    at([0, "wx1"], [0, "rx9"]),
    [],
    { "read-uncommitted": "thin-air-read", "causal": "thin-air-read" },
  ],
  [
    "a read of what failed",
    "register",
    at([0, "!wx1"], [1, "rx1"]),
    [],
    {
      "read-uncommitted": "G1a",
      "causal": "G1a",
      "strict-serializable": "G1a",
    },
  ],
  [
    "a read of what may have happened",
    "register",
    at([0, "?wx1"], [1, "rx1"]),
    [],
    { "read-uncommitted": "", "causal": "", "strict-serializable": "" },
  ],
  [
    "a list that has nothing but the element that its reader appended to it",
    "list",
    at([0, "ax1 ax2"], [0, "rx12 ax3 rx3"]),
    [],
    { "read-uncommitted": "internal", "causal": "internal" },
  ],
  [
    "lists that begin and go on differently",
    "list",
    at([0, "ax1"], [0, "ax2"], [0, "ax3"], [1, "rx123"], [2, "rx132"]),
    [],
    { "read-uncommitted": "cyclic-versions" },
  ],
  [
    "a state in the middle of a transaction",
    "register",
    concurrent("wx1 wx2", "rx1"),
    [],
    { "read-uncommitted": "", "causal": "G1b" },
  ],
  [
    "a list with half of what a transaction appended",
    "list",
    concurrent("ax1 ax2", "rx1"),
    [],
    { "read-uncommitted": "", "causal": "G1b fractured-read" },
  ],
  [
    "an own write that is not seen",
    "register",
    at([0, "wx1"], [0, "wx2 rx1"]),
    [],
    { "read-uncommitted": "internal", "causal": "internal" },
  ],
  [
    "two reads of a key that differ",
    "register",
    [...concurrent("wx1", "rx_ rx1")],
    [],
    { "read-uncommitted": "internal", "causal": "internal" },
  ],
  [
    "a list appended to and read again",
    "list",
    at([0, "ax1"], [0, "rx1 ax2 rx12"], [0, "ax3 rx123"]),
    ["rx123", "rx123"],
    { "read-uncommitted": "", "causal": "", "strict-serializable": "" },
  ],
  [
    "an element that is there twice",
    "list",
    at([0, "ax1"], [0, "rx11"]),
    [],
    { "causal": "duplicate-elements" },
  ],
  [
    "a value read before it is written",
    "register",
    at([0, "rx1 wx1"]),
    [],
    { "causal": "future-read" },
  ],
  [
    "a transaction seen in part",
    "register",
    concurrent("wx1 wy1", "rx1 ry_"),
    [],
    { "read-uncommitted": "", "causal": "fractured-read" },
  ],
  [
    "a transaction on lists seen in part",
    "list",
    concurrent("ax1 ay1", "rx1 ry_"),
    [],
    { "causal": "fractured-read" },
  ],
  [
    "an earlier write at the node that is not seen",
    "register",
    at([0, "wx1"], [4, "rx_"]),
    [],
    { "read-uncommitted": "vanished-value", "causal": "read-your-writes" },
  ],
  [
    "an earlier read at the node that is not repeated",
    "register",
    at([0, "wx1"], [1, "rx1"], [1, "rx_"]),
    [],
    { "read-uncommitted": "vanished-value", "causal": "monotonic-reads" },
  ],
  [
    "two writes at a node seen in the wrong order",
    "register",
    at([0, "wx1"], [0, "wy1"], [1, "ry1 rx_"]),
    [],
    { "read-uncommitted": "", "causal": "monotonic-writes" },
  ],
  [
    "a write seen without what was read before it",
    "register",
    at([0, "wx1"], [1, "rx1 wy1"], [2, "ry1 rx_"]),
    [],
    { "read-uncommitted": "", "causal": "writes-follow-reads" },
  ],
  [
    "a write seen without what it follows at third hand",
    "register",
    at([0, "wx1"], [1, "rx1 wy1"], [2, "ry1 wz1"], [3, "rz1 rx_"]),
    [],
    { "read-uncommitted": "", "causal": "causality-violation" },
  ],
  [
    "an older version where a newer one is in the past",
    "register",
    at([0, "wx1"], [0, "wx2 wy1"], [1, "ry1 rx1"]),
    [],
    { "causal": "fractured-read" },
  ],
  [
    "information that flows in a circle",
    "register",
    concurrent("wx1 ry1", "rx1 wy1"),
    [],
    { "causal": "G1c", "strict-serializable": "G1c" },
  ],
  [
    "two replicas that put two versions in different orders",
    "register",
    [
      ...at([0, "wx1"], [0, "rx2"]),
      ...at([1, "wx2"], [1, "rx1"]),
    ],
    [],
    { "read-uncommitted": "cyclic-versions", "causal": "cyclic-versions" },
  ],
  [
    "versions in different orders, as only causes and effects tell",
    "register",
    [
      ...at([0, "wx1"], [0, "wz1"], [3, "rz1 rx2"]),
      ...at([1, "wx2"], [1, "wy1"], [2, "ry1 rx1"]),
    ],
    [],
    { "read-uncommitted": "", "causal": "commit-order-cycle" },
  ],
  [
    "two transactions that wrote over each other, blindly",
    "register",
    concurrent("wx1 wy1", "wx2 wy2"),
    ["rx1 ry2", "rx1 ry2"],
    { "read-uncommitted": "G0", "causal": "G0" },
  ],
  [
    "two transactions whose elements are in different orders",
    "list",
    concurrent("ax1 ay1", "ax2 ay2"),
    ["rx12 ry21", "rx12 ry21"],
    { "read-uncommitted": "G0", "causal": "G0", "strict-serializable": "G0" },
  ],
  [
    "replicas that stay apart",
    "register",
    concurrent("wx1", "wx2"),
    ["rx1", "rx2"],
    {
      "read-uncommitted": "divergent-replicas",
      "causal": "divergent-replicas",
    },
  ],
  [
    "a write that is nowhere in the end",
    "register",
    at([0, "wx1"], [1, "wy1"]),
    ["rx1 ry1", "rx1 ry_"],
    {
      "read-uncommitted": "vanished-value divergent-replicas lost-write",
      "causal": "read-your-writes divergent-replicas lost-write",
    },
  ],
  [
    "an element that is nowhere in the end",
    "list",
    at([0, "ax1"], [1, "ax2"]),
    ["rx1", "rx1"],
    { "read-uncommitted": "lost-write" },
  ],
  [
    "a node that does not answer in the end",
    "register",
    at([0, "wx1"]),
    ["rx1", "?rx1"],
    {
      "read-uncommitted": "no-final-read",
      "causal": "no-final-read",
      "strict-serializable": "no-final-read",
    },
  ],
  [
    "a lost update",
    "register",
    concurrent("rx_ wx1", "rx_ wx2"),
    ["rx2", "rx2"],
    { "causal": "", "strict-serializable": "G-single-item" },
  ],
  [
    "write skew",
    "register",
    concurrent("rx_ wy1", "ry_ wx1"),
    ["rx1 ry1", "rx1 ry1"],
    { "causal": "", "strict-serializable": "G2-item" },
  ],
  [
    "blind writes one after the other, and the first one back",
    "register",
    spans(["wx1", 0, 1], ["wx2", 2, 3], ["rx1", 4, 5]),
    [],
    { "strict-serializable": "G-single-item-realtime" },
  ],
  [
    "blind writes at one time, each of them found in turn",
    "register",
    spans(
      ["wx1", 0, 9],
      ["wx2", 1, 8],
      ["rx1", 10, 11],
      ["rx2", 12, 13],
      ["rx1", 14, 15],
    ),
    [],
    { "strict-serializable": "commit-order-cycle" },
  ],
];

for (const [name, kind, all, last, verdicts] of TABLE) {
  for (const [level, expected] of Object.entries(verdicts)) {
    Deno.test(`${name}, where ${level} is promised: ${expected || "nothing to say"}`, () => {
      assertEquals(
        found(recordingOf(kind, all, last), level as Level),
        expected,
      );
    });
  }
}

Deno.test("a reply with other steps than its request's is a mismatch, and tells nothing", () => {
  const recording = recordingOf("register", at([0, "wx1"], [0, "rx1"]));
  recording.history[3]!.value = [["r", "y", 7]];
  assertEquals(found(recording, "causal"), "reply-mismatch");
  recording.history[3]!.value = [];
  assertEquals(found(recording, "causal"), "reply-mismatch");
  recording.history[1]!.value = [["w", "x", 2]];
  assertEquals(found(recording, "causal"), "reply-mismatch");
});

Deno.test("a node that refuses everything from beginning to end need not answer in the end, unless it promises to", () => {
  const ranks = (...all: Span[]) => {
    const recording = recordingOf("register", all, ["rx1", "!rx1"]);
    return strictTxn(recording, {}).map(({ type, rank }) => `${type} ${rank}`);
  };
  const refused = at([0, "wx1"], [1, "!wy1"]);
  assertEquals(ranks(...refused), ["no-final-read note"]);
  assertEquals(ranks(...at([0, "wx1"], [1, "rx1"])), [
    "no-final-read undefined",
  ]);
  const recording = recordingOf("register", refused, ["rx1", "!rx1"]);
  assertEquals(found(recording, "causal"), "no-final-read");
});

Deno.test("every phenomenon of the table is recognised, and one at a time", () => {
  const seen = (...all: Span[]) =>
    [
      ...phenomenaIn(recordingOf("list", all)),
    ].join(", ");
  const table: [string, Span[]][] = [
    ["", at([0, "ax1"], [0, "rx1 ax2"], [0, "rx12"])],
    ["G0", [
      ...concurrent("ax1 ay1", "ax2 ay2"),
      ...spans(["rx12 ry21", 2e3, 3e3]),
    ]],
    ["G1a", at([0, "!ax1"], [1, "rx1"])],
    ["G1c", concurrent("ax1 ry1", "rx1 ay1")],
    ["fractured read", concurrent("ax1 ay1", "rx1 ry_")],
    ["lost update", concurrent("rx_ ax1", "rx_ ax2")],
    ["write skew", concurrent("rx_ ay1", "ry_ ax1")],
    ["real-time violation", at([0, "ax1"], [1, "rx_"])],
    [
      "non-monotonic session, real-time violation",
      at([0, "ax1"], [1, "rx1"], [1, "rx_"]),
    ],
    [
      "causality violation, real-time violation",
      at([0, "ax1"], [1, "rx1 ay1"], [2, "ry1 rx_"]),
    ],
  ];
  for (const [expected, all] of table) assertEquals(seen(...all), expected);
  assert(seen(...concurrent("ax1 ax2", "rx1")).startsWith("G1b"));
  assertThrows(
    () => phenomenaIn(recordingOf("register", sequential(["wx1"]))),
    Error,
    "Cannot tell the phenomena",
  );
});
