/** What nodes are asked when a run is over, and when it is given up. */
import { assertEquals } from "@std/assert";
import { ask } from "../../lib/workbench/run/questions.ts";
import type { ActiveWorker } from "../../lib/workbench/run/workers.ts";
import { MS, sleep, VirtualClock } from "../../lib/workbench/world/clock.ts";
import type { Op } from "../../lib/workbench/history/history.ts";

type Outcome = "ok" | "aborted" | "silent" | "ends";

/** What a node is asked that has three questions and answers as given, and last for ever so. */
async function asked(...outcomes: Outcome[]): Promise<string> {
  return await askedOf("abc", outcomes);
}

/** The same with these questions, of which those in capitals are asked once. */
async function askedOf(names: string, outcomes: Outcome[]): Promise<string> {
  const clock = new VirtualClock();
  const invocations = [...names].map((f) => (
    { f, value: null, once: f < "a" }
  ));
  const requests: string[] = [];
  let hasEnded = false;
  const worker = {
    node: "n0",
    async perform({ f }: { f: string }) {
      const outcome = outcomes[requests.length] ?? outcomes.at(-1);
      requests.push(f);
      hasEnded = outcome === "ends";
      const isSilent = outcome === "silent" || hasEnded;
      if (isSilent) await sleep(clock, 5_000 * MS);
      const error = isSilent ? "net-timeout" : ["abort", "not now"];
      return { f, type: outcome === "ok" ? "ok" : "fail", error } as Op;
    },
  } as unknown as ActiveWorker;
  await clock.run(
    ask(worker, { settleMs: 0, invocations }, clock, () => hasEnded),
  );
  return requests.join("");
}

Deno.test("each question is asked until it is answered, at most five times", async () => {
  assertEquals(await asked("ok"), "abc");
  assertEquals(await asked("aborted"), "aaaaabbbbbccccc");
  assertEquals(await asked("ok", "aborted", "silent", "ok"), "abbbc");
  assertEquals(await asked("ok", "silent"), "abbbbbccccc");
  assertEquals(await askedOf("Abc", ["aborted", "ok"]), "Abc");
});

Deno.test("a node that answers nothing is asked five times in all, and one that has ended no more", async () => {
  assertEquals(await asked("silent"), "aaaaa");
  assertEquals(await asked("silent", "silent", "ok"), "aaabc");
  assertEquals(await asked("ends"), "a");
  assertEquals(await asked("ok", "ends"), "ab");
});
