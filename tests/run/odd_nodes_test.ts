/**
 * Nodes that write what no library would: odd lines, odd numbers, others' names. Their
 * verdicts are those of recorded runs of the real Maelstrom, in which a node wrote the same.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  float,
  type Json,
  type JsonObject,
  parse,
  stringify,
} from "../../lib/workbench/history/json.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import { reportHtml } from "../../lib/workbench/report/report.ts";
import { overall } from "../../lib/workbench/checkers/judges.ts";
import type { Validity } from "../../lib/workbench/checkers/verdict.ts";
import { workloads } from "../../lib/workbench/workloads/all.ts";
import {
  type Asked,
  line,
  reply,
  runWriting,
  type Writer,
} from "../fixtures/written-nodes.ts";

const echo = (asked: Asked, more: JsonObject = {}) =>
  reply(asked, { echo: asked.body.echo!, ...more });

/** Echoes, and at its fourth request writes something besides. */
const besides = (odd: (asked: Asked) => string): Writer => (asked) =>
  asked.body.type !== "echo"
    ? "" // it may have sent itself something
    : `${asked.count === 3 ? odd(asked) : ""}${echo(asked)}\n`;

/** A node that does one odd thing, and what becomes of it. */
interface Odd {
  what: string;
  write: Writer;
  options?: Options;
  /** Whether it is heard to the end when a broken line mutes. */
  heard: boolean;
  /** The strict verdict, where not every odd thing is a fault. */
  strict: Validity;
}

const LINES: Odd[] = [
  {
    what: "writes every reply twice on one line",
    write: (asked) => `${echo(asked)}${echo(asked)}\n`,
    heard: true,
    strict: true,
  },
  {
    what: "writes a remark behind every reply",
    write: (asked) => `${echo(asked)}  // {"done"\n`,
    heard: true,
    strict: true,
  },
  {
    what: "ends its lines with CR LF",
    write: (asked) => `${echo(asked)}\r\n`,
    heard: true,
    strict: true,
  },
  {
    what: "ends its lines with CR",
    write: (asked) => `${echo(asked)}\r`,
    heard: true,
    strict: true,
  },
  {
    what: "puts blanks around its lines",
    write: (asked) => ` \t${echo(asked)} \t\n`,
    heard: true,
    strict: true,
  },
  {
    what: "repeats a key, the last time right",
    write: (asked) => echo(asked).replace("{", '{"src":7,') + "\n",
    heard: true,
    strict: true,
  },
  {
    what: "gives every message an id",
    write: (asked) =>
      echo(asked).replace("{", '{"id":9007199254740993,') + "\n",
    heard: true,
    strict: true,
  },
  {
    what: "sends messages without a body",
    write: besides(({ node }) => `{"src":"${node}","dest":"${node}"}\n`),
    heard: true,
    strict: true,
  },
  {
    what: "sends a body that is null",
    write: besides(({ node }) =>
      `{"src":"${node}","dest":"${node}","body":null}\n`
    ),
    heard: true,
    strict: true,
  },
  {
    what: "sends a body that is an empty list",
    write: besides(({ node }) =>
      `{"src":"${node}","dest":"${node}","body":[]}\n`
    ),
    heard: true,
    strict: true,
  },
  ...[
    ["an empty line", "\n"],
    ["a line of blanks", "  \r\n"],
    ["a line that is no JSON", "starting up\n"],
    ["a byte order mark", "\ufeff\n"],
    ["a list", "[]\n"],
    ["a number", "1.0\n"],
    ["half a message", '{"src":"n0","dest":\n'],
    ["NaN", '{"src":"n0","dest":"n0","body":{"x":NaN}}\n'],
    ["a message to nobody", line("n0", "n9", { type: "x" }) + "\n"],
    ["a message to null", '{"src":"n0","dest":null,"body":{}}\n'],
    ["a message from null", '{"src":null,"dest":"n0","body":{}}\n'],
    ["a message from nobody", line("n9", "n0", { type: "x" }) + "\n"],
    ["a message to a client of long ago", line("n0", "c0", {}) + "\n"],
    ["an unknown key", '{"src":"n0","dest":"n0","body":{},"sent":1}\n'],
    ["an id that is a float", '{"src":"n0","dest":"n0","body":{},"id":1.0}\n'],
    ["a body that is a text", '{"src":"n0","dest":"n0","body":"x"}\n'],
  ].map(([what, text]): Odd => ({
    what: `writes ${what}`,
    write: besides(() => text!),
    heard: false,
    strict: false,
  })),
];

