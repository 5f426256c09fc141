/** Real processes under the workbench: any executable, and every way in which one can go wrong. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { processes } from "../../lib/workbench/world/processes.ts";
import { runTest } from "../../lib/workbench/commands/test.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";

const NODE = new URL("../fixtures/echo-node.sh", import.meta.url).pathname;

function testNode(store: string, fault?: string) {
  return runTest({
    workload: "echo",
    options: { "node-count": 2, "time-limit": 1, rate: 20 },
    bin: NODE,
    args: [fault ?? "none", store],
    store,
    seed: 1,
  });
}

/** What the strict judge found, and its first sentence. */
function anomalies({ strict }: Awaited<ReturnType<typeof runTest>>) {
  return strict.anomalies.map(({ type, because }) => ({
    type,
    first: because[0] ?? "",
  }));
}

Deno.test(
  "a node in plain shell passes the echo workload under both judges",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const { results, strict, report, recording } = await testNode(store);
    assertEquals(strict.anomalies, []);
    assertEquals(strict["valid?"], true);
    assertEquals(results["valid?"], true);
    assert(recording.history.length > 4);
    assertEquals(
      await Deno.realPath(join(store, "latest")),
      await Deno.realPath(report),
    );
    const log = await Deno.readTextFile(join(report, "node-logs", "n0.log"));
    assertEquals(log, "started as n0\n");
    const kept = JSON.parse(
      await Deno.readTextFile(join(report, "results.json")),
    );
    assertEquals(kept.results["valid?"], true);
  }),
);

for (
  const [fault, type, text] of [
    ["garbage", "protocol-violation", "this is no JSON"],
    ["blank", "protocol-violation", "empty line"],
    ["forge", "protocol-violation", "signed a message as n9"],
    ["leave", "process-exit", "exit status 0"],
    ["panic", "process-exit", "stderr:\n  panic: nil map\n  1\n"],
    ["twice", "duplicate-reply", "twice"],
    [
      "init-twice",
      "duplicate-reply",
      "does the library answer init by itself?",
    ],
  ] as const
) {
  Deno.test(
    `a node with the fault "${fault}" is reported as ${type}`,
    needs("run", "read", "write"),
    inFolder(async (store) => {
      const tested = await testNode(store, fault);
      assertEquals(tested.strict["valid?"], false);
      const found = anomalies(tested).find((anomaly) => anomaly.type === type);
      assert(found !== undefined, JSON.stringify(tested.strict));
      assertStringIncludes(found.first, text);
    }),
  );
}

Deno.test(
  "a node that exits at init fails the run with its last words",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const tested = await testNode(store, "exit");
    const [exit, failed] = anomalies(tested);
    assertEquals(exit!.type, "process-exit");
    assertStringIncludes(exit!.first, "cannot go on");
    assertEquals(failed!.type, "setup-failed");
    assertStringIncludes(failed!.first, "exit status 3");
  }),
);

Deno.test(
  "a node that never answers init, or only writes garbage, fails the run after 10 s",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const [mute, nonsense] = await Promise.all([
      testNode(store, "mute"),
      runTest({
        workload: "echo",
        options: { "node-count": 1 },
        bin: "/usr/bin/yes",
        store: join(store, "nonsense"),
      }),
    ]);
    for (const tested of [mute, nonsense]) {
      const [failed] = anomalies(tested).filter(({ type }) =>
        type === "setup-failed"
      );
      assertStringIncludes(failed!.first, "did not answer within 10000 ms");
    }
    const violations = nonsense.recording.incidents!.filter(({ type }) =>
      type === "protocol-violation"
    );
    assertEquals(violations.length, 100);
    assertStringIncludes(violations[0]!.text, "not JSON: y");
  }),
);

