/**
 * A node as a process: reads stdin, writes stdout, keeps the clock.
 *
 * @module
 */
import { stackOf } from "./errors.ts";
import { JsonLines } from "./lines.ts";
import { Output } from "./output.ts";
import { giveUp, log, type Stdio, stdio } from "./stdio.ts";
import type { Mounted, World } from "./world.ts";

/** How often a process records that it is running, in milliseconds. */
const PULSE_MS = 500;

/**
 * A process whose pulse fails for this long was stopped (SIGSTOP, a laptop's lid): no machine
 * is that busy.
 */
const STOPPED_MS = 2_000;

/** For how long after a stop input may have arrived during it, in milliseconds. */
const CATCH_UP_MS = 250;

/** The longest delay that `setTimeout` takes: 25 days. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The time of the event that is being handled, as in a simulator: reading the clock for
 * every message costs a fifth of the throughput. Notices when the process was stopped; what it
 * reads first may have waited since it began to start.
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

  /** Ticks as long as there is input. Not by `setInterval`: to load that, Deno takes a third of a node's start. */
  run(): void {
    AbortSignal.timeout(PULSE_MS).addEventListener("abort", () => {
      this.tick();
      this.run();
    });
  }
}

/** Runs what is mounted until the input ends or the output is closed, then ends the process: see `run`. */
export async function serve(
  mountIn: (world: World) => Mounted,
): Promise<never> {
  // Whoever imports a program to simulate or test it would wait for ever for the end of its input.
  if ("WorkerGlobalScope" in globalThis) {
    throw new Error(
      "Cannot run a program while it is imported: write if (import.meta.main) await run(...)",
    );
  }
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
      // The program has thrown instead of starting: a process without a node would keep
      // everybody waiting.
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
  // One more turn for answers and reports that only wait for promises.
  await new Promise((resolve) => setTimeout(resolve, 0));
  output.flush();
  io.exit(0);
}
