/**
 * Programs of others in the simulator: any module whose default export is a program. What such
 * a program must not do is found and named: use the machine's clocks, chance and timers, which
 * no seed decides; keep state in the module, which all nodes of one process share; or never
 * return from a handler.
 */
import { stripVTControlCharacters } from "node:util";
import { wordsOf } from "../../node/errors.ts";
import * as ours from "../../maelstrom.ts";
import { carriedParts } from "../executable/carried.ts";
import { restoreBuiltins } from "./builtins.ts";
import { pathOf, placeIn } from "./impurities.ts";
import { stringify } from "../history/json.ts";
import type { Mark } from "./mark.ts";
import type { Scenario } from "../scenarios/scenarios.ts";

/** A program that is not ours. It can be sent to a thread. */
export interface Guest {
  /** The URL of its module. */
  module: string;
  /** What it is held to. */
  scenario: Scenario;
  /** The challenge that it is tested as, if any. */
  challenge?: string;
  /** How it is named on a command line: `./my-echo.ts -w echo`. */
  words: string;
}

/** A guest cannot be simulated at all; the message says why. */
export class GuestError extends Error {
  override name = "GuestError";
}

/** Any program. */
export type AnyProgram = ours.Program<Record<never, never>>;

/** A program and the library's `mount` that it was written against. */
export interface Loaded {
  program: AnyProgram;
  mount: typeof ours.mount;
  /** What a guest's handlers have returned. */
  waits?: Waits;
}

/** How a guest is loaded. */
export interface Loading {
  /** Nodes that each get a module of their own, as in a process of their own. */
  apart?: readonly string[];
  /** Whether none of these modules has been in use before. */
  anew?: boolean;
  /** Records what a node is doing, for another thread to read. */
  mark?: Mark;
  /** Whether virtual time goes on at this moment; always, if not given. */
  isRunning?(): boolean;
}

/**
 * Loads a guest.
 *
 * @throws {GuestError} its module cannot be loaded, or has no program as its default export
 */
export async function loadGuest(
  { module }: Pick<Guest, "module">,
  { apart = [], anew = false, mark, isRunning = () => true }: Loading = {},
): Promise<Loaded> {
  mark?.write(
    "its module while it is loaded (by an await at its top level?)",
  );
  const program = await programIn(module);
  const own = new Map<string, AnyProgram>();
  for (const [i, node] of apart.entries()) {
    // The first keeps the module that earlier runs have used: state left in it shows, too.
    const url = anew
      ? `${module}?anew-${loads++}`
      : i === 0
      ? module
      : `${module}?${i}`;
    own.set(node, await programIn(url));
  }
  const waits = new Waits(isRunning);
  return {
    mount: await mountOf(module),
    waits,
    program(node) {
      watch(node, waits, mark);
      return (own.get(node.id) ?? program)(node);
    },
  };
}

/** How many modules have been loaded that had not been in use before. */
let loads = 0;

async function programIn(url: string): Promise<AnyProgram> {
  let exports: { default?: unknown };
  try {
    exports = await withLockKept(() => import(url));
  } catch (error) {
    const why = error instanceof Error ? placed(error, url) : wordsOf(error);
    // Deno colours where a module was missing, even for a file.
    const plain = stripVTControlCharacters(why);
    throw new GuestError(`Cannot load ${pathOf(url)}: ${advised(plain)}`, {
      cause: error,
    });
  }
  const { default: program } = exports;
  if (typeof program !== "function" || isClass(program)) {
    throw new GuestError(
      `Cannot simulate ${
        pathOf(url)
      }: it has no program as its default export (${
        insteadOfProgram(exports)
      }). Write export default program(protocol, (node) => { ... }); any other program, as one that reads its stdin, is run by test --bin FILE`,
    );
  }
  return program as AnyProgram;
}

/** What a module exports that has no program as its default export. */
function insteadOfProgram(exports: { default?: unknown }): string {
  if ("default" in exports) {
    const { default: value } = exports;
    return isClass(value)
      ? "that is a class"
      : `that is no function, but of type ${typeof value}`;
  }
  const names = Object.keys(exports).join(", ");
  return names === "" ? "it exports nothing" : `it exports ${names}`;
}

function isClass(value: unknown): boolean {
  return typeof value === "function" && /^class\b/.test(String(value));
}

/** An error's message and, if it does not say so itself, where in the module it was thrown. */
function placed({ message, stack = "" }: Error, module: string): string {
  const place = stack.slice(stack.indexOf(message) + message.length)
    .split("\n")
    .find((line) => placeIn(line)?.startsWith(module));
  const isSaid = place === undefined || /\n +at .*file:/.test(message);
  return isSaid ? message : `${message}\n${place}`;
}

