/**
 * Nodes that lose their memory and come back, of every program that promises to have kept
 * what it had told: they show that to whoever asks first, and others notice, once.
 */
import { assert, assertEquals } from "@std/assert";
import "../fixtures/programs.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";
import type { Body } from "../../lib/workbench/history.ts";

/** How long a simulated process takes at most to start, in milliseconds. */
const BOOT_MS = 300;

/** The message id of reads that count. */
const READ = 2;

/** How clients of a workload write the i-th value, read, and what a reply shows. */
interface Client {
  write(i: number): Body;
  read: Body;
  shown(reply: Body): number;
}

const txn: Client = {
  write: (i) => ({ type: "txn", txn: [["append", "k", i]] }),
  read: { type: "txn", txn: [["r", "k", null]] },
  shown: ({ txn }) =>
    ((txn as [[string, string, number[]]])[0][2] ?? []).length,
};
const sum = {
  write: () => ({ type: "add", delta: 1 }),
  read: { type: "read" },
  shown: ({ value }: Body) => Number(value),
};
const clients: { [workload: string]: Client } = {
  "broadcast": {
    write: (message) => ({ type: "broadcast", message }),
    read: { type: "read" },
    shown: ({ messages }) => (messages as number[]).length,
  },
  "g-set": {
    write: (element) => ({ type: "add", element }),
    read: { type: "read" },
    shown: ({ value }) => (value as number[]).length,
  },
  "g-counter": sum,
  "pn-counter": sum,
  "kafka": {
    write: (msg) => ({ type: "send", key: "k", msg }),
    read: { type: "poll", offsets: { k: 0 } },
    shown: ({ msgs }) => ((msgs as { k?: [number, number][] }).k ?? []).length,
  },
  "txn-rw-register": txn,
};

/** Nodes of a program, with one client that counts what it is shown. */
class Nodes extends SmallCluster {
  readonly #client: Client;
  #shown: number[] = [];
  #written = 0;

  constructor(
    program: unknown,
    readonly workload: string,
    names: string[],
    latencyMs: number,
  ) {
    super(program, names, { latencyMs });
    this.#client = clients[workload]!;
    this.network.register("c1", ({ body }) => {
      if (body.in_reply_to === READ) this.#shown.push(this.#client.shown(body));
    });
  }

  /** Writes a value at each node. */
  async write(): Promise<number> {
    for (const node of this.nodes) {
      const body = this.#client.write(this.#written++);
      this.network.send("c1", node, { ...body, msg_id: 1 });
    }
    await this.advance(5_000);
    return this.#written;
  }

  /** How many values a node shows to a read that is asked now. */
  async read(node: string): Promise<number> {
    this.#shown = [];
    this.network.send("c1", node, { ...this.#client.read, msg_id: READ });
    await this.advance(BOOT_MS + 1_500);
    assertEquals(this.#shown.length, 1, `${node} answers once`);
    return this.#shown[0]!;
  }

  /** Speaks to a node. */
  wake(node: string): void {
    this.network.send("c1", node, { ...this.#client.read, msg_id: 1 });
  }

  restart(node: string): void {
    this.kill(node);
    this.start(node);
  }
}

/** What a node logs of one that has come back. */
const isNotice = (line: string) => line.includes("has started again");

for (const { name, workload, promises } of scenarios) {
  if (promises.survivesRestart !== "told") continue;
  const { backMs = 0 } = promises;
  const when = backMs > 0 ? `after ${backMs} ms` : "at once";
  Deno.test(`${name}: a node that has lost its memory shows ${when} what it had told, and others notice, each once`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    for (const [count, latencyMs] of [[2, 10], [3, 100], [6, 10]] as const) {
      const names = Array.from({ length: count }, (_, i) => `n${i}`);
      const nodes = new Nodes(program, workload, names, latencyMs);
      for (const victim of [names[0]!, names.at(-1)!]) {
        const written = await nodes.write();
        for (const node of names) assertEquals(await nodes.read(node), written);
        const others = names.filter((node) => node !== victim);
        const notices = () =>
          others.map((node) => nodes.logged(node).filter(isNotice).length);
        const before = notices();
        nodes.restart(victim);
        if (backMs > 0) {
          nodes.wake(victim);
          await nodes.advance(backMs);
        }
        assertEquals(
          await nodes.read(victim),
          written,
          `${victim} of ${count}`,
        );
        await nodes.write();
        const after = notices().map((now, i) => now - before[i]!);
        assert(after.some((now) => now === 1), "somebody notices");
        assert(after.every((now) => now <= 1), `notices: ${after}`);
        for (const node of names) {
          const others = nodes.logged(node).filter((line) => !isNotice(line));
          assertEquals(others, [], "nothing else is worth a word");
        }
      }
    }
  });
}