Deno.test(
  "no process is left when a run is over, not even one that its node has started and that ignores the end of its input",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const tested = await testNode(store, "linger");
    assertEquals(tested.strict["valid?"], true);
    const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] })
      .output();
    const left = new TextDecoder().decode(stdout).split("\n")
      .filter((line) => line.includes(store));
    assertEquals(left, []);
  }),
);

/** A host of one node, a shell script, with what it has written and how it has ended. */
function hostOf(script: string) {
  const written: unknown[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const ended = Promise.withResolvers<string>();
  const host = processes({ bin: "/bin/sh", args: ["-c", script], cwd: "/" })(
    ["n0"],
    {
      sent(_node, message) {
        written.push(message);
        for (const { count, resolve } of waiting) {
          if (written.length >= count) resolve();
        }
      },
      garbage: (_node, text) => ended.reject(new Error(text)),
      deaf: () => ended.resolve("deaf"),
      closed: () => ended.resolve("closed"),
      unreachable: () => ended.resolve("unreachable"),
      exited: (_node, how) => ended.resolve(how),
    },
  );
  const lines = (count: number) =>
    new Promise<void>((resolve) => waiting.push({ count, resolve }));
  return { host, written, lines, ended: ended.promise };
}

const packet = (id: number, text: string) => ({
  id,
  src: "c0",
  dest: "n0",
  body: { type: "echo", echo: text },
});

Deno.test(
  "processes end even if whoever listens to them has failed",
  needs("run", "read"),
  async () => {
    const failed = Promise.withResolvers<void>();
    const heed = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      failed.resolve();
    };
    globalThis.addEventListener("unhandledrejection", heed);
    const host = processes({
      bin: "/bin/sh",
      args: ["-c", "echo '{}'; sleep 9"],
      cwd: "/",
    })(["n0"], {
      sent() {
        throw new Error("a bug");
      },
      garbage() {},
      deaf() {},
      closed() {},
      exited() {},
    });
    host.start("n0");
    await failed.promise;
    await host.stop();
    globalThis.removeEventListener("unhandledrejection", heed);
  },
);

Deno.test(
  "a host that has been stopped starts no more processes, though its run may not know yet",
  needs("run", "read", "write"),
  async () => {
    const { host } = hostOf("cat");
    await host.stop();
    host.start("n0");
    assertEquals(host.silence!("n0"), null, "there is no such process");
    await host.stop();
  },
);

Deno.test(
  "a message of 5 MB goes through the pipes unchanged",
  needs("run", "read", "write"),
  async () => {
    const { host, written, lines } = hostOf("cat");
    host.start("n0");
    const large = packet(0, "é\u{1f600}x".repeat(1_000_000));
    host.deliver("n0", large);
    host.deliver("n0", packet(1, "small"));
    await lines(2);
    await host.stop();
    assertEquals(written[0] as unknown, large);
    assertEquals(written[1] as unknown, packet(1, "small"));
  },
);

Deno.test(
  "a node that does not read for a while does not hold up the workbench, and then gets everything in order",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const go = join(folder, "go");
    const script = `while [ ! -e ${go} ]; do sleep 0.05; done; cat`;
    const { host, written, lines } = hostOf(script);
    host.start("n0");
    for (let id = 0; id < 200; id++) {
      host.deliver("n0", packet(id, "x".repeat(50_000)));
    }
    // Were the workbench held up, it could not give this sign.
    await Deno.writeTextFile(go, "");
    await lines(200);
    await host.stop();
    const ids = written.map((message) => (message as { id: number }).id);
    assertEquals(ids, Array.from({ length: 200 }, (_, id) => id));
  }),
);

Deno.test(
  "it is reported how a process exited, and its last lines",
  needs("run", "read", "write"),
  async () => {
    const { host, ended } = hostOf("echo one >&2; echo two >&2; exit 7");
    host.start("n0");
    assertEquals(await ended, "exit status 7");
    assertEquals(host.lastLines("n0"), ["one", "two"]);
    await host.stop();
    const { host: other, ended: killed } = hostOf("kill -SEGV $$");
    other.start("n0");
    assertEquals(await killed, "signal SIGSEGV");
    await other.stop();
  },
);

