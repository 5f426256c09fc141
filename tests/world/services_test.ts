import { assert, assertEquals, assertGreater } from "@std/assert";
import {
  type Json,
  parse,
  stringify,
} from "../../lib/workbench/history/json.ts";
import type { Body } from "../../lib/workbench/history/history.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import {
  createServices,
  type ServiceEvent,
  type ServiceName,
} from "../../lib/workbench/world/services.ts";

/** Services, what happened in them, and a short way to ask them. */
function services(seed: number, faithful = false) {
  const events: ServiceEvent[] = [];
  const all = createServices(seeded(seed), {
    faithful,
    onEvent: (event) => events.push(event),
  });
  const asker = (service: ServiceName) => (src: string, body: Body) =>
    all[service].handle(src, body);
  return {
    events,
    lin: asker("lin-kv"),
    seq: asker("seq-kv"),
    lww: asker("lww-kv"),
    tso: asker("lin-tso"),
  };
}

const read = (key: Json): Body => ({ type: "read", key });
const write = (key: Json, value: Json): Body => ({ type: "write", key, value });
const cas = (key: Json, from: Json, to: Json): Body => ({
  type: "cas",
  key,
  from,
  to,
});

/** A reply in one word: its code or value, or its type. */
function short(reply: Body | null): Json {
  return reply?.code ??
    (reply?.type === "read_ok" ? reply.value! : reply!.type!);
}

Deno.test("lin-kv answers reads, writes and compare-and-set with the replies and codes of Maelstrom", () => {
  const { lin, events } = services(1);
  const ask = (body: Body) => short(lin("n0", body));
  assertEquals(ask(read("k")), 20);
  assertEquals(ask(cas("k", 1, 2)), 20);
  assertEquals(ask(write("k", 1)), "write_ok");
  assertEquals(ask(read("k")), 1);
  assertEquals(ask(cas("k", 2, 3)), 22);
  assertEquals(ask(cas("k", 1, 2)), "cas_ok");
  assertEquals(ask(read("k")), 2);
  assertEquals(events, ["cas-lost"]);
  assertEquals(lin("n0", { ...cas("k", 7, 8), msg_id: 5 }), {
    type: "error",
    code: 22,
    text: "current value 2 is not 7",
    in_reply_to: 5,
  });
});

Deno.test("lin-kv creates a key by compare-and-set only if told to, whatever `from` says", () => {
  for (
    const [create, expected] of [[true, "cas_ok"], [0, "cas_ok"], [false, 20], [
      null,
      20,
    ]] as const
  ) {
    const { lin } = services(1);
    const reply = lin("n0", {
      ...cas("k", "nonsense", 1),
      create_if_not_exists: create,
    });
    assertEquals(short(reply), expected, `create_if_not_exists: ${create}`);
  }
});

Deno.test("lin-kv compares keys and values by structure, and takes a written null for a value", () => {
  const { lin } = services(1);
  const ask = (body: Body) => short(lin("n0", body));
  ask(write({ a: 1, b: [2] }, { x: 1, y: { z: [null] } }));
  assertEquals(ask(read({ b: [2], a: 1 })), { x: 1, y: { z: [null] } });
  assertEquals(
    ask(cas({ a: 1, b: [2] }, { y: { z: [null] }, x: 1 }, null)),
    "cas_ok",
  );
  assertEquals(ask(read({ a: 1, b: [2] })), null);
  assertEquals(ask(cas({ a: 1, b: [2] }, null, 1)), "cas_ok");
  ask(write(1, "number"));
  assertEquals(ask(read("1")), 20);
  assertEquals(ask(cas(1, ["number"], 0)), 22);
});

Deno.test("no service answers a request of an unknown type, nor is changed by it", () => {
  const { lin, seq, lww, tso } = services(1);
  for (const ask of [lin, seq, lww, tso]) {
    assertEquals(ask("n0", { type: "delete", key: "k" }), null);
  }
  assertEquals(tso("n0", read("k")), null);
  assertEquals(tso("n0", { type: "ts", msg_id: 9 }), {
    type: "ts_ok",
    ts: 0,
    in_reply_to: 9,
  });
});

Deno.test("lin-tso counts from 0, one by one, over all callers", () => {
  const { tso } = services(1);
  const stamps = ["n0", "n1", "n0", "n2"].map((src) =>
    tso(src, { type: "ts" })!.ts!
  );
  assertEquals(stamps, [0, 1, 2, 3]);
});

