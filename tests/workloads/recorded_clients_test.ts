/**
 * Our clients and lin-kv against the real Maelstrom's: given the replies of a recorded
 * run, each client must have sent the recorded requests and completed its operations with the
 * recorded values. `GOLDEN_DIR` names another directory of recordings than `tests/golden`.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  type Body,
  type Events,
  isClientOp,
  type Op,
  type Recording,
} from "../../lib/workbench/history/history.ts";
import { workersOf } from "../../lib/workbench/history/options.ts";
import {
  equal,
  type Json,
  stringify,
} from "../../lib/workbench/history/json.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { loadRecording } from "../../lib/workbench/recording.ts";
import { createServices } from "../../lib/workbench/world/services.ts";
import { workloads } from "../../lib/workbench/workloads/all.ts";
import {
  ErrorReply,
  mismatch,
  NetTimeout,
  type Rpc,
} from "../../lib/workbench/world/client.ts";
import { DIRECTORY, recordedFiles } from "../fixtures/recorded.ts";

interface Pair {
  invoked: Op;
  completed?: Op;
}

/** What one client sent, and what it got, by message id. */
interface Traffic {
  requests: Body[];
  /** When each was sent, in the journal's ns. */
  sentAt: Map<Json | undefined, number>;
  replies: Map<Json | undefined, Body>;
}

/** The operations done through one client each: until a crash, or for ever where it is used again. */
function lifetimes({ workload, options, history }: Recording): Pair[][] {
  const { reusesClient } = workloads[workload]!;
  const workers = workersOf(options);
  const lives = new Map<number, Pair[]>();
  for (const op of history) {
    if (!isClientOp(op)) continue;
    const life = reusesClient ? op.process % workers : op.process;
    const pairs = lives.get(life) ?? [];
    lives.set(life, pairs);
    if (op.type === "invoke") pairs.push({ invoked: op });
    else pairs.at(-1)!.completed = op;
  }
  return [...lives.values()];
}

/**
 * The traffic of every client that served operations: what it sent itself, not what a node
 * sent on in its name, and the replies that came while it waited for them.
 */
function clientTraffic({ journal, workload, options }: Recording): Traffic[] {
  const patienceNs = workloads[workload]!.timeoutMs(options) * 1e6;
  const clients = new Map<string, Traffic>();
  const of = (client: string): Traffic => {
    const fresh = { requests: [], sentAt: new Map(), replies: new Map() };
    const traffic = clients.get(client) ?? fresh;
    clients.set(client, traffic);
    return traffic;
  };
  for (const [kind, time, , src, dest, body] of journal) {
    if (kind === "send" && src.startsWith("c")) {
      const { requests, sentAt } = of(src);
      if (sentAt.has(body.msg_id)) continue;
      sentAt.set(body.msg_id, time);
      requests.push(body);
    }
    if (kind === "recv" && dest.startsWith("c")) {
      const { sentAt, replies } = of(dest);
      const sent = sentAt.get(body.in_reply_to) ?? -Infinity;
      if (time - sent < patienceNs) replies.set(body.in_reply_to, body);
    }
  }
  const setup: Json[] = ["init", "topology"];
  return [...clients.values()].filter(({ requests }) =>
    !setup.includes(requests[0]?.type ?? null)
  );
}

/** Replays a client's operations against recorded traffic; null if all is the same, else the first difference. */
async function difference(
  workload: string,
  life: readonly Pair[],
  { requests, replies }: Traffic,
): Promise<string | null> {
  const client = workloads[workload]!.openClient();
  let asked = 0;
  let wrong: string | null = null;
  const rpc: Rpc = (request, schema) => {
    const { msg_id, ...recorded } = requests[asked++] ?? {};
    if (!equal(recorded, request)) {
      wrong = `${text(request)} is asked, not ${text(recorded)}`;
    }
    const reply = replies.get(msg_id);
    if (reply === undefined) return Promise.reject(new NetTimeout("no reply"));
    if (reply.type === "error") {
      return Promise.reject(new ErrorReply(Number(reply.code), "", reply));
    }
    const problem = mismatch(reply, `${request.type}_ok`, schema, true);
    return problem === null ? Promise.resolve(reply) : Promise.reject(problem);
  };
  for (const { invoked, completed } of life) {
    const value = await client.invoke(invoked, rpc)
      .then((value) => ({ ok: value ?? invoked.value }), () => null);
    if (wrong !== null) return wrong;
    if (completed === undefined) continue;
    const recorded = completed.type === "ok" ? { ok: completed.value } : null;
    if (!equal(recorded, value)) {
      return `operation ${invoked.index} ends as ${text(value)}, not ${
        text(recorded)
      }`;
    }
  }
  return asked === requests.length ? null : "not all is asked";
}

function text(value: Json): string {
  return stringify(value).slice(0, 300);
}

/** Finds a client of the recording for each lifetime, and none twice. */
async function replay({ workload, history, journal, options }: Recording) {
  const recording = { workload, history, journal, options };
  const free = new Set(clientTraffic(recording));
  for (const life of lifetimes(recording)) {
    // A client that was only crashed has left no trace on the network.
    if (life.every(({ invoked }) => invoked.f === "crash")) continue;
    const differences = [];
    let found: Traffic | undefined;
    for (const traffic of free) {
      const differs = await difference(workload, life, traffic);
      if (differs === null) found = traffic;
      else differences.push(differs);
      if (found) break;
    }
    assert(
      found,
      `process ${life[0]!.invoked.process}: ${differences.join("; ")}`,
    );
    free.delete(found);
  }
}

/** Gives lin-kv the recorded requests in the recorded order, and compares the replies. */
function replayLinKv(journal: Events): void {
  const service = createServices(seeded(1), { faithful: true })["lin-kv"];
  const recorded = new Map(
    journal.filter(([kind, , , src]) => kind === "send" && src === "lin-kv")
      .map(([, , , , dest, body]) => [`${dest} ${body.in_reply_to}`, body]),
  );
  for (const [kind, , , src, dest, body] of journal) {
    if (kind !== "recv" || dest !== "lin-kv") continue;
    const reply = recorded.get(`${src} ${body.msg_id}`);
    if (reply === undefined) continue; // The run ended before it.
    // The text shows values as Clojure prints them.
    const { text: _, ...given } = service.handle(src, body)!;
    const { text: __, ...expected } = reply;
    assertEquals(given, expected);
  }
}

for (const file of recordedFiles()) {
  const label = file.replace(".json.gz", "");
  Deno.test(`clients and lin-kv do in ${label} what Maelstrom's did`, async () => {
    const recording = await loadRecording(join(DIRECTORY, file));
    await replay(recording);
    replayLinKv(recording.journal);
  });
}
