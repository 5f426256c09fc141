/** A node as a process: what real bytes, slow readers and closed pipes do to it. */
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { delay } from "@std/async";
import type { Body, Json } from "../../lib/node/world.ts";
import { NodeProcess, runtimes } from "../fixtures/node-process.ts";
import { needs } from "../fixtures/permitted.ts";

const ECHO = new URL("../../challenges/echo-1.ts", import.meta.url).pathname;
const RUNTIMES = runtimes();
const FAILING =
  new URL("../fixtures/failing-node.ts", import.meta.url).pathname;
const LATE = new URL("../fixtures/late-node.ts", import.meta.url).pathname;
const RESTLESS =
  new URL("../fixtures/restless-node.ts", import.meta.url).pathname;

/** Starts a program in the runtime that is being tested. */
type Start = (program: string, launcher?: string[]) => NodeProcess;

/** A test in every runtime: skipped, and counted so, in those that are not installed. */
function processTest(
  name: string,
  fn: (start: Start) => Promise<void>,
  isPossible = true,
): void {
  for (const { name: runtime, command } of RUNTIMES) {
    const { ignore } = needs("run", "read");
    Deno.test({
      name: `${runtime}: ${name}`,
      fn: () =>
        fn((program, launcher) => new NodeProcess(command!, program, launcher)),
      ignore: ignore || command === undefined || !isPossible,
    });
  }
}

const echo = (msg_id: number, echo: Json): Body => ({
  type: "echo",
  msg_id,
  echo,
});

processTest(
  "a node answers line by line, and ends with code 0 when its input ends",
  async (start) => {
    const node = start(ECHO);
    await node.write(
      '{"id":0,"src":"c0","dest":"n3","body":{"type":"init","msg_id":1,"node_id":"n3","node_ids":["n3"]}}\n' +
        '{"id":1,"src":"c1","dest":"n3","body":{"echo":{"a":[1,null,"é"]},"type":"echo","msg_id":2}}\n',
    );
    assertEquals(await node.close(), {
      rest: [
        '{"src":"n3","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}',
        '{"src":"n3","dest":"c1","body":{"echo":{"a":[1,null,"é"]},"type":"echo_ok","in_reply_to":2}}',
      ],
      stderr: "",
      code: 0,
    });
  },
);

processTest(
  "bytes may come one by one, even within a character",
  async (start) => {
    const node = await start(ECHO).init();
    const body = echo(2, "a\u{1F600}é");
    const line = JSON.stringify({ src: "c1", dest: "n0", body }) + "\n";
    for (const byte of new TextEncoder().encode(line)) {
      await node.write(Uint8Array.of(byte));
      await delay(0); // lets the node read it alone
    }
    assertEquals((await node.next()).body.echo, "a\u{1F600}é");
    assertEquals((await node.close()).code, 0);
  },
);

processTest(
  "integers come back digit by digit, however long, and wherever a chunk ends",
  async (start) => {
    const node = await start(ECHO).init();
    const numbers = ["9007199254740993", `-${"7".repeat(400)}`, "123456"];
    const line = (n: number, pad: string) =>
      `{"src":"c1","dest":"n0","body":{"type":"echo","msg_id":${n},"echo":` +
      `[${numbers.join()},0.5,"${numbers[0]}",{"a":${
        numbers[0]
      }}],"x":"${pad}"}}\n`;
    const bytes = (text: string) => new TextEncoder().encode(text);
    // Cut at every place of the first numbers: between two chunks, and byte by byte.
    for (let cut = 60; cut < 100; cut++) {
      const whole = bytes(line(cut, ""));
      await node.write(whole.subarray(0, cut));
      await delay(1);
      await node.write(whole.subarray(cut));
      const raw = await node.nextLine();
      assertStringIncludes(raw, `"echo":[${numbers.join()},0.5,`);
      assertStringIncludes(raw, `{"a":${numbers[0]}}`);
    }
    // And in the middle of what fills more than one chunk.
    for (let n = 0; n < 40; n++) {
      await node.write(line(n, "p".repeat(3_000 + n)));
    }
    for (let n = 0; n < 40; n++) {
      assertStringIncludes(await node.nextLine(), `[${numbers.join()},0.5,`);
    }
    assertEquals((await node.close()).stderr, "");
  },
);

processTest("a line of 10 MB is answered like any other", async (start) => {
  const node = await start(ECHO).init();
  const long = "long \u{1F600} ".repeat(1_000_000);
  const sent = node.request(echo(2, long));
  assert((await node.next()).body.echo === long);
  await sent;
  assertEquals(await node.close(), { rest: [], stderr: "", code: 0 });
});