/** Does something for which Deno may lock packages in the project: they are a guest's, so its lock file stays as it is. */
async function withLockKept<T>(work: () => Promise<T>): Promise<T> {
  if (carriedParts() !== undefined) return await work();
  const file = new URL("../../../deno.lock", import.meta.url);
  const read = () => Deno.readTextFile(file).catch(() => null);
  const before = await read();
  try {
    return await work();
  } finally {
    // Where it cannot be written, Deno has not written it either.
    if (before !== null && before !== await read()) {
      await Deno.writeTextFile(file, before).catch(() => {});
    }
  }
}

/**
 * Deno's advice on a name that it does not know is to change a `deno.json`, but it reads only ours;
 * it has none for a module of Node's older kind.
 */
function advised(why: string): string {
  if (/^(module|exports|require) is not defined/.test(why)) {
    return `${why}\nA program is an ES module: write import and export default`;
  }
  if (/jsr:@std\/\w+'? does not provide/.test(why)) {
    return `${why}\nHere that is the part of it in lib/std/: bin/workbench (make workbench) loads all of it`;
  }
  if (!why.includes("not in import map")) return why;
  const [name] = why.split("\n");
  return `${name}. A deno.json beside it is not read here: write npm:NAME, jsr:NAME or a path instead`;
}

/**
 * Puts back what a guest has changed of JavaScript itself.
 *
 * @throws {GuestError} it has changed something
 */
export function insistOnBuiltins({ module }: Pick<Guest, "module">): void {
  const names = restoreBuiltins();
  if (names.length === 0) return;
  throw new GuestError(
    `Cannot simulate ${pathOf(module)}: it changes ${
      names.join(", ")
    }, which the workbench shares with it. Leave it as it is`,
  );
}

/**
 * The library that a module imports: its errors have its own classes, so its nodes must come
 * from it too. Ours, if the module does not say.
 */
async function mountOf(module: string): Promise<typeof ours.mount> {
  const text = await Deno.readTextFile(new URL(module)).catch(() => "");
  const specifier = /\bfrom\s*["'](\.{0,2}\/[^"']*maelstrom\.[jt]s)["']/
    .exec(text)?.[1];
  if (specifier === undefined) return ours.mount;
  const { mount } = await import(new URL(specifier, module).href);
  return typeof mount === "function" ? mount : ours.mount;
}

/** How long is waited for what handlers still wait for when a run is over, in milliseconds. */
const MACHINE_MS = 200;

// A guest may replace these, or have promises that begin when they are asked for.
const { setTimeout: later } = globalThis;
const { then } = Promise.prototype;

/** The promises that handlers have returned: one that settles while virtual time stands still has waited for the machine. */
export class Waits {
  #open = 0;
  #areOfTheMachine = false;

  /** @param isRunning whether virtual time goes on at this moment */
  constructor(private readonly isRunning: () => boolean) {}

  add(returned: unknown): void {
    if (!(returned instanceof Promise)) return;
    this.#open++;
    const settled = () => {
      this.#open--;
      this.#areOfTheMachine ||= !this.isRunning();
    };
    then.call(returned, settled, settled);
  }

  /** Whether one has waited for the machine, or does when the run is over. */
  async areOfTheMachine(): Promise<boolean> {
    if (this.#open > 0 && !this.#areOfTheMachine) {
      await new Promise((resolve) => later(resolve, MACHINE_MS));
    }
    return this.#areOfTheMachine;
  }
}

/** Records what a node is about to do, and what its handlers wait for. */
function watch(node: object, waits: Waits, mark?: Mark): void {
  const { id, on, after, every } = node as {
    id: string;
    on(type: string, handler: (...args: unknown[]) => unknown): void;
    after(ms: number, task: () => unknown, ...more: unknown[]): unknown;
    every(ms: number, task: () => unknown, ...more: unknown[]): unknown;
  };
  mark?.write(`${id} as it starts`);
  const timer =
    (schedule: typeof after, name: string): typeof after =>
    (ms, task, ...more) =>
      schedule.call(node, ms, () => {
        mark?.write(`${id} in what it does ${name} ${ms} ms`);
        return task();
      }, ...more);
  Object.assign(node, {
    on(type: string, handler: (...args: unknown[]) => unknown) {
      on.call(node, type, (...args) => {
        const [request, src] = args;
        mark?.write(
          `${id} in its handler of ${
            stringify(request)?.slice(0, 300)
          } from ${src}`,
        );
        const returned = handler(...args);
        waits.add(returned);
        return returned;
      });
    },
    after: timer(after, "after"),
    every: timer(every, "every"),
  });
}

/** The sentence for a guest whose runs differ though nothing of an earlier one was left. */
export function waitingText({ module }: Guest): string {
  return `${
    pathOf(module)
  } waits for the machine, as for a file, the network or crypto.subtle, which takes a time that no seed decides: in a simulation only its node can make it wait`;
}
