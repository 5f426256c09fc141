/** Timers: they are silent until the first message after init, or for five seconds, and never overlap or outlive the node. */
import {
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import type { Node } from "../../lib/maelstrom.ts";
import { settle, start } from "../fixtures/fake-world.ts";

interface Clockwork {
  tick(request: { n: number }): void;
  tock(request: { n: number }): { n: number };
  wake(): void;
}

/** A node with nothing to say to those who wake it. */
function clockwork(program: (node: Node<Clockwork>) => void) {
  const started = start((node: Node<Clockwork>) => {
    node.on("wake", () => {});
    program(node);
  });
  return { ...started, wake: () => started.deliver("c1", { type: "wake" }) };
}

Deno.test("nothing is sent and no timer runs until the first message after init", async () => {
  const { world, deliver, wake } = clockwork((node) => {
    node.send("n1", "tick", { n: 1 });
    node.rpc("n1", "tock", { n: 2 }).catch(() => {});
    node.every(10, () => node.send("n1", "tick", { n: 3 }));
    node.after(5, () => node.send("n1", "tick", { n: 4 }));
    node.sleep(7).then(() => node.send("n1", "tick", { n: 5 }));
  });
  await world.advance(1_000);
  const init = { type: "init", msg_id: 2, node_id: "n0" };
  deliver("c0", { ...init, node_ids: ["n0", "n1", "n2"] });
  await world.advance(1_000);
  assertEquals(world.takeBodies(), [{ type: "init_ok", in_reply_to: 2 }]);
  assertEquals(world.timers, 1); // for a node to which nobody speaks

  wake();
  await world.advance(20);
  assertEquals(world.takeBodies().map((body) => body.n), [1, 2, 4, 5, 3, 3]);
});

Deno.test("a node that gets no message after its init acts after five seconds", async () => {
  const { world, mounted } = clockwork((node) => {
    node.every(400, () => node.send("n1", "tick", { n: 1 }));
  });
  await world.advance(5_000 + 399);
  assertEquals(world.takeBodies(), []);
  await world.advance(1);
  assertEquals(world.takeBodies().map((body) => body.n), [1]);
  mounted.dispose();
  assertEquals(world.timers, 0);

  const idle = clockwork(() => {});
  assertEquals(idle.world.timers, 0);
});

Deno.test("a task that is stopped or aborted before it could start never starts", async () => {
  const stop = new AbortController();
  const { world, wake } = clockwork((node) => {
    node.after(1, () => node.send("n1", "tick", { n: 1 }))();
    node.every(1, () => node.send("n1", "tick", { n: 2 }))();
    node.rpc("n1", "tock", { n: 3 }, { signal: stop.signal }).catch(() => {});
    node.sleep(1, stop.signal).then(
      () => node.send("n1", "tick", { n: 4 }),
      () => {},
    );
  });
  stop.abort();
  await settle();
  wake();
  await world.advance(100);
  assertEquals([world.sent, world.timers], [[], 0]);
});

Deno.test("after runs once, unless it is stopped, and stopping twice does nothing", async () => {
  const ran: string[] = [];
  const { world, wake } = clockwork((node) => {
    const kept = node.after(10, () => ran.push("kept"));
    const stopped = node.after(10, () => ran.push("stopped"));
    node.after(5, stopped);
    node.after(20, kept);
    node.after(21, stopped);
  });
  wake();
  await world.advance(100);
  assertEquals([ran, world.timers], [["kept"], 0]);
});

Deno.test("a clock that is set back goes on from where it was, and clients of that moment are answered", async () => {
  let now = () => NaN;
  const { world, mounted } = clockwork((node) => {
    now = () => node.now();
    node.on("tock", ({ n }) => ({ n }));
  });
  const begun = now();
  world.setClock(begun - 3_600_000);
  assertEquals(now(), begun);
  await world.advance(10);
  assertEquals(now(), begun + 10);
  const body = { type: "tock", n: 1, msg_id: 1 };
  mounted.receive({ src: "c1", dest: "n0", body }, world.now() - 5);
  assertEquals(world.takeBodies().at(-1)?.type, "tock_ok");
});

Deno.test("every runs once a period, from one period on", async () => {
  const times: number[] = [];
  const { world, wake } = clockwork((node) => {
    node.every(10, () => void times.push(node.now()));
  });
  wake();
  const begun = world.now();
  await world.advance(35);
  assertEquals(times.map((time) => time - begun), [10, 20, 30]);
});

Deno.test("a task that is still running misses its turns, and never runs twice at a time", async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const { world, wake } = clockwork((node) => {
    node.every(10, async () => {
      most = Math.max(most, ++running);
      await node.sleep(25);
      running--;
      runs++;
    });
  });
  wake();
  await world.advance(100); // runs at 10, 40 and 70
  assertEquals([most, runs], [1, 3]);
});

Deno.test("a periodic task that throws, at once or later, is logged and runs again", async () => {
  const { world, wake } = clockwork((node) => {
    node.every(10, () => {
      throw new Error("at once");
    });
    node.every(10, () => Promise.reject(new Error("later")));
    node.after(10, () => {
      throw new Error("only once");
    });
  });
  wake();
  await world.advance(30);
  const logged = world.logged.join("\n");
  assertStringIncludes(logged, "a periodic task threw Error: at once\n    at ");
  const count = (text: string) => logged.split(`Error: ${text}\n`).length - 1;
  assertEquals([count("at once"), count("later"), count("only once")], [
    3,
    3,
    1,
  ]);
});

Deno.test("every can be stopped from outside, and by its own task", async () => {
  const ran: string[] = [];
  const { world, wake } = clockwork((node) => {
    const stopOuter = node.every(10, () => void ran.push("outer"));
    node.after(25, stopOuter);
    const stopInner = node.every(10, async () => {
      ran.push("inner");
      await node.sleep(1);
      stopInner();
    });
  });
  wake();
  await world.advance(100);
  assertEquals(ran, ["outer", "inner", "outer"]);
  assertEquals(world.timers, 0);
});

Deno.test("sleep ends in time, or with its signal's reason, and leaves nothing behind", async () => {
  const ended: unknown[] = [];
  const stop = new AbortController();
  const reason = new Error("enough");
  const { world, wake } = clockwork((node) => {
    node.sleep(10).then(() => ended.push("slept"));
    node.sleep(10, stop.signal).catch((error) => ended.push(error));
    node.sleep(10, AbortSignal.abort(reason)).catch((error) =>
      ended.push(error)
    );
  });
  wake();
  await world.advance(5);
  stop.abort(reason);
  await settle();
  assertEquals(world.timers, 1);
  await world.advance(5);
  assertEquals(ended, [reason, reason, "slept"]);
  assertStrictEquals(world.timers, 0);
});

Deno.test("a node that is disposed before it woke up starts nothing when it is woken", async () => {
  const { world, mounted, wake } = clockwork((node) => {
    node.every(10, () => node.send("n1", "tick", { n: 1 }));
    node.send("n1", "tick", { n: 2 });
  });
  mounted.dispose();
  wake();
  await world.advance(100);
  assertEquals([world.sent, world.timers], [[], 0]);
});
