/** Real processes under the workbench: any executable, and every way in which one can go wrong. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { runTest } from "../lib/workbench/test-command.ts";

const NODE = new URL("./fixtures/echo-node.sh", import.meta.url).pathname;

async function inTemporaryFolder<T>(
  task: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await task(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function testNode(store: string, fault?: string) {
  return runTest({
    workload: "echo",
    options: { "node-count": 2, "time-limit": 2, rate: 10 },
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

Deno.test("a node in plain shell passes the echo workload under both judges", async () => {
  await inTemporaryFolder(async (store) => {
    const { results, strict, report, recording } = await testNode(store);
    assertEquals(strict.anomalies, []);
    assertEquals(strict["valid?"], true);
    assertEquals(results["valid?"], true);
    assert(recording.history.length > 10);
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
  });
});

for (
  const [fault, type, text] of [
    ["garbage", "protocol-violation", "this is no JSON"],
    ["blank", "protocol-violation", "empty line"],
    ["forge", "protocol-violation", "signed a message as n9"],
    ["leave", "process-exit", "exit status 0"],
    ["twice", "duplicate-reply", "twice"],
  ] as const
) {
  Deno.test(`a node with the fault "${fault}" is reported as ${type}`, async () => {
    await inTemporaryFolder(async (store) => {
      const tested = await testNode(store, fault);
      assertEquals(tested.strict["valid?"], false);
      const found = anomalies(tested).find((anomaly) => anomaly.type === type);
      assert(found !== undefined, JSON.stringify(tested.strict));
      assertStringIncludes(found.first, text);
    });
  });
}

Deno.test("a node that exits at init fails the run with its last words", async () => {
  await inTemporaryFolder(async (store) => {
    const tested = await testNode(store, "exit");
    const [first] = anomalies(tested).filter(({ type }) =>
      type === "setup-failed"
    );
    assertStringIncludes(first!.first, "exit status 3");
    assertStringIncludes(first!.first, "cannot go on");
  });
});

Deno.test("a node that never answers init fails the run after 10 s", async () => {
  await inTemporaryFolder(async (store) => {
    const tested = await testNode(store, "mute");
    const [first] = anomalies(tested).filter(({ type }) =>
      type === "setup-failed"
    );
    assertStringIncludes(first!.first, "did not answer within 10000 ms");
  });
});

Deno.test("no process is left when a run is over", async () => {
  await inTemporaryFolder(async (store) => {
    await testNode(store);
    const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] })
      .output();
    const left = new TextDecoder().decode(stdout).split("\n")
      .filter((line) => line.includes(NODE) && line.includes(store));
    assertEquals(left, []);
  });
});