for (const { what, write, options, heard, strict } of LINES) {
  Deno.test(`a node that ${what} is ${heard ? "heard" : "muted"}`, async () => {
    const plain = await runWriting("echo", write, options);
    assertEquals(plain.strict["valid?"], strict, stringify(plain.strict));
    assertEquals(plain.results["valid?"], heard ? true : "unknown");
    assertEquals(overall(plain), heard ? strict : false);
    const faithful = await runWriting("echo", write, options, true);
    assertEquals(faithful.results["valid?"], true);
    const ok = faithful.recording.history.filter(({ type }) => type === "ok");
    if (heard) assert(ok.length > 20, `${ok.length}`);
    else {
      assertEquals(ok.length, 3);
      const { error } = plain.results;
      assertStringIncludes(String(error), "use --faithful");
      const lives = plain.recording.history
        .filter(({ type }) => type === "ok");
      assert(lives.length > 20, `${lives.length}`);
    }
  });
}

Deno.test("a second init_ok right after the first finds its client gone", async () => {
  // The host's own init_ok is the first.
  const late: Writer = (asked) =>
    (asked.count === 0
      ? line(asked.node, "c0", { type: "init_ok", in_reply_to: 1 }) + "\n"
      : "") + echo(asked) + "\n";
  const { results, recording } = await runWriting("echo", late, {}, true);
  assertEquals(results["valid?"], false); // nothing was ever ok
  assertStringIncludes(recording.incidents![0]!.text, "client c0");
});

Deno.test("a message whose src is another node is delivered, and noted", async () => {
  const relay: Writer = (asked) =>
    (asked.node === "n0"
      ? line(asked.src, "n1", asked.body)
      : reply(asked, { echo: asked.body.echo! })) + "\n";
  for (const faithful of [false, true]) {
    const judged = await runWriting(
      "echo",
      relay,
      { "node-count": 2 },
      faithful,
    );
    assertEquals(judged.results["valid?"], true);
    assertEquals(judged.strict.anomalies, []);
    assertEquals(judged.strict.notes.map(({ type }) => type), [
      "foreign-source",
    ]);
  }
});

Deno.test("a request that a service does not know is noted, since nothing answers it", async () => {
  const asks = [["lin-kv", "get", "read, write and cas"], [
    "lin-tso",
    "cas",
    "ts",
  ]];
  for (const [service, type, known] of asks) {
    const { strict, results } = await runWriting(
      "echo",
      besides(({ node }) =>
        line(node, service!, { type: type!, msg_id: 7 }) + "\n"
      ),
    );
    assertEquals(results["valid?"], true);
    const [{ type: found, because } = { type: "", because: [] }] = strict.notes;
    assertEquals(found, "unknown-to-service");
    assertStringIncludes(because[0]!, `n0 asked ${service} {"type":"${type}"`);
    assertStringIncludes(because[0]!, `it knows ${known}`);
  }
});

Deno.test("nodes that forward a client's request without end are a storm", async () => {
  const pass: Writer = ({ node, src, body, count }) => {
    const on = line(src, node === "n0" ? "n1" : "n0", body) + "\n";
    return count < 25 ? on + on : on;
  };
  const options = { "node-count": 2, latency: 10 };
  const { strict } = await runWriting("echo", pass, options);
  const storm = strict.anomalies.find(({ type }) => type === "message-storm");
  assertStringIncludes(storm!.because[0]!, "sent echo");
});

Deno.test("in_reply_to is compared as it was written", async () => {
  const answers: [write: (id: number) => Json, ok: boolean][] = [
    [(id) => id, true],
    [(id) => float(id), false],
    [(id) => String(id), false],
    [(id) => [id], false],
    [(id) => id + 1000, false],
  ];
  for (const [write, ok] of answers) {
    const judged = await runWriting(
      "echo",
      (asked) =>
        echo(asked, { in_reply_to: write(Number(asked.body.msg_id)) }) + "\n",
    );
    assertEquals(judged.results["valid?"], ok);
    const { history } = judged.recording;
    assertEquals(history.some(({ type }) => type === "ok"), ok);
  }
});

Deno.test("msg_id and error codes are integers, and no floats", async () => {
  const verdict = async (write: (asked: Asked) => JsonObject) => {
    const { recording } = await runWriting(
      "unique-ids",
      (asked) => reply(asked, write(asked)) + "\n",
    );
    return recording.history.find(({ type }) => type !== "invoke")!;
  };
  const id = { id: 1 };
  for (
    const [number, type] of [["7", "ok"], ["1180591620717411303424", "ok"]]
      .concat([["7.0", "info"], ['"7"', "info"], ["null", "info"]])
  ) {
    const msg_id = parse(number!);
    assertEquals((await verdict(() => ({ ...id, msg_id }))).type, type);
  }
  const refused = (code: string) =>
    verdict(() => ({ type: "error", code: parse(code), text: "no" }));
  assertEquals((await refused("11")).type, "fail");
  const { error } = await verdict(() => ({
    type: "error",
    code: 11,
    text: { full: ["disk", 0] },
  }));
  assertEquals(error, ["temporarily-unavailable", '{"full":["disk",0]}']);
  for (const code of ["11.0", '"11"', "99", "null", "9007199254740993"]) {
    const { type, error } = await refused(code);
    assertEquals([type, error], ["info", ["unknown", "no"]]);
  }
});

