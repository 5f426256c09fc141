/** Programs of ours as modules in virtual time: any number of nodes in one process. */
import {
  type Message,
  mount,
  type Mounted,
  type Program,
  type Protocol,
} from "../../maelstrom.ts";
import { MS, type VirtualClock } from "../clock.ts";
import type { Random } from "../random.ts";
import { type Host, KEPT_LINES, type OpenHost } from "./host.ts";

/** When virtual time begins, in milliseconds since the Unix epoch: any fixed moment does. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * Timers fire late on real machines, by about this much at worst when nothing is wrong;
 * in virtual time each is late by a random part of it.
 */
const TIMER_SLACK_MS = 2;

/** A mounted program, with what is needed to make it fall silent. */
interface Life {
  mounted: Mounted;
  alive: boolean;
}

/** Hosts a program's own module. Everything random comes from `random`, every node from a fork of its own. */
export function modules<P extends Protocol<P>>(
  program: Program<P>,
  clock: VirtualClock,
  random: Random,
): OpenHost {
  return (_nodes, events): Host => {
    const lives = new Map<string, Life>();
    const stderr = new Map<string, string[]>();
    let births = 0;

    function log(node: string, text: string): void {
      const lines = stderr.get(node) ?? [];
      lines.push(...text.split("\n"));
      stderr.set(node, lines.slice(-KEPT_LINES));
    }

    function start(node: string): void {
      const own = random.fork(`node ${node} ${births++}`);
      const life: Life = { alive: true, mounted: undefined! };
      life.mounted = mount(program, {
        send(message: Message) {
          if (life.alive) events.sent(node, copy(message));
        },
        now: () => EPOCH_MS + clock.now() / MS,
        random: own.next,
        schedule(delayMs, task) {
          const slack = own.uniform(0, TIMER_SLACK_MS);
          return clock.schedule((Math.max(0, delayMs) + slack) * MS, () => {
            if (life.alive) task();
          });
        },
        log: (text) => log(node, text),
      });
      lives.set(node, life);
    }

    function kill(node: string): void {
      const life = lives.get(node);
      if (life === undefined) return;
      life.alive = false;
      life.mounted.dispose();
      lives.delete(node);
    }

    return {
      start,
      kill,
      deliver(node, packet) {
        const life = lives.get(node);
        if (life === undefined) return;
        try {
          life.mounted.receive(copy(packet));
        } catch (error) {
          // What escapes the library would end a real process.
          const text = error instanceof Error ? error.stack : String(error);
          log(node, String(text));
          kill(node);
          events.exited(node, `it threw ${error}`);
        }
      },
      stop() {
        for (const node of [...lives.keys()]) kill(node);
        return Promise.resolve();
      },
      lastLines: (node) => stderr.get(node) ?? [],
    };
  };
}

/** A copy by way of JSON, as a real network makes it: nodes share nothing. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}