Deno.test(
  "a process that closes its stdout is told of, if it does not end soon",
  needs("run", "read"),
  async () => {
    const cases = [
      ["exec >&-; sleep 60", "closed"],
      ["exec >&-; sleep 0.1; exit 3", "exit status 3"],
    ] as const;
    for (const [script, how] of cases) {
      const { host, ended } = hostOf(script);
      host.start("n0");
      assertEquals(await ended, how);
      await host.stop();
    }
  },
);

Deno.test(
  "a process that closes its stdin is told of when it is sent something, if it does not end soon",
  needs("run", "read"),
  async () => {
    const cases = [
      ["exec <&-; echo '{}'; sleep 60", "unreachable"],
      ["exec <&-; echo '{}'; sleep 0.1; exit 3", "exit status 3"],
    ] as const;
    for (const [script, how] of cases) {
      const { host, lines, ended } = hostOf(script);
      host.start("n0");
      await lines(1);
      host.deliver("n0", packet(0, "x"));
      assertEquals(await ended, how);
      await host.stop();
    }
  },
);

Deno.test(
  "what a node writes without a newline is told of, beside the requests that have no answer",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const tested = await testNode(store, "unended");
    assert(anomalies(tested).some(({ type }) => type === "unanswered-request"));
    const [note] = tested.strict.notes;
    assertEquals(note!.type, "unread-output");
    assertStringIncludes(note!.because[0]!, "bytes that n0 had written");
  }),
);

Deno.test(
  "what follows a message in its line is told of, and is no fault",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const { strict } = await testNode(store, "pairs");
    assertEquals(strict["valid?"], true);
    const [note] = strict.notes;
    assertEquals(note!.type, "unread-output");
    assertStringIncludes(note!.because[0]!, 'what followed: {"src":"n');
  }),
);

Deno.test(
  "a node that closes its stdout is said to, and counts as silent, as in Maelstrom",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const tested = await testNode(store, "close");
    assertEquals(tested.results["valid?"], true);
    const [note] = tested.strict.notes;
    assertEquals(note!.type, "stdout-closed");
    assertMatch(note!.because[0]!, /n[01] has closed its stdout and runs on/);
  }),
);

Deno.test(
  "nodes may be given names, which are those in init",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const { recording } = await runTest({
      workload: "echo",
      options: { nodes: "left,right", "time-limit": 1, rate: 20 },
      bin: NODE,
      args: ["none", store],
      store,
    });
    const nodes = recording.journal.filter(([kind, , , , , { type }]) =>
      kind === "recv" && type === "init"
    ).map(([, , , , dest]) => dest);
    assertEquals(nodes.toSorted(), ["left", "right"]);
    assert(recording.history.some(({ type }) => type === "ok"));
  }),
);

Deno.test(
  "a node that does not read loses messages when too many wait for it, which is reported once",
  needs("run"),
  async () => {
    const { host, ended } = hostOf("sleep 60");
    host.start("n0");
    const text = "x".repeat(1_000_000);
    for (let i = 0; i < 200; i++) host.deliver("n0", packet(i, text));
    assertEquals(await ended, "deaf");
    await host.stop();
  },
);

Deno.test(
  "nodes that do not read lose messages when too many wait for all together",
  needs("run"),
  async () => {
    const { host, ended } = hostOf("sleep 60");
    const nodes = ["n0", "n1", "n2"];
    for (const node of nodes) host.start(node);
    const text = "x".repeat(1_000_000);
    for (let i = 0; i < 100; i++) { // one node alone may have 134 of them
      for (const node of nodes) host.deliver(node, packet(i, text));
    }
    const end = new Promise((resolve) => setTimeout(resolve, 0, "none is"));
    assertEquals(await Promise.race([ended, end]), "deaf");
    await host.stop();
  },
);
