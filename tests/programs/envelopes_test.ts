/**
 * Nonsense around a request, not in it: every program gets messages whose sender, receiver,
 * type or ids are missing or odd, among good traffic. What can be answered is; the rest is
 * skipped with a line in the log; and nobody else notices anything.
 */
import { assert, assertEquals } from "@std/assert";
import type { Body } from "../../lib/workbench/history/history.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { performRun } from "../../lib/workbench/run/run.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { workloadOf } from "../../lib/workbench/workloads/all.ts";
import { VirtualClock } from "../../lib/workbench/world/clock.ts";
import type { Host } from "../../lib/workbench/world/host.ts";
import type { Packet } from "../../lib/workbench/world/network.ts";
import type { Program } from "../../lib/maelstrom.ts";
import { modules } from "../../lib/workbench/world/modules.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import "../fixtures/programs.ts";

/** By workload, a request that changes nothing that is judged. */
const harmless: { [workload: string]: Body } = {
  "echo": { type: "echo", echo: "hello" },
  "unique-ids": { type: "generate" },
  "broadcast": { type: "read" },
  "g-counter": { type: "read" },
  "pn-counter": { type: "read" },
  "g-set": { type: "read" },
  "kafka": { type: "poll", offsets: {} },
  "lin-kv": { type: "read", key: "nobody's" },
  "txn-rw-register": { type: "txn", txn: [["r", "nobody's", null]] },
  "txn-list-append": { type: "txn", txn: [["r", "nobody's", null]] },
};

/** A field of a message, with what it is instead; undefined for a field that is not there. */
type Case = readonly [field: string, value: Json | undefined];

/** What becomes of such a message. */
type Outcome = "answered" | "refused" | "skipped" | "dropped";

const odd: Json[] = [null, true, 1.5, "", "x", [], {}, 2n ** 60n];
const cases: readonly (readonly [Outcome, ...Case])[] = [
  ...[undefined, null, true, 7, [], {}].flatMap((value) => [
    ["skipped", "src", value] as const,
    ["skipped", "dest", value] as const,
    ["refused", "type", value] as const,
  ]),
  ...["", "n9", "n00", "lin-kv"].map((name) =>
    ["skipped", "dest", name] as const
  ),
  ...[undefined, null, true, 7, "x", []].map((value) =>
    ["skipped", "body", value] as const
  ),
  ...["", "error", "read_ok", "__proto__", "toString"].map((type) =>
    ["refused", "type", type] as const
  ),
  ...odd.map((id) =>
    [id === null ? "dropped" : "answered", "msg_id", id] as const
  ),
  ["dropped", "msg_id", undefined],
  ["answered", "in_reply_to", null],
  ...[...odd.slice(1), 1, -1].map((id) =>
    ["dropped", "in_reply_to", id] as const
  ),
];

/** The message of a case, for a node, from a sender of its own. */
function messageOf(
  [field, value]: Case,
  { src, dest, good }: { src: string; dest: string; good: Body },
): { [field: string]: unknown } {
  const envelope = ["src", "dest", "body"].includes(field);
  const body = { ...good, msg_id: 1, ...(!envelope && { [field]: value }) };
  return { id: 0, src, dest, body, ...(envelope && { [field]: value }) };
}

/** A run in which every node gets every case once, among clients' requests. */
async function runAmongNonsense(name: string) {
  const scenario = scenarios.find((scenario) => scenario.name === name)!;
  const flags: Options = scenario.runs[0]!.flags;
  const workload = String(flags.workload ?? scenario.workload);
  const clock = new VirtualClock();
  const random = seeded(1);
  const module = await import(`../../challenges/${name}.ts`);
  const open = modules(
    module.default as Program<Record<never, never>>,
    clock,
    random.fork("nodes"),
  );
  const answers = new Map<string, Body[]>();
  const got = new Map<string, number>();
  const hosts: Host[] = [];
  const recording = await clock.run(performRun({
    workload: workloadOf(workload),
    clock,
    random,
    options: {
      ...flags,
      ...{ "time-limit": 5, rate: 60 },
      ...(flags["node-count"] === 1 ? {} : { "node-count": 3 }),
    },
    openHost(names, events) {
      const host = open(names, {
        ...events,
        sent(node, message) {
          const { dest, body } = message as Packet;
          if (!dest.startsWith("x")) return events.sent(node, message);
          answers.set(dest, [...answers.get(dest) ?? [], body]);
        },
      });
      hosts.push(host);
      return {
        ...host,
        deliver(node, packet) {
          host.deliver(node, packet);
          if (!packet.src.startsWith("c")) return;
          // The first is init; the set-up of some workloads comes next.
          const count = (got.get(node) ?? -2) + 1;
          got.set(node, count);
          for (const index of count < 0 ? [] : [2 * count, 2 * count + 1]) {
            const [, ...one] = cases[index] ?? [];
            if (one.length < 2) continue;
            const about = {
              src: `x${index} of ${node}`,
              dest: node,
              good: harmless[workload]!,
            };
            host.deliver(
              node,
              messageOf(one as unknown as Case, about) as unknown as Packet,
            );
          }
        },
      };
    },
  }));
  const { strict } = judge({ ...recording, program: name, label: name });
  return { nodes: [...got.keys()], got, answers, recording, strict, hosts };
}

for (const { name } of scenarios) {
  Deno.test(`${name} answers or skips every odd message, and nothing else notices`, async () => {
    const { nodes, got, answers, recording, strict, hosts } =
      await runAmongNonsense(name);
    assertEquals(strict.anomalies, []);
    assertEquals(recording.incidents, []);
    for (const node of nodes) {
      assert(2 * got.get(node)! >= cases.length, `${node} got too little`);
      cases.forEach(([outcome, field, value], index) => {
        const replies = answers.get(`x${index} of ${node}`) ?? [];
        const about = `${field} ${String(value)}`;
        if (outcome === "skipped" || outcome === "dropped") {
          return assertEquals(replies, [], about);
        }
        assertEquals(replies.length, 1, about);
        const [{ type, code, text, in_reply_to }] = replies as [Body];
        assertEquals(in_reply_to, field === "msg_id" ? value : 1, about);
        if (outcome === "answered") {
          // A register without a value is an error of its own.
          return assert(type !== "error" || code === 20, about);
        }
        // A type that is text is one that the program does not know.
        assertEquals(code, typeof value === "string" ? 10 : 12, about);
        assert(/type|no handler/.test(String(text)), `${about}: ${text}`);
      });
      const lines = hosts[0]!.lastLines(node);
      assertEquals(lines.filter((line) => !line.startsWith("skipped, ")), []);
    }
  });
}