/** How often each reply comes from `ask` over as many fresh services as there are trials. */
function distribution(trials: number, ask: (seed: number) => Json) {
  const counts = new Map<Json, number>();
  for (let seed = 0; seed < trials; seed++) {
    const reply = ask(seed);
    counts.set(reply, (counts.get(reply) ?? 0) + 1);
  }
  return (reply: Json) => (counts.get(reply) ?? 0) / trials;
}

Deno.test("seq-kv answers a new caller's identity cas after two writes with ok, 20 and 22, a third each", () => {
  const share = distribution(3000, (seed) => {
    const { seq } = services(seed);
    seq("n0", write("k", 1));
    seq("n0", write("k", 2));
    return short(seq("n1", cas("k", 2, 2)));
  });
  for (const reply of ["cas_ok", 20, 22]) {
    assert(Math.abs(share(reply) - 1 / 3) < 0.05, `${reply}: ${share(reply)}`);
  }
});

Deno.test("seq-kv lets a cas succeed only when the version it happens to be tried on matches, a third of the time after two writes", () => {
  const share = distribution(3000, (seed) => {
    const { seq } = services(seed);
    seq("n0", write("k", 1));
    seq("n0", write("k", 2));
    return short(seq("n1", cas("k", 2, 3)));
  });
  assert(Math.abs(share("cas_ok") - 1 / 3) < 0.05, `${share("cas_ok")}`);
});

Deno.test("seq-kv gives the newest version to a caller that has just written a value never used before", () => {
  for (let seed = 0; seed < 200; seed++) {
    const { seq } = services(seed, seed % 2 === 0);
    for (let i = 0; i <= seed; i++) seq("n0", write("k", i));
    seq("n1", write("barrier", seed));
    assertEquals(short(seq("n1", read("k"))), seed);
  }
});

Deno.test("seq-kv acknowledges a write of an old value without effect, and reports it", () => {
  const seen = new Set<Json>();
  for (let seed = 0; seed < 50; seed++) {
    const { seq, events } = services(seed);
    for (let i = 1; i <= 3; i++) seq("n0", write("k", i));
    assertEquals(short(seq("n1", write("k", 2))), "write_ok");
    const reported = events.includes("seq-kv-stale-write");
    seq("n0", write("barrier", seed));
    const now = short(seq("n0", read("k")));
    assertEquals(now, reported ? 3 : 2);
    seen.add(now);
  }
  assertEquals(seen, new Set([2, 3]));
});

/** What a reader that starts `behind` versions late reads, until it has read the newest. */
function catchUp(seed: number, faithful: boolean, behind: number): number[] {
  const { seq } = services(seed, faithful);
  for (let i = 1; i <= behind; i++) seq("writer", write("k", i));
  const reads: number[] = [];
  while (reads.at(-1) !== behind) {
    const { type, value } = seq("reader", read("k"))!;
    reads.push(type === "error" ? 0 : value as number);
  }
  return reads;
}

/** Whether a later read is older than one before it. */
function goesBackwards(reads: number[]): boolean {
  return reads.some((value, i) => value < (reads[i - 1] ?? value));
}

Deno.test("seq-kv lets a reader 20 versions behind catch up in 4.6 reads on average", () => {
  const trials = 2000;
  let reads = 0;
  for (let seed = 0; seed < trials; seed++) {
    const values = catchUp(seed, true, 20);
    assert(!goesBackwards(values));
    reads += values.length;
  }
  assert(Math.abs(reads / trials - 4.6) < 0.2, `${reads / trials} reads`);
});

Deno.test("seq-kv sends readers more than 32 versions behind backwards in faithful mode only", () => {
  let backwards = 0;
  for (let seed = 0; seed < 300; seed++) {
    if (goesBackwards(catchUp(seed, true, 200))) backwards++;
    assert(!goesBackwards(catchUp(seed, false, 200)));
  }
  assertGreater(backwards, 100);
});

Deno.test("seq-kv shows a late reader one of the last 32 versions and no older one", () => {
  for (const faithful of [true, false]) {
    const firsts = new Set<number>();
    for (let seed = 0; seed < 1000; seed++) {
      firsts.add(catchUp(seed, faithful, 100)[0]!);
    }
    assertEquals(
      [...firsts].sort((a, b) => a - b),
      Array.from({ length: 32 }, (_, i) => 69 + i),
    );
  }
});

