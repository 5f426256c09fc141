import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { afterRunning } from "../../lib/workbench/campaign/watch.ts";

Deno.test("a watch does not count the time for which the process could do nothing", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isOver = false;
  afterRunning(200, () => {
    isOver = true;
    resolve();
  });
  const until = performance.now() + 400;
  while (performance.now() < until);
  await delay(0);
  await delay(0);
  assert(!isOver);
  await promise;
});

Deno.test("a watch that was stopped calls nobody", async () => {
  let calls = 0;
  const stop = afterRunning(20, () => calls++);
  const { promise, resolve } = Promise.withResolvers<void>();
  afterRunning(100, resolve);
  stop();
  await promise;
  assertEquals(calls, 0);
});
