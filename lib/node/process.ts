/**
 * Runs a node as a process: reads stdin, writes stdout, keeps the clock.
 *
 * @module
 */
import { stackOf } from "./errors.ts";
import { JsonLines } from "./lines.ts";
import { Output } from "./output.ts";
import { giveUp, log, type Stdio, stdio } from "./stdio.ts";
import type { Mounted, World } from "./world.ts";

/** How often a process ticks its clock, which shows that it is running, in milliseconds. */
const PULSE_MS = 500;

/**
 * A process that did not tick for this long was stopped (by SIGSTOP, or because the computer
 * slept): no machine is busy enough for that, in milliseconds.
 */
const STOPPED_MS = 2_000;

/** For how long after a stop the process may still read input that arrived during it, in milliseconds. */
const CATCH_UP_MS = 250;

/** The longest delay that `setTimeout` takes: 25 days. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The time of the event that is being handled, as in a simulator: reading the real clock for every
 * message would cost a fifth of the throughput. It also notices when the process was stopped, since
 * what it then reads may have been waiting; so may what it reads first, since it began to start.
 */
class Clock {
  /** Milliseconds since the Unix epoch. */
  now = performance.timeOrigin + performance.now();
  #stopped = { from: performance.timeOrigin, until: this.now };

  /** An event begins. */
  tick(): void {
    const before = this.now;
    this.now = performance.timeOrigin + performance.now();
    const wasStopped = this.now - before > STOPPED_MS;
    if (wasStopped) this.#stopped = { from: before, until: this.now };
  }

  /** Since when the input that is read now may have been waiting. */
  get since(): number {
    const { from, until } = this.#stopped;
    return this.now < until + CATCH_UP_MS ? from : this.now;
  }

  /** Ticks periodically. Not by `setInterval`: loading that takes Deno a third of a node's start-up time. */
  run(): void {
    AbortSignal.timeout(PULSE_MS).addEventListener("abort", () => {
      this.tick();
      this.run();
    });
  }
}

/**
 * Runs a mounted program until its input ends or its output is closed, then ends the process: see `run`.
 *
 * @throws {Error} at once, awaited or not: the program is imported, to simulate it
 */
export function serve(mountIn: (world: World) => Mounted): Promise<never> {
  // If a program were run by being imported, the import would never finish.
  if ("WorkerGlobalScope" in globalThis) {
    throw new Error(
      "Cannot run a program while it is imported: write if (import.meta.main) await run(...)",
    );
  }
  return serveInput(mountIn);
}

async function serveInput(mountIn: (world: World) => Mounted): Promise<never> {
  const io: Stdio = stdio();
  const output = new Output(io);
  const clock = new Clock();
  const mounted = mountIn({
    send: (message) => output.line(JSON.stringify(message)),
    now: () => clock.now,
    random: Math.random,
    schedule(delayMs, task) {
      const timer = setTimeout(() => {
        clock.tick();
        task();
      }, Math.min(delayMs, MAX_DELAY_MS));
      return () => clearTimeout(timer);
    },
    log,
  });
  io.onRejection((reason) => {
    log(`a promise was rejected: ${stackOf(reason)}`);
  });
  const lines = new JsonLines(log);
  const receive = (messages: unknown[]) => {
    const { since } = clock;
    try {
      for (const message of messages) mounted.receive(message, since);
    } catch (error) {
      // The program threw when it was to start. A process without a node would only keep others
      // waiting.
      log(stackOf(error));
      io.exit(1);
    }
    output.flush();
  };

  clock.run();
  try {
    for await (const bytes of io.input) {
      clock.tick();
      receive(lines.push(bytes));
    }
  } catch (error) {
    giveUp(io, "read stdin", error);
  }
  receive(lines.end());
  // One more turn of the event loop, for replies that only wait for promises.
  await new Promise((resolve) => setTimeout(resolve, 0));
  output.flush();
  io.exit(0);
}
