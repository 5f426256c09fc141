/** Impostors with logs and stores; what impostors are is in `impostor.ts`. */
import { ALONE, type Entry, led, log, PAIR } from "../strangers/logs.ts";
import {
  ALONE as STORE_ALONE,
  at,
  type Step,
  store,
  type StoreChoices,
} from "../strangers/stores.ts";
import { changed, slowly } from "../strangers/stranger.ts";
import { type Impostor, impostor } from "./impostor.ts";

type Change = Parameters<typeof changed>[1];

/** A log whose answers to these requests are changed. */
const logWith = (change: Change, ...types: string[]) =>
  changed(log(), change, types);

/** The offsets that a log lists, changed. */
const listing = (
  change: (offsets: { [key: string]: number }) => { [key: string]: number },
) =>
  logWith(
    (_, handler) => (request, src) => ({
      offsets: change(handler(request, src).offsets),
    }),
    "list_committed_offsets",
  );

/** The messages that a log gives to a poll, changed. */
const giving = (
  change: (
    msgs: { [key: string]: Entry[] },
    asked: { [key: string]: number },
  ) => void,
) =>
  logWith((_, handler) => (request, src) => {
    const { msgs } = handler(request, src);
    change(msgs, request.offsets);
    return { msgs };
  }, "poll");

const kafka = impostor("kafka", ALONE);
const registers = impostor("txn-rw-register", STORE_ALONE);
const lists = impostor("txn-list-append", STORE_ALONE);

const every = (n: number) => (serial: number) => serial % n === n - 1;
const but = (n: number) => (serial: number) => serial % n !== n - 1;
const weak = at("read-uncommitted");

/** Answers whose steps are changed, one in ten. */
const answering = (
  change: (step: Step, place: number, steps: Step[]) => Step,
): StoreChoices => ({
  answers: (steps, serial) =>
    serial % 10 === 9
      ? steps.map((step, place) => change(step, place, steps))
      : steps,
});

/** Gives nothing for the first of two reads of a key. */
const nothingFirst: StoreChoices = {
  answers: (steps) =>
    steps.map(([f, key, value], place): Step => {
      const others = steps.slice(place + 1);
      const again = others.some(([g, other]) => g === "r" && other === key);
      const written = steps.some(([g, other]) => g !== "r" && other === key);
      return f === "r" && again && !written ? [f, key, null] : [f, key, value];
    }),
};

