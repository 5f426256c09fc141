/** Mutants of echo and unique-ids. */
import type { Json } from "../../lib/node/world.ts";
import type { Node } from "../../lib/maelstrom.ts";
import type { Mutant } from "./mutant.ts";

interface Echo {
  echo(request: { echo: Json }): { echo: Json };
  echo_ok(reply: { in_reply_to: number; echo: Json }): void;
}

interface Generate {
  generate(): { id: Json };
}

/** The request's number, which the library hides. */
function idOf(request: object): number {
  return (request as { msg_id: number }).msg_id;
}

function echoesAnother(node: Node<Echo>): void {
  let last: Json = null;
  node.on("echo", ({ echo }) => {
    const reply = node.random() < 0.1 ? last : echo;
    last = echo;
    return { echo: reply };
  });
}

function fallsSilent(node: Node<Echo>): void {
  let answered = 0;
  node.on("echo", async ({ echo }) => {
    if (answered++ > 4) await node.sleep(1e9);
    return { echo };
  });
}

function answersTwice(node: Node<Echo>): void {
  node.on("echo", (request, src) => {
    const { echo } = request;
    node.send(src, "echo_ok", { in_reply_to: idOf(request), echo });
    return { echo };
  });
}

function answersTooLate(node: Node<Echo>): void {
  node.on("echo", async (request, src) => {
    const { echo } = request;
    if (node.random() < 0.8) return { echo };
    await node.sleep(7_000);
    node.send(src, "echo_ok", { in_reply_to: idOf(request), echo });
    return { echo };
  });
}

function countsFromOne(node: Node<Generate>): void {
  let count = 0;
  node.on("generate", () => ({ id: `${node.id}-${++count}` }));
}

function takesTheMillisecond(node: Node<Generate>): void {
  node.on("generate", () => ({ id: `${node.id}-${Math.floor(node.now())}` }));
}

function drawsFromFew(node: Node<Generate>): void {
  node.on("generate", () => ({ id: String(Math.floor(node.random() * 1e5)) }));
}

/** Two concurrent requests read one counter. */
function racesForIds(node: Node<Generate>): void {
  const boot = Math.floor(node.random() * 1e9);
  let count = 0;
  node.on("generate", async () => {
    const serial = count;
    await node.sleep(1);
    count = serial + 1;
    return { id: `${node.id} ${boot} ${serial}` };
  });
}

/** Lives that begin in one second cannot be told apart. */
function countsFromTheSecond(node: Node<Generate>): void {
  const second = Math.floor(node.now() / 1_000);
  let count = 0;
  node.on("generate", () => ({ id: `${node.id} ${second} ${count++}` }));
}

/** As a snowflake that trusts its clock: a clock that is set back gives the same milliseconds again. */
function trustsItsClock(node: Node<Generate>): void {
  let last = 0, sequence = 0;
  node.on("generate", () => {
    const ms = Math.floor(node.now());
    sequence = ms === last ? sequence + 1 : 0;
    last = ms;
    return { id: `${ms} ${node.id} ${sequence}` };
  });
}

function mixesTypes(node: Node<Generate>): void {
  const boot = Math.floor(node.random() * 1e9);
  let count = 0;
  node.on("generate", () => {
    const serial = ++count;
    return {
      id: serial % 2 === 0
        ? serial * 1e9 + boot
        : `${node.id} ${boot} ${serial}`,
    };
  });
}

/** Mutants that need neither peers nor state. */
export const mutants: Mutant[] = [
  {
    name: "echo-another",
    bug: "one reply in ten has the payload of the previous request",
    program: echoesAnother,
    scenario: "echo-1",
    faults: "official",
    caughtAs: ["echo-mismatch"],
    faithful: "caught",
  },
  {
    name: "echo-falls-silent",
    bug: "answers five requests and no more",
    program: fallsSilent,
    scenario: "echo-1",
    faults: "official",
    caughtAs: ["unavailable", "unanswered-request"],
    faithful: "passes",
  },
  {
    name: "echo-twice",
    bug: "answers every request twice",
    program: answersTwice,
    scenario: "echo-1",
    faults: "official",
    caughtAs: ["duplicate-reply"],
    faithful: "passes",
  },
  {
    name: "echo-too-late",
    bug: "answers one client in five after it has given up",
    program: answersTooLate,
    scenario: "echo-1",
    flags: { "time-limit": 30 },
    faults: "official",
    caughtAs: ["late-reply"],
    faithful: "passes",
  },
  {
    name: "ids-counter-without-epoch",
    bug: "counts from one again after a restart",
    program: countsFromOne,
    scenario: "unique-ids-2",
    flags: { "time-limit": 20, rate: 20 },
    faults: "chaos",
    caughtAs: ["duplicate-id"],
    faithful: "caught",
  },
  {
    name: "ids-millisecond",
    bug: "assumes that the clock's millisecond is unique",
    program: takesTheMillisecond,
    scenario: "unique-ids-2",
    flags: { "time-limit": 5 },
    faults: "official",
    caughtAs: ["duplicate-id"],
    faithful: "caught",
  },
  {
    name: "ids-small-space",
    bug: "draws from 100 000 numbers and hopes",
    program: drawsFromFew,
    scenario: "unique-ids-2",
    flags: { "time-limit": 2, rate: 200 },
    faults: "official",
    caughtAs: ["duplicate-id"],
    faithful: "caught",
  },
  {
    name: "ids-racy",
    bug: "reads its counter, waits a moment, and writes it",
    program: racesForIds,
    scenario: "unique-ids-2",
    flags: { "time-limit": 10, rate: 300 },
    faults: "chaos",
    caughtAs: ["duplicate-id"],
    faithful: "caught",
  },
  {
    name: "ids-second",
    bug: "tells its lives apart only by the second of their start",
    program: countsFromTheSecond,
    scenario: "unique-ids-2",
    flags: { "time-limit": 60, rate: 50 },
    faults: "chaos",
    caughtAs: ["duplicate-id"],
    faithful: "caught",
  },
  {
    name: "ids-set-back",
    bug: "trusts its clock not to show a millisecond again",
    program: trustsItsClock,
    scenario: "unique-ids-2",
    flags: { "time-limit": 30, rate: 500 },
    faults: "chaos",
    caughtAs: ["duplicate-id"],
    faithful: "caught",
  },
  {
    name: "ids-mixed-types",
    bug: "gives numbers and strings in turn",
    program: mixesTypes,
    scenario: "unique-ids-2",
    flags: { "time-limit": 2, rate: 100 },
    faults: "official",
    caughtAs: ["mixed-id-types"],
    faithful: "caught",
  },
];