processTest(
  "carriage returns and empty lines are no matter, broken lines are reported and skipped",
  async (start) => {
    const node = await start(ECHO).init();
    await node.write("\n\r\n  \n");
    await node.write('{"src":"c1",\n');
    await node.write('null\n[]\n17\n"echo"\n{}\n{"src":"c1","dest":"n0"}\n');
    const line = { src: "c1", dest: "n0", body: echo(2, "still here") };
    await node.write(JSON.stringify(line) + "\r\n");
    assertEquals((await node.next()).body.echo, "still here");
    const { stderr, ...end } = await node.close();
    assertEquals(end, { rest: [], code: 0 });
    const reports = stderr.trimEnd().split("\n");
    assertEquals(reports.length, 7);
    assertMatch(reports[0]!, /^skipped, SyntaxError: .*: \{"src":"c1",$/);
    assertEquals(reports[1], "skipped, no message: null");
  },
);

processTest(
  "a last message without a newline is answered, and half a one is reported",
  async (start) => {
    const whole = await start(RESTLESS).init();
    const body = { type: "soon", msg_id: 2 };
    await whole.write(JSON.stringify({ src: "c1", dest: "n0", body }));
    const { rest, ...end } = await whole.close();
    assertEquals(rest.map((line) => JSON.parse(line).body.type), ["soon_ok"]);
    assertEquals(end, { stderr: "", code: 0 });

    const half = await start(ECHO).init();
    await half.write('{"src":"c1","dest":"n0","bo');
    const { stderr, code } = await half.close();
    assertEquals(code, 0);
    assertStringIncludes(stderr, "skipped, SyntaxError");
  },
);

processTest("a node without input ends with code 0, too", async (start) => {
  assertEquals(await start(ECHO).close(), {
    rest: [],
    stderr: "",
    code: 0,
  });
});

processTest(
  "nothing is lost or out of order when 1 MB answers meet a reader that sleeps",
  async (start) => {
    const node = await start(ECHO).init();
    const payload = "0123456789".repeat(100_000);
    const sent = (async () => {
      for (let n = 0; n < 20; n++) {
        await node.request(echo(n, `${n} ${payload}`));
      }
    })();
    for (let n = 0; n < 20; n++) {
      await delay(10);
      const { body } = await node.next();
      assertEquals(body.in_reply_to, n);
      assert(body.echo === `${n} ${payload}`);
    }
    await sent;
    assertEquals(await node.close(), { rest: [], stderr: "", code: 0 });
  },
);

/** Makes its own stdout non-blocking and becomes the command that follows. */
const UNBLOCK = [
  "perl",
  "-MFcntl",
  "-e",
  "fcntl(STDOUT, F_SETFL, fcntl(STDOUT, F_GETFL, 0) | O_NONBLOCK); exec @ARGV",
];

/** Whether a command can be run, and succeeds. */
async function exists(command: string, ...args: string[]): Promise<boolean> {
  if (needs("run").ignore) return false;
  try {
    const silent = { stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(command, { args, ...silent }).output())
      .success;
  } catch {
    return false;
  }
}

processTest(
  "a full non-blocking stdout stops no node and spoils no line, of 100 bytes or of 1 MB",
  async (start) => {
    for (const [count, size] of [[20_000, 30], [20, 1_000_000]] as const) {
      const node = await start(ECHO, UNBLOCK).init();
      const payload = "x".repeat(size);
      const sent = (async () => {
        for (let n = 0; n < count; n++) await node.request(echo(n, payload));
      })();
      await delay(200); // the pipe is full by now; if not, the test only proves less
      for (let n = 0; n < count; n++) {
        const { body } = await node.next();
        assertEquals(body.in_reply_to, n);
        assert(body.echo === payload);
      }
      await sent;
      assertEquals(await node.close(), { rest: [], stderr: "", code: 0 });
    }
  },
  await exists("perl", "-e", "1"),
);

processTest(
  "what handlers, promises and timers send at once is whole lines, each in its order",
  async (start) => {
    const node = await start(RESTLESS).init();
    const count = 300;
    await node.request({ type: "burst", msg_id: 2, count, size: 20_000 });
    const numbers: number[] = [];
    while (numbers.length < count) {
      const { dest, body } = await node.next();
      if (dest === "c1") continue;
      assertEquals(String(body.text).length, 20_000);
      numbers.push(Number(body.n));
    }
    const inOrder = [...Array(count).keys()];
    assertEquals([...numbers].sort((a, b) => a - b), inOrder);
    for (const way of [0, 1]) {
      const ofWay = (all: number[]) => all.filter((n) => n % 3 === way);
      assertEquals(ofWay(numbers), ofWay(inOrder));
    }
    assertEquals(await node.close(), { rest: [], stderr: "", code: 0 });
  },
);

processTest(
  "the end of input ends a node at once, whatever timers, calls and answers are pending",
  async (start) => {
    const node = await start(RESTLESS).init();
    await node.request({ type: "work", msg_id: 2 });
    assertEquals((await node.next()).body.type, "time");
    await delay(20); // what is limitless or very long does not end at once
    await node.write('{"src":"c1","dest":"n0","body":{"ty');
    const { rest, stderr, code } = await node.close();
    assertEquals([rest, code], [[], 0]);
    assertMatch(stderr, /^skipped, SyntaxError.*\n$/);
  },
);

processTest(
  "a closed output ends a node quietly when it next writes",
  async (start) => {
    const node = await start(RESTLESS).init();
    await node.request({ type: "work", msg_id: 2 });
    await node.next();
    await node.closeOutput();
    let running = true;
    const end = node.ended().finally(() => running = false);
    while (running) {
      // The first ones may be written before the pipe is really closed.
      await node.request({ type: "time", msg_id: 3 }).catch(() => {});
      await delay(1);
    }
    const { stderr, code } = await end;
    assertEquals([stderr, code], ["", 0]);
  },
);

processTest(
  "a closed output ends a node even where nothing comes in any more",
  async (start) => {
    const node = await start(RESTLESS).init();
    const size = 20_000; // more than a pipe holds: the node still writes when it is closed
    await node.request({ type: "burst", msg_id: 2, count: 300, size });
    await node.closeOutput();
    const { stderr, code } = await node.ended();
    assertEquals([stderr, code], ["", 0]);
  },
);

/** Becomes the command that follows, with a stream on a disk that is full. */
const onFullDisk = (stream: 1 | 2) => [
  ...["sh", "-c", `exec "$@" ${stream}>/dev/full`, "sh"],
];
const HAS_FULL_DISK = await exists("test", "-c", "/dev/full");

processTest(
  "a stdout that takes nothing more ends a node with code 1, and it says why",
  async (start) => {
    const node = start(ECHO, onFullDisk(1));
    const init = { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] };
    await node.request(init);
    const { rest, stderr, code } = await node.ended();
    assertEquals([rest, code], [[], 1]);
    assertMatch(stderr, /^Cannot write to stdout: .*no space left.*\n$/i);
  },
  HAS_FULL_DISK,
);