/** See the module. */
export const impostors: readonly Impostor[] = [
  kafka(
    "stranger-kf-polls-commit",
    "a poll commits what it returns",
    log({ pollsCommit: true }),
    "commit-invented",
    "passes",
  ),
  kafka(
    "stranger-kf-first-commit",
    "the first commit of a key stays for ever",
    log({ commits: (before, next) => before ?? next }),
    "commit-lost",
    "passes",
  ),
  kafka(
    "stranger-kf-ignores-commits",
    "acknowledges commits and forgets them",
    logWith(() => () => ({}), "commit_offsets"),
    "commit-lost",
    "passes",
  ),
  kafka(
    "stranger-kf-lists-next",
    "lists the offset after the committed one",
    listing((offsets) =>
      Object.fromEntries(
        Object.entries(offsets).map(([key, at]) => [key, at + 1]),
      )
    ),
    "commit-invented",
    "passes",
  ),
  kafka(
    "stranger-kf-lists-others",
    "lists a key that nobody asked for",
    listing((offsets) => ({ ...offsets, "0-commit": 0 })),
    "unasked-key",
    "passes",
  ),
  kafka(
    "stranger-kf-lists-seven",
    "lists 7 for keys without a commit",
    log({ uncommitted: 7 }),
    "commit-invented",
    "passes",
  ),
  kafka(
    "stranger-kf-invents",
    "returns a message of a key that nobody has sent to",
    giving((msgs, asked) => {
      for (
        const [key, from] of Object.entries(asked)
      ) if (from === 0 && msgs[key]!.length === 0) msgs[key] = [[0, 777]];
    }),
    "invented-message",
    "passes",
  ),
  kafka(
    "stranger-kf-loses-the-last",
    "never shows the sixteenth message of a key",
    log({ gives: (entries) => entries.filter(([offset]) => offset !== 15) }),
    ["lost-message"],
    "caught",
  ),
  kafka(
    "stranger-kf-one-place",
    "gives every fifth message the previous offset",
    log({ offset: (n) => n % 5 === 4 ? n - 1 : n }),
    "inconsistent-offsets",
    "caught",
  ),
  kafka(
    "stranger-kf-downwards",
    "offsets go down from 100",
    log({ offset: (n) => 100 - n }),
    "nonmonotonic-send",
    "caught",
  ),
  kafka(
    "stranger-kf-backwards",
    "a poll returns the latest message first",
    log({ gives: (entries) => entries.toReversed() }),
    "poll-order",
    "caught",
  ),
  kafka(
    "stranger-kf-holes",
    "a follower shows what has arrived, even before earlier messages",
    led({ lagMs: 400, skips: true }),
    "poll-skip",
    "caught",
    PAIR,
  ),
  kafka(
    "stranger-kf-deaf-follower",
    "a follower ignores a key's eighth message, and stops there",
    led({ ignores: (offset) => offset === 7 }),
    "lost-message",
    "passes",
    PAIR,
  ),
  registers(
    "stranger-rw-drops",
    "acknowledges one transaction in ten and drops it",
    store({ keeps: but(10) }),
    ["cyclic-versions", "vanished-value"],
    "passes",
    weak,
  ),
  registers(
    "stranger-rw-dirty",
    "executes one step after another, interleaved with others",
    store({ pauseMs: 30 }),
    "G0",
    "passes",
    { ...weak, concurrency: "6n", rate: 200, "key-count": 3 },
  ),
  registers(
    "stranger-rw-nothing",
    "every read finds nothing",
    store({
      answers: (steps) =>
        steps.map(([f, key, value]) => [f, key, f === "r" ? null : value]),
    }),
    "vanished-value",
    "passes",
    weak,
  ),
  registers(
    "stranger-rw-thin-air",
    "one reply in ten reads a value that nobody wrote",
    store(answering(([f, key, value]) => [f, key, f === "r" ? 999 : value])),
    "thin-air-read",
    "passes",
    weak,
  ),
  registers(
    "stranger-rw-other-steps",
    "one reply in ten has its steps reversed",
    store(answering((_, place, steps) => steps.at(-1 - place)!)),
    "reply-mismatch",
    "passes",
    weak,
  ),
  registers(
    "stranger-rw-nothing-first",
    "of two reads of a key, the first finds nothing",
    store(nothingFirst),
    "internal",
    "passes",
    { ...weak, "key-count": 2, "max-txn-length": 6 },
  ),
  registers(
    "stranger-rw-stale",
    "read-only transactions see the state of half a second ago",
    store({ staleMs: 500 }),
    ["G-single-item-realtime"],
    "caught",
    at("strict-serializable"),
  ),
  registers(
    "stranger-rw-refused-but-done",
    "refuses one transaction in ten that it has executed",
    store({ refusesAfterwards: every(10) }),
    "G1a",
    "caught",
    at("read-committed"),
  ),
  lists(
    "stranger-la-drops",
    "acknowledges one transaction in ten and drops it",
    store({ keeps: but(10) }),
    "lost-write",
    "passes",
    weak,
  ),
  lists(
    "stranger-la-dirty",
    "executes one step after another, interleaved with others",
    store({ pauseMs: 30 }),
    ["G0"],
    "caught",
    { ...weak, concurrency: "6n", rate: 200, "key-count": 3 },
  ),
  impostor("txn-rw-register", STORE_ALONE)(
    "stranger-rw-slow",
    "takes seven seconds, longer than its client waits",
    slowly(store(), 7_000, "txn"),
    "unanswered-request",
    "caught",
    { ...weak, "time-limit": 15, rate: 2 },
  ),
];