/** A node that is right about one workload, with numbers put through `as`. */
function honest(workload: string, as: (value: number) => Json): Writer {
  const values: number[] = [];
  const logs = new Map<string, number[]>();
  let committed: JsonObject = {};
  const registers = new Map<string, Json>();
  let total = 0;
  const shown = (): JsonObject => {
    if (workload === "broadcast") return { messages: values.map(as) };
    return { value: workload === "g-set" ? values.map(as) : as(total) };
  };
  const answer = ({ body }: Asked): JsonObject => {
    const { type, key } = body;
    switch (`${type}`) {
      case "broadcast":
        values.push(Number(body.message));
        return {};
      case "add":
        if (body.element !== undefined) values.push(Number(body.element));
        else total += Number(body.delta);
        return {};
      case "send": {
        const log = logs.get(`${key}`) ?? [];
        logs.set(`${key}`, log);
        return { offset: as(log.push(Number(body.msg)) - 1) };
      }
      case "poll": {
        const offsets = body.offsets as { [key: string]: number };
        const msgs: JsonObject = {};
        for (const [key, from] of Object.entries(offsets)) {
          const found = (logs.get(key) ?? [])
            .map((message, at): Json[] => [as(at), message])
            .filter(([at]) => Number(at) >= from);
          if (found.length > 0) msgs[key] = found;
        }
        return { msgs };
      }
      case "commit_offsets":
        committed = { ...committed, ...body.offsets as JsonObject };
        return {};
      case "list_committed_offsets": {
        const listed = (body.keys as string[]).filter((key) =>
          key in committed
        );
        return {
          offsets: Object.fromEntries(
            listed.map((key) => [key, committed[key]!]),
          ),
        };
      }
      case "write":
        registers.set(`${key}`, body.value!);
        return {};
      case "txn":
        return {
          txn: (body.txn as [string, Json, Json][]).map(([f, key, value]) => {
            if (f === "r") return [f, key, registers.get(`${key}`) ?? null];
            const old = registers.get(`${key}`) as Json[] ?? [];
            const written = as(Number(value));
            registers.set(`${key}`, f === "w" ? written : [...old, written]);
            return [f, key, value];
          }),
        };
      default:
        return {};
    }
  };
  return (asked) => {
    const fields = asked.body.type === "read" ? shown() : answer(asked);
    return reply(asked, fields) + "\n";
  };
}

Deno.test("no workload takes a float for the integer of the same value", async () => {
  const wrong: [workload: string, anomaly: string][] = [
    ["broadcast", "lost"],
    ["g-set", "lost"],
    ["g-counter", "never-ok"],
    ["pn-counter", "never-ok"],
    ["kafka", "never-ok"],
    ["txn-rw-register", "internal"],
    ["txn-list-append", "internal"],
  ];
  for (const [workload, anomaly] of wrong) {
    const options = { concurrency: "2n", "time-limit": 5 };
    const right = await runWriting(
      workload,
      honest(workload, (value) => value),
      options,
    );
    assertEquals(right.results["valid?"], true, workload);
    assertEquals(right.strict.anomalies, [], workload);
    const floats = await runWriting(workload, honest(workload, float), options);
    assertEquals(floats.results["valid?"], false, workload);
    const found = floats.strict.anomalies.map(({ type }) => type);
    assert(found.includes(anomaly), `${workload}: ${found}`);
  }
});

Deno.test("a committed offset that is listed as a float is no offset, and is quoted", async () => {
  const right = honest("kafka", (value) => value);
  const { strict } = await runWriting("kafka", (asked) => {
    if (asked.body.type !== "list_committed_offsets") return right(asked);
    const keys = asked.body.keys as string[];
    const offsets = Object.fromEntries(keys.map((key) => [key, float(0)]));
    return reply(asked, { offsets }) + "\n";
  });
  const lost = strict.anomalies.find(({ type }) => type === "commit-lost");
  assertStringIncludes(lost!.because[0]!, "answered 0.0, but");
});