processTest(
  "a stderr that takes nothing more is no matter",
  async (start) => {
    const node = await start(ECHO, onFullDisk(2)).init();
    await node.write("garbage\n");
    await node.request(echo(2, "still here"));
    assertEquals((await node.next()).body.echo, "still here");
    assertEquals((await node.close()).code, 0);
  },
  HAS_FULL_DISK,
);

processTest(
  "a handler that fails is answered with error 13 and its stack is on stderr",
  async (start) => {
    const node = await start(RESTLESS).init();
    for (const type of ["fail", "failLater"]) {
      await node.request({ type, msg_id: 2 });
      const { body } = await node.next();
      assertEquals([body.type, body.code], ["error", 13]);
    }
    await node.request({ type: "forget", msg_id: 3 });
    assertEquals((await node.next()).body.type, "forget_ok");
    const { stderr, code } = await node.close();
    assertMatch(stderr, /"fail" threw Error: as asked\n +at .*restless-node/);
    assertMatch(stderr, /"failLater" threw Error: as asked\n +at /);
    assertMatch(stderr, /a promise was rejected: Error: forgotten\n +at /);
    assertEquals(code, 0);
  },
);

processTest(
  "a node's clock is the wall clock, and does not run backwards",
  async (start) => {
    const node = await start(RESTLESS).init();
    const times: number[] = [];
    for (let n = 0; n < 20; n++) {
      await node.request({ type: "time", msg_id: n });
      times.push(Number((await node.next()).body.now));
    }
    await node.close();
    assertEquals(times, [...times].sort((a, b) => a - b));
    const hour = 3_600_000;
    assertGreaterOrEqual(times[0]!, Date.now() - hour);
    assertGreaterOrEqual(Date.now() + hour, times.at(-1)!);
  },
);

processTest(
  "a process that was stopped for longer than a client waits answers only what comes afterwards, one that was idle all",
  async (start) => {
    const node = await start(ECHO).init();
    await delay(6_000); // a client waits for 5 s
    await node.request({ type: "echo", msg_id: 2, echo: "before" });
    assertEquals((await node.next()).body.in_reply_to, 2);
    node.signal("SIGSTOP");
    await node.request({ type: "echo", msg_id: 3, echo: "meanwhile" });
    await delay(6_000);
    node.signal("SIGCONT");
    await delay(1_000);
    await node.request({ type: "echo", msg_id: 4, echo: "afterwards" });
    assertEquals((await node.next()).body.in_reply_to, 4);
    const { stderr } = await node.close();
    assertStringIncludes(stderr, "dropped a late reply");
  },
);

processTest(
  "a process that takes longer to start than a client waits does not answer what came meanwhile",
  async (start) => {
    const node = start(LATE);
    await node.write(
      '{"id":0,"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}\n' +
        '{"id":1,"src":"c1","dest":"n0","body":{"echo":1,"type":"echo","msg_id":2}}\n',
    );
    const { rest, stderr } = await node.close();
    assertEquals(rest, [
      '{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}',
    ]);
    assertStringIncludes(stderr, "dropped a late reply");
  },
);

processTest(
  "a program that throws instead of starting ends its process with code 1, and says why",
  async (start) => {
    const node = start(FAILING);
    const init = { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] };
    await node.request(init);
    const { rest, stderr, code } = await node.ended();
    assertEquals([rest, code], [[], 1]);
    assertMatch(stderr, /Error: no such disk\n.*failing-node/s);
  },
);
