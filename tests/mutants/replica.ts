/** What mutants of Raft and of Viewstamped Replication are made of. */
import type { Log } from "../../lib/consensus/log.ts";
import type { Ack, Append } from "../../lib/consensus/messages.ts";
import type { Node } from "../../lib/maelstrom.ts";
import { mutantsWith } from "./mutant.ts";
import { WRONG } from "./registers.ts";
import { sending, type Twists } from "./twist.ts";

/** What a leader would get from a follower that has heard all of this. */
const echo = (message: Append): Ack => ({
  lives: message.lives,
  epoch: message.epoch,
  round: message.round,
  match: 0,
  gap: false,
  commands: [],
  read: 0,
});

/** A leader that takes its word for everybody's answer, for so long after the last real one, by some clock. */
export const believesItself = (
  base: unknown,
  forMs: number,
  clockOf = (node: Node<never>) => () => node.now(),
) =>
(node: Node<never>) => {
  const now = clockOf(node);
  const real = new Map<string, number>();
  let handle: (message: Ack, src: string) => void = () => {};
  const program = sending(base, (type, message, dest) => {
    const lately = now() < (real.get(dest) ?? -Infinity) + forMs;
    const fake = echo(message as unknown as Append);
    if (type === "append" && lately) node.after(1, () => handle(fake, dest));
    return message;
  }, () => ({
    ack: (handler) => {
      handle = handler;
      return (message, src) => {
        real.set(src, now());
        handler(message, src);
      };
    },
  }));
  (program as (node: Node<never>) => void)(node);
};

/** What a planted bug may look at. */
interface Open {
  epoch: number;
  lives: number[];
  log: Log;
  node: Node<never>;
}

/** A replica with a planted bug. */
export function replica(
  Class: new (node: never) => unknown,
  bug: (self: () => Open) => {
    twists?: Twists;
    send?: Parameters<typeof sending>[1];
  } = () => ({}),
): unknown {
  return (node: Node<never>) => {
    let self: Open;
    const { twists = {}, send = (_type, message) => message } = bug(() => self);
    const program = sending(
      (node: never) => void (self = new Class(node) as Open),
      send,
      () => twists,
    );
    (program as (node: Node<never>) => void)(node);
  };
}

/** Where it takes more nodes and more time to go wrong. */
export const five = { "time-limit": 25, rate: 150, "node-count": 5 };

/** Where it takes candidates at the same time: votes that are long under way. */
export const far = {
  "time-limit": 30,
  rate: 50,
  "node-count": 5,
  latency: 100,
};

/** Makes mutants of a program, in chaos if nothing else is said. */
export const mutantsOf = (scenario: string) =>
  mutantsWith({
    scenario,
    flags: { "time-limit": 15, rate: 100 },
    faults: "chaos",
    caughtAs: WRONG,
    faithful: "caught",
  });