Deno.test("seq-kv keeps keys apart that it writes in turn, over thousands of versions", () => {
  const { seq } = services(1);
  const latest = new Map<number, number>();
  for (let i = 0; i < 5000; i++) {
    seq("n0", write(i % 7, i));
    latest.set(i % 7, i);
    assertEquals(
      short(seq("n0", read(i * 3 % 7))),
      latest.get(i * 3 % 7) ?? 20,
    );
  }
});

Deno.test("seq-kv reports a stale read exactly when the value read is not the newest", () => {
  let stale = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { seq, events } = services(seed);
    for (let i = 1; i <= 4; i++) seq("n0", write("k", i));
    const value = short(seq("n1", read("k")));
    assertEquals(events, value === 4 ? [] : ["seq-kv-stale-read"]);
    if (value !== 4) stale++;
  }
  assertGreater(stale, 100);
});

Deno.test("lww-kv finds what was written once in half of all reads, to the end", () => {
  for (const asker of ["n0", "n1"]) {
    const { lww, events } = services(1);
    lww("n0", write("k", 1));
    const found = Array.from(
      { length: 4000 },
      () => short(lww(asker, read("k"))),
    );
    for (const part of [found.slice(0, 2000), found.slice(2000)]) {
      const share = part.filter((value) => value === 1).length / part.length;
      assert(Math.abs(share - 0.5) < 0.05, `${share}`);
      assertEquals(new Set(part), new Set([1, 20]));
    }
    assert(events.includes("lww-stale-read"));
  }
});

Deno.test("lww-kv never creates a key by compare-and-set", () => {
  const { lww } = services(1);
  const body = { ...cas("k", 0, 1), create_if_not_exists: true };
  assertEquals(short(lww("n0", body)), 20);
});

Deno.test("lww-kv's two stores stay apart: each has what was last written to it", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const { lww } = services(seed);
    for (let i = 1; i <= 3; i++) lww("n0", write("k", i));
    const values = Array.from(
      { length: 60 },
      () => short(lww("n1", read("k"))),
    );
    seen.add([...new Set(values)].map(String).sort().join(" "));
  }
  // All three went to one store, or the last one was 3 and the other had 1 or 2.
  assertEquals(seen, new Set(["20 3", "2 3", "1 3"]));
});

Deno.test("every store tells keys and values apart as they were written", () => {
  const written = ['"1"', "1", "1.0", "9007199254740993", "9007199254740992.0"]
    .concat(["[1]", "[1.0]", '{"a":1,"b":[]}', "null", "1e999"])
    .map(parse);
  for (const name of ["lin", "seq"] as const) {
    const { [name]: ask } = services(1);
    for (const [i, key] of written.entries()) {
      assertEquals(short(ask("n0", read(key))), 20);
      ask("n0", write(key, written[(i + 1) % written.length]!));
    }
    for (const [i, key] of written.entries()) {
      const value = written[(i + 1) % written.length]!;
      assertEquals(stringify(ask("n0", read(key))!.value), stringify(value));
      for (const other of written) {
        const swapped = short(ask("n0", cas(key, other, other)));
        assertEquals(swapped, other === value ? "cas_ok" : 22);
      }
    }
    const refused = ask("n0", cas(parse("1.0"), 9, 10))!;
    assertEquals(refused.text, "current value 9007199254740993 is not 9");
  }
  const { lin } = services(1);
  lin("n0", write("m", parse('{"b":2,"a":[1.0]}')));
  assertEquals(short(lin("n0", cas("m", parse('{"a":[1],"b":2}'), 0))), 22);
  assertEquals(
    short(lin("n0", cas("m", parse('{"a":[1.0],"b":2}'), 0))),
    "cas_ok",
  );
});

Deno.test("services of one seed behave alike, and one service's draws do not move another's", () => {
  const run = (disturb: boolean) => {
    const { seq, lww } = services(7);
    return Array.from({ length: 100 }, (_, i) => {
      if (disturb) lww("n0", read("k"));
      seq("n0", write("k", i));
      return short(seq("n1", read("k")));
    });
  };
  assertEquals(run(false), run(false));
  assertEquals(run(false), run(true));
});
