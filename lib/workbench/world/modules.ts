/** Hosts programs as modules in virtual time: any number of nodes in one process. */
import { beginning, stringify, TooDeep } from "../history/json.ts";
import { stackOf, wordsOf } from "../../node/errors.ts";
import { carried, plain } from "../history/copies.ts";
import type { Message, Mounted } from "../../node/world.ts";
import { mount, type Program } from "../../maelstrom.ts";
import type { Protocol } from "../../node/protocol.ts";
import { MS, type VirtualClock } from "./clock.ts";
import {
  type Host,
  KEPT_LINES,
  LONGEST_LOG_LINE,
  type OpenHost,
} from "./host.ts";
import { type Machine, type Process, quietMachine } from "./machine.ts";
import type { Packet } from "./network.ts";
import type { Random } from "./random.ts";
import { rightClocks, type WallClocks } from "./wall-clocks.ts";

/** When virtual time begins, in milliseconds since the Unix epoch. Any fixed time would do. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** How long a node takes to start at most, in milliseconds. Without this, all timers would run in phase. */
const START_MS = 300;

/**
 * How much later than it is written a node's output is read at most, in milliseconds, as through a
 * pipe between busy processes. Without this, everything without latency would happen at one instant
 * and never overlap.
 */
const PIPE_MS = 1;

/**
 * By how much timers fire late at most, in milliseconds: about as on a real machine when nothing is
 * wrong.
 */
const TIMER_SLACK_MS = 2;

/**
 * Hosts a program's module, with each node as a process on the machine. All randomness comes from
 * `random`, which is forked for every node.
 *
 * @param mountOn the `mount` of the library that the program imports, if that is another copy than
 *   the workbench's own
 * @param wallClocks what the nodes' clocks show
 * @param onLog called with every line that a node logs
 */
export function modules<P extends Protocol<P>>(
  program: Program<P>,
  clock: VirtualClock,
  random: Random,
  machine: Machine = quietMachine(clock),
  mountOn: typeof mount = mount,
  wallClocks: WallClocks = rightClocks,
  onLog: (node: string, line: string) => void = () => {},
): OpenHost {
  return (_nodes, events): Host => {
    const lives = new Map<string, Life<P>>();
    const stderr = new Map<string, string[]>();
    let births = 0;
    const kill = (node: string) => {
      lives.get(node)?.end();
      lives.delete(node);
    };
    return {
      start(node) {
        const own = random.fork(`node ${node} ${births++}`);
        const shows = (nowMs: number) => wallClocks(node, nowMs);
        const life = new Life(program, mountOn, machine, own, shows, {
          wrote(message) {
            events.sent(node, message);
          },
          garbled(text, why) {
            events.garbage(node, text, why);
          },
          logged(text) {
            // A guest may log anything.
            const said = wordsOf(text).split("\n")
              .map((line) => beginning(line, LONGEST_LOG_LINE));
            const lines = [...stderr.get(node) ?? [], ...said];
            stderr.set(node, lines.slice(-KEPT_LINES));
            for (const line of said) onLog(node, line);
          },
          threw(error) {
            kill(node);
            events.exited(node, `it threw ${wordsOf(error)}`);
          },
        });
        lives.set(node, life);
      },
      kill,
      pause: (node) => lives.get(node)?.pause(),
      resume: (node) => lives.get(node)?.resume(),
      deliver: (node, packet) => lives.get(node)?.deliver(packet),
      stop() {
        for (const node of [...lives.keys()]) kill(node);
        return Promise.resolve();
      },
      lastLines: (node) => stderr.get(node) ?? [],
    };
  };
}

/**
 * The text of a message that is nested very deeply.
 *
 * @throws {TypeError} it contains itself
 */
function deepText(message: Message): string {
  try {
    return stringify(message);
  } catch (error) {
    // There is no text of a message that is nested more deeply than the stack allows, which no seed decides.
    if (!(error instanceof RangeError)) throw error;
    return stringify({ ...message, body: "[[[..." });
  }
}

/** What a node reports to its host. */
interface LifeEvents {
  wrote(message: Message): void;
  /** It has written something that cannot be read as a message, for this reason. */
  garbled(text: string, why: string): void;
  logged(text: string): void;
  /** An error was not caught by the library: a real process would have exited. */
  threw(error: unknown): void;
}

