/** The real Maelstrom's log: the command, and what became of nodes that it no longer heard. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { commandIn, incidentsIn } from "../../lib/workbench/maelstrom/log.ts";
import type { Op } from "../../lib/workbench/history/history.ts";

Deno.test("the command line of a log gives workload and options, and leaves out what the node gets", () => {
  assertEquals(
    commandIn(
      "2026 INFO [main] jepsen.cli: Command line:\n" +
        'lein run test -w txn-rw-register --bin "/some where/node" --node-count 2 --latency-dist uniform ' +
        "--consistency-models read-committed --concurrency 2n --rate 0.5 --log-stderr --nemesis partition -- --rate 7\n{...",
    ),
    {
      workload: "txn-rw-register",
      options: {
        "node-count": 2,
        "latency-dist": "uniform",
        "consistency-models": "read-committed",
        concurrency: "2n",
        rate: 0.5,
        "log-stderr": true,
        nemesis: "partition",
      },
    },
  );
  assertEquals(commandIn("\ntest -n a -n b").options, { nodes: "a,b" });
  assertEquals(commandIn("test --rate 9").workload, "lin-kv");
  for (
    const none of ["", "x: Command line:\nlein run demo\n", "tests -w echo"]
  ) {
    assertThrows(() => commandIn(none), Error, "the command line of a test");
  }
});

const HISTORY: Op[] = [{
  index: 0,
  time: 250_000_000,
  type: "invoke",
  process: 0,
  f: "echo",
  value: "a",
}];

/** An entry of a log, so many milliseconds after its first. */
function entry(ms: number, thread: string, text: string): string {
  const stamp = `2026-01-01 23:59:${String(58 + Math.floor(ms / 1000))},${
    String(ms % 1000).padStart(3, "0")
  }`;
  return `${stamp}{GMT}\tWARN\t[${thread}] some.place: ${text}\n`;
}

/** The log of a run whose first operation began at 0.25 s, with an error of a node 0.75 s later. */
function logWith(error: string, thread = "n0 stdout"): string {
  return entry(
    0,
    "jepsen test runner",
    "Command line:\nlein run test -w echo",
  ) +
    entry(500, "jepsen worker 0", '0\t:invoke\t:echo\t"a"') +
    entry(1250, thread, error) +
    entry(1300, "jepsen worker 0", '0\t:invoke\t:echo\t"b"');
}

const TRACE =
  "\tat some.place$fn.invoke(place.clj:1)\n\tat another.place(A.java:2)";

/** The error for a message that breaks Maelstrom's schema, as far as it is printed. */
const malformed = (message: string, because: string) =>
  `clojure.lang.ExceptionInfo: Malformed network message. Node n0 tried to send the following message via STDOUT:\n\n${message}\n\nThis is malformed because:\n\n${because}`;

/** The error for a message with an end that nobody has. */
const unknown = (end: "source" | "dest", fields: string) =>
  `java.lang.AssertionError: Assert failed: Invalid ${end} for message #maelstrom.net.message.Message{:id 9, ${fields}}\n(get queues (:${
    end === "dest" ? end : "src"
  } m))`;