Deno.test("a register that reads 1.0 for 1 is not linearizable", async () => {
  const register = (as: (value: Json) => Json): Writer => {
    const registers = new Map<Json, Json>();
    return (asked) => {
      const { type, key, value, from, to } = asked.body;
      const now = registers.get(key!) ?? null;
      const error = (code: number) => reply(asked, { type: "error", code });
      if (type === "write") registers.set(key!, value!);
      if (type === "cas" && now === null) return error(20) + "\n";
      if (type === "cas" && now !== from) return error(22) + "\n";
      if (type === "cas") registers.set(key!, to!);
      return reply(asked, type === "read" ? { value: as(now) } : {}) + "\n";
    };
  };
  const options = { concurrency: "4n", "time-limit": 10 };
  const right = await runWriting("lin-kv", register((value) => value), options);
  assertEquals(right.results["valid?"], true);
  const floats = register((value) =>
    value === null ? null : float(Number(value))
  );
  const wrong = await runWriting("lin-kv", floats, options);
  assertEquals(wrong.results["valid?"], false);
  assertEquals(
    (wrong.results["workload"] as JsonObject)["failures"],
    [0],
  );
});

Deno.test("ids, offsets and counters of any size are told apart", async () => {
  const bigIds = (step: bigint): Writer => (asked) =>
    reply(asked, { id: 2n ** 70n + BigInt(asked.count) * step }) + "\n";
  const ids = await runWriting("unique-ids", bigIds(1n));
  assertEquals(ids.results["valid?"], true);
  assertEquals(ids.strict.anomalies, []);
  const same = await runWriting("unique-ids", bigIds(0n));
  assertEquals(same.results["valid?"], false);

  const options = { concurrency: "2n", "time-limit": 5 };
  const nanos = (value: number) => 1732795200000000000n + BigInt(value);
  const log = await runWriting("kafka", honest("kafka", nanos), options);
  assertEquals(log.results["valid?"], true);
  assertEquals(log.strict.anomalies, []);
  assert(log.strict.notes.some(({ type }) => type === "maelstrom-throws"));

  const high = (by: bigint) => (value: number) => BigInt(value) + by;
  const beyond = await runWriting(
    "pn-counter",
    honest("pn-counter", high(2n ** 64n)),
  );
  assertEquals(beyond.results["stats"], {
    ...beyond.results["stats"] as JsonObject,
    "valid?": false,
  });
  const within = await runWriting(
    "pn-counter",
    honest("pn-counter", high(2n ** 60n)),
  );
  const { "valid?": valid, "final-reads": finals } = within
    .results["workload"] as JsonObject;
  assertEquals(valid, false);
  assert((finals as bigint[])[0]! > 2n ** 59n);
});

Deno.test("an object that cannot be converted to text is a value like others", async () => {
  const odd = { toString: 1, valueOf: [2] };
  for (const field of ["in_reply_to", "type", "msg_id", "echo", "code"]) {
    const judged = await runWriting(
      "echo",
      (asked) => {
        const fields = field === "code" ? { type: "error" } : {};
        return echo(asked, { ...fields, [field]: odd }) + "\n";
      },
    );
    assertEquals(judged.strict["valid?"], false);
    assertStringIncludes(await reportHtml(judged), "toString");
  }
});

/** JSON of all kinds, with numbers in all their forms. */
const anything = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, true, false, 0, -1, 1, 0.5, 2n ** 70n),
    fc.constantFrom<Json>(float(0), float(1), float(Infinity), -(2n ** 64n)),
    fc.constantFrom<Json>("", "n0", "c0", "0", "r", "append", "w", "__proto__"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom("k", "0", "constructor", "9", "toString"),
      tie("value"),
      { maxKeys: 2 },
    ),
  ),
})).value;

const FIELDS = ["echo", "id", "messages", "value", "offset", "msgs", "offsets"]
  .concat(["txn", "code", "text", "msg_id", "in_reply_to", "type", "extra"]);

Deno.test("whatever nodes answer, there is a verdict", async () => {
  const body = fc.dictionary(fc.constantFrom(...FIELDS), anything);
  const bodies = fc.array(body, { minLength: 1, maxLength: 12 });
  const workload = fc.constantFrom(...Object.keys(workloads));
  await fc.assert(
    fc.asyncProperty(workload, bodies, async (workload, bodies) => {
      const write: Writer = (asked) =>
        reply(asked, bodies[asked.count % bodies.length]!) + "\n";
      const options = { concurrency: "2n", "time-limit": 1 };
      const judged = await runWriting(workload, write, options);
      assert([true, false, "unknown"].includes(overall(judged)));
      assertEquals(parse(stringify(judged.recording)) !== null, true);
    }),
    { numRuns: 150 },
  );
});