/** One life of a node, from its start to its end. */
class Life<P extends Protocol<P>> {
  readonly #mounted: Mounted;
  readonly #process: Process;
  readonly #readyAt: number;
  /** When virtual time began, by the node's clock, in milliseconds since the Unix epoch. */
  readonly #epochMs: number;
  #alive = true;
  /** Messages that have arrived and that the node has not read yet. */
  #input: Packet[] = [];
  /** What was due while the process was stopped, in order; null while it runs. */
  #overdue: (() => void)[] | null = null;
  /** Messages that the node has written and that have not been read yet. */
  #output: Message[] = [];

  constructor(
    program: Program<P>,
    mountOn: typeof mount,
    private readonly machine: Machine,
    private readonly random: Random,
    shows: (nowMs: number) => number,
    private readonly events: LifeEvents,
  ) {
    const process = this.#process = machine.process();
    const { clock } = process;
    const bornMs = clock.now() / MS;
    this.#epochMs = shows(EPOCH_MS + bornMs) - bornMs;
    const startMs = random.uniform(0, START_MS) + process.startMs();
    this.#readyAt = clock.now() + startMs * MS;
    this.#mounted = mountOn(program, {
      send: (message) => this.#send(message),
      now: () => this.#now(),
      random: random.next,
      schedule: (delayMs, task) => {
        const slackMs = random.uniform(0, TIMER_SLACK_MS) + process.timerMs();
        // A cancelled task is not run, even if it was due while the process was paused.
        let isStopped = false;
        // Like a real timer, this takes what is not a number for 0.
        const delay = delayMs > 0 ? delayMs : 0;
        const cancel = clock.schedule(
          (delay + slackMs) * MS,
          () => this.#do(() => isStopped || task()),
        );
        return () => {
          isStopped = true;
          cancel();
        };
      },
      log: events.logged,
    });
  }

  /** The time of day, in milliseconds. */
  #now(): number {
    return this.#epochMs + this.#process.clock.now() / MS;
  }

  /** Delivers a message, once the node has started. */
  deliver(packet: Packet): void {
    const { clock } = this.#process;
    const startNs = Math.max(0, this.#readyAt - clock.now());
    const wait = startNs + this.#process.inputMs() * MS;
    if (wait === 0) return this.#receive(packet);
    // When the node reads, it takes everything that has arrived by then, in order.
    if (this.#input.push(packet) > 1) return;
    // A process that has just started cannot know for how long its input has been waiting.
    const startedAt = startNs > 0 ? this.#now() : undefined;
    clock.schedule(wait, () => {
      const arrived = this.#input;
      this.#input = [];
      for (const packet of arrived) this.#receive(packet, startedAt);
    });
  }

  /** Pauses the node, as SIGSTOP does. What it has already written is still read. */
  pause(): void {
    this.#overdue ??= [];
  }

  /** Lets the node continue. What was due meanwhile happens now. */
  resume(): void {
    const overdue = this.#overdue ?? [];
    this.#overdue = null;
    for (const task of overdue) this.#do(task);
  }

  /** Ends the node. What it has already written is still read. */
  end(): void {
    this.#alive = false;
    this.#mounted.dispose();
  }

  /** Runs a task now, or when the process continues if it is paused, but not once it has ended. */
  #do(task: () => void): void {
    if (!this.#alive) return;
    if (this.#overdue === null) task();
    else this.#overdue.push(task);
  }

  #receive(packet: Packet, since = this.#now()): void {
    this.#do(() => this.#hand(packet, since));
  }

  #hand(packet: Packet, since: number): void {
    try {
      const { id, src, dest } = packet;
      const body = plain(packet.body);
      this.#mounted.receive({ id, src, dest, body }, since);
    } catch (error) {
      this.events.logged(stackOf(error));
      this.events.threw(error);
    }
  }

  /** Sends a message in the form in which it arrives, or reports its text if it cannot be read. */
  #send(message: Message): void {
    let arriving: Message;
    try {
      arriving = carried(message) as unknown as Message;
    } catch (error) {
      if (!(error instanceof TooDeep)) throw error;
      return this.events.garbled(deepText(message), `is ${error.message}`);
    }
    this.#write(arriving);
  }

  #write(message: Message): void {
    if (!this.#alive || this.#output.push(message) > 1) return;
    const delayNs = this.random.uniform(0, PIPE_MS) * MS;
    this.machine.clock.schedule(delayNs, () => {
      const read = this.#output;
      this.#output = [];
      for (const message of read) this.events.wrote(message);
    });
  }
}