for (
  const [what, error, problem, type = "protocol-violation", request] of [
    [
      "text on stdout",
      "clojure.lang.ExceptionInfo: Node n0 printed a line to STDOUT which was not well-formed JSON:\ngot: {a\nDid you mean to encode this line as JSON? Or not?",
      "it wrote a line that is not JSON: got: {a",
    ],
    [
      "an empty line",
      malformed("{:body {}}", "{:src missing-required-key}"),
      "it wrote an empty line, or one without src and dest",
    ],
    [
      "a key that a message has not",
      malformed(
        '{:src "n0",\n :dest "c1",\n :body {:type "a", :list [1 nil]},\n :extra 1}',
        "{:extra disallowed-key}",
      ),
      '"extra" does not belong beside src, dest and body: {"src":"n0","dest":"c1","body":{"type":"a","list":[1,null]},"extra":1}',
    ],
    [
      "an id that is no integer",
      malformed(
        '{:src "n0",\n :dest "c1",\n :body {:type "a"},\n :id 7.0}',
        "{:id (not (integer? 7.0))}",
      ),
      'id must be an integer: {"src":"n0","dest":"c1","body":{"type":"a"},"id":7.0}',
    ],
    [
      "a message to nobody",
      unknown("dest", ':src "n0", :dest "n9", :body {:type "a"}'),
      'it wrote to "n9", which is nobody: {"src":"n0","dest":"n9","body":{"type":"a"}}',
    ],
    [
      "a message signed by nobody",
      unknown("source", ':src "n7", :dest "n0", :body {:type "a"}'),
      'it signed a message as n7, who is nobody: {"src":"n7","dest":"n0","body":{"type":"a"}}',
    ],
    [
      "a reply to a client that has gone",
      unknown(
        "dest",
        ':src "n0", :dest "c2", :body {:type "echo_ok", :in_reply_to 7}',
      ),
      'it wrote to client c2, which has given up and gone, or never was: {"src":"n0","dest":"c2","body":{"type":"echo_ok","in_reply_to":7}}',
      "gone-client",
      { client: "c2", number: 7 },
    ],
    [
      "a number for a message",
      "java.lang.IllegalArgumentException: Don't know how to make a map",
      "Maelstrom could not read what it wrote (Don't know how to make a map)",
    ],
    [
      "half a message",
      malformed('{:src "n0"', "{}"),
      "Maelstrom could not read what it wrote (Malformed network message. Node n0 tried to send the following message via STDOUT:)",
    ],
  ] as const
) {
  Deno.test(`a log tells that a node was ignored after ${what}`, () => {
    const log = logWith(`Error!\n${error}\n${TRACE}`);
    assertEquals(incidentsIn(log, HISTORY), [{
      time: 1_000_000_000,
      node: "n0",
      type,
      text: `n0: ${problem}; Maelstrom never heard it again`,
      ...(request && { request }),
    }]);
  });
}

Deno.test("a log tells how a node ended, and what it said last", () => {
  const crash = (stderr: string) =>
    logWith(
      `Test crashed!\nclojure.lang.ExceptionInfo: Node n1 crashed with exit status 3. Before crashing, it wrote to STDOUT:\n\n{"src": "n1"}\n\nAnd to STDERR:\n\n${stderr}\n\nFull STDERR logs are available in /store/n1.log\n${TRACE}`,
      "jepsen test runner",
    );
  const incident = {
    time: 1_000_000_000,
    node: "n1",
    type: "process-exit" as const,
  };
  assertEquals(
    incidentsIn(crash("\x1b[31mTrace\x1b[0m:\n  it broke"), HISTORY),
    [{
      ...incident,
      text:
        "n1 crashed with exit status 3; its last lines on stderr:\n  Trace:\n    it broke",
    }],
  );
  const stack = "goroutine 1\n".repeat(100);
  const [{ text } = { text: "" }] = incidentsIn(
    crash(`Received\npanic: why\n${stack}`),
    HISTORY,
  );
  assertMatch(text, /its last lines on stderr:\n {2}panic: why(\n.*){7}$/);
  assertEquals(incidentsIn(crash(""), HISTORY), [{
    ...incident,
    text: "n1 crashed with exit status 3; it wrote nothing to stderr",
  }]);
});

Deno.test("a log without errors, or of another kind, has no incidents", () => {
  assertEquals(incidentsIn(logWith("Error!", "jepsen worker 0"), HISTORY), []);
  assertEquals(incidentsIn("", []), []);
  assertEquals(incidentsIn("Error!\njava.lang.Error: x\n\tat y", []), []);
});

Deno.test("Maelstrom's verdict on a run with a node it no longer heard stands, and the strict judge says why the node was silent", () => {
  const { results, strict } = judge({
    workload: "echo",
    options: { "node-count": 1 },
    exit: 0,
    history: [
      ...HISTORY,
      {
        ...HISTORY[0]!,
        index: 1,
        time: 300_000_000,
        type: "ok",
        value: { echo: "a" },
      },
    ],
    journal: [],
    incidents: incidentsIn(
      logWith(`Error!\njava.lang.Error: cannot\n${TRACE}`),
      HISTORY,
    ),
    faithful: true,
  });
  assertEquals(results["valid?"], true);
  assertEquals(strict.anomalies, [{
    type: "protocol-violation",
    because: [
      "at 1.000 s: n0: Maelstrom could not read what it wrote (cannot); Maelstrom never heard it again",
    ],
  }]);
});
