/**
 * Programs of others in the simulator: any module whose default export is a program. What such
 * a program must not do is found and named: use the machine's clocks, chance and timers, which
 * no seed decides; keep state in the module, which all nodes of one process share; or never
 * return from a handler.
 */
import { stripVTControlCharacters } from "node:util";
import { carriedParts } from "../executable/carried.ts";
import { wordsOf } from "../../node/errors.ts";
import * as ours from "../../maelstrom.ts";
import { restoreBuiltins } from "./builtins.ts";
import { beginning } from "../history/json.ts";
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
}

/** How a guest is loaded. */
export interface Loading {
  /** Nodes that each get a module of their own, as in a process of their own. */
  apart?: readonly string[];
  /** Whether none of these modules has been in use before. */
  anew?: boolean;
  /** Records what a node is doing, for another thread to read. */
  mark?: Mark;
}

/**
 * Loads a guest.
 *
 * @throws {GuestError} its module cannot be loaded, or has no program as its default export
 */
export async function loadGuest(
  { module }: Pick<Guest, "module">,
  { apart = [], anew = false, mark }: Loading = {},
): Promise<Loaded> {
  mark?.write("its module, while it is loaded,");
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
  return {
    mount: await mountOf(module),
    program(node) {
      if (mark !== undefined) watch(node, mark);
      return (own.get(node.id) ?? program)(node);
    },
  };
}

/** How many modules have been loaded that had not been in use before. */
let loads = 0;

async function programIn(url: string): Promise<AnyProgram> {
  let exports: { default?: unknown };
  try {
    exports = await import(url);
  } catch (error) {
    const why = error instanceof Error ? error.message : wordsOf(error);
    // Deno colours where a module was missing, even for a file.
    const plain = stripVTControlCharacters(why);
    throw new GuestError(`Cannot load ${pathOf(url)}: ${advised(plain)}`, {
      cause: error,
    });
  }
  if (typeof exports.default !== "function") {
    const names = Object.keys(exports).join(", ");
    throw new GuestError(
      `Cannot simulate ${
        pathOf(url)
      }: it has no program as its default export (${
        "default" in exports
          ? `that is no function, but of type ${typeof exports.default}`
          : names === ""
          ? "it exports nothing"
          : `it exports ${names}`
      }). Write export default program(protocol, (node) => { ... })`,
    );
  }
  return exports.default as AnyProgram;
}

/** Deno's advice on a name that it does not know is to change a `deno.json`, but it reads only ours. */
function advised(why: string): string {
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

/** Records what a node is about to do. */
function watch(node: object, mark: Mark): void {
  const { id, on, after, every } = node as {
    id: string;
    on(type: string, handler: (...args: unknown[]) => unknown): void;
    after(ms: number, task: () => unknown, ...more: unknown[]): unknown;
    every(ms: number, task: () => unknown, ...more: unknown[]): unknown;
  };
  mark.write(`${id} as it starts`);
  const timer =
    (schedule: typeof after, name: string): typeof after =>
    (ms, task, ...more) =>
      schedule.call(node, ms, () => {
        mark.write(`${id} in what it does ${name} ${ms} ms`);
        return task();
      }, ...more);
  Object.assign(node, {
    on(type: string, handler: (...args: unknown[]) => unknown) {
      on.call(node, type, (...args) => {
        const [request, src] = args;
        mark.write(
          `${id} in its handler of ${
            JSON.stringify(request)?.slice(0, 300)
          } from ${src}`,
        );
        return handler(...args);
      });
    },
    after: timer(after, "after"),
    every: timer(every, "every"),
  });
}

function impurityText(where: string, name: string): string {
  return `${where} uses ${name}, which belongs to the machine and which no seed decides: use ${
    INSTEAD[name]
  }`;
}

/** What a module imports from the machine: names that are bound before they can be watched. */
export async function importedImpurities({ module }: Guest): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(module)).catch(() => "");
  return text.split("\n").flatMap((line, i) => {
    const name = /^import [^"']*["'](node:[\w/]+)["']/.exec(line)?.[1] ?? "";
    return Object.hasOwn(INSTEAD, name)
      ? [impurityText(`${pathOf(module)}:${i + 1}`, name)]
      : [];
  });
}

/** Methods of the console that print on stdout. */
const PRINTING = [
  ...["log", "info", "debug", "table", "dir", "dirxml", "group"],
  ...["groupCollapsed", "count", "timeLog", "timeEnd"],
] as const;

/** What a program must not use of the machine, and what to use instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  "Math.random": "node.random()",
  "Date.now": "node.now()",
  "new Date": "node.now()",
  "performance.now": "node.now()",
  "setTimeout": "node.after(ms, task)",
  "setInterval": "node.every(ms, task)",
  "crypto.randomUUID": "node.random()",
  "crypto.getRandomValues": "node.random()",
  "AbortSignal.timeout": "the timeoutMs of node.rpc()",
  "node:timers": "node.after(ms, task)",
  "node:timers/promises": "node.after(ms, task)",
  "node:crypto": "node.random()",
  "node:perf_hooks": "node.now()",
  "Deno.exit": "throw new Error(text), which is logged",
  "Deno.stdin": "node.on(type, handler), since stdin is for messages",
  "Deno.stdout": "node.log(text), since stdout is for messages",
  ...Object.fromEntries(
    PRINTING.map((method) => [
      `console.${method}`,
      "node.log(text), since stdout is for messages",
    ]),
  ),
};

/** Records what a program uses of the machine, and what it throws into it, until it is stopped. */
export class ImpurityWatch {
  /** The sentence for each thing that was found. */
  readonly #found = new Map<string, string>();
  /** The same for what only packages use: many look at the clock and make nothing of it. */
  readonly #inPackages = new Map<string, string>();
  readonly #undo: (() => void)[] = [];

  constructor(private readonly module: string) {
    this.#replace(Math, "random", "Math.random");
    this.#replace(Date, "now", "Date.now");
    this.#replace(performance, "now", "performance.now");
    this.#replace(globalThis, "setTimeout", "setTimeout");
    this.#replace(globalThis, "setInterval", "setInterval");
    this.#replace(crypto, "randomUUID", "crypto.randomUUID");
    this.#replace(crypto, "getRandomValues", "crypto.getRandomValues");
    // What a guest prints must not mix with the workbench's output, which scripts may read, nor
    // end its node where stderr is full: a process's is never.
    const { error, warn } = console;
    console.error = console.warn = (...data: unknown[]) => {
      try {
        error(...data);
      } catch {
        // There is nobody to tell.
      }
    };
    this.#undo.push(() => Object.assign(console, { error, warn }));
    for (const method of PRINTING) {
      this.#replace(console, method, `console.${method}`, console.error);
    }
    const onStderr = (bytes: Uint8Array) => Deno.stderr.writeSync(bytes);
    this.#replace(Deno.stdout, "writeSync", "Deno.stdout", onStderr);
    this.#replace(
      Deno.stdout,
      "write",
      "Deno.stdout",
      (bytes: Uint8Array) => Promise.resolve(onStderr(bytes)),
    );
    // It may hold the workbench's own orders.
    this.#replace(Deno.stdin, "readSync", "Deno.stdin", () => null);
    this.#replace(
      Deno.stdin,
      "read",
      "Deno.stdin",
      () => Promise.resolve(null),
    );
    Object.defineProperty(Deno.stdin, "readable", {
      configurable: true,
      get: () => {
        this.#heard("Deno.stdin", TRAP_FRAMES - 1);
        return new Blob([]).stream();
      },
    });
    this.#undo.push(() => Reflect.deleteProperty(Deno.stdin, "readable"));
    this.#replace(AbortSignal, "timeout", "AbortSignal.timeout");
    // It would end the thread, of which then nothing is heard.
    this.#replace(Deno, "exit", "Deno.exit", () => {
      throw new Error("a node does not end by itself in a simulation");
    });
    const onError = (event: ErrorEvent) => this.#threw(event);
    globalThis.addEventListener("error", onError);
    this.#undo.push(() => globalThis.removeEventListener("error", onError));
    const { Date: RealDate } = globalThis;
    const heard = (name: string) => this.#heard(name);
    globalThis.Date = new Proxy(RealDate, {
      construct(target, args, as) {
        if (args.length === 0) heard("new Date");
        return Reflect.construct(target, args, as);
      },
    });
    this.#undo.push(() => {
      globalThis.Date = RealDate;
    });
  }

  /**
   * Stops; returns a sentence for each thing that was found, and for each that only packages
   * use, which matters where it makes runs differ.
   */
  stop(): { found: string[]; inPackages: string[] } {
    for (const undo of this.#undo.splice(0).reverse()) undo();
    return {
      found: [...this.#found.values()],
      inPackages: [...this.#inPackages.values()],
    };
  }

  /** Records an error that nothing has caught: it came from a timer, an event or the like. */
  #threw(event: ErrorEvent): void {
    if (isOfWorkbench(event.filename)) return;
    event.preventDefault();
    const where = event.filename === ""
      ? pathOf(this.module)
      : `${pathOf(event.filename)}:${event.lineno}:${event.colno}`;
    const what = beginning(event.message.replace(/^Uncaught /, ""), 200);
    this.#found.set(
      `error ${where}`,
      `${where} throws ${what}, which nothing catches: a node's process would end there`,
    );
  }

  #replace<Name extends string>(
    owner: { [name in Name]: unknown },
    name: Name,
    title: string,
    instead: unknown = owner[name],
  ): void {
    const real = owner[name];
    const heard = () => this.#heard(title);
    owner[name] = function (this: unknown, ...args: unknown[]) {
      heard();
      return (instead as (...args: unknown[]) => unknown).apply(this, args);
    };
    this.#undo.push(() => {
      owner[name] = real;
    });
  }

  /** Records the caller, if it is a guest: the workbench itself may use what it likes. */
  #heard(name: string, frames = TRAP_FRAMES): void {
    if (this.#found.has(name)) return;
    const places = (new Error().stack ?? "").split("\n").slice(1 + frames)
      .map((line) => /((?:file|https?):\/\/[^\s)]+)/.exec(line)?.[1])
      .filter((place) => place !== undefined);
    const caller = places[0];
    if (caller === undefined || isOfWorkbench(caller)) return;
    const own = places.find((place) => place.startsWith(this.module));
    // Whoever prints, stdout is for messages.
    const counts = !PACKAGE.test(caller) || /^(console|Deno)\./.test(name);
    const list = counts ? this.#found : this.#inPackages;
    list.set(name, impurityText(pathOf(own ?? caller), name));
  }
}

/**
 * From now on no error that a guest leaves behind ends this thread: between two runs there is
 * none to blame.
 */
export function outliveErrors(): void {
  globalThis.addEventListener("error", (event) => {
    if (!isOfWorkbench(event.filename)) event.preventDefault();
  });
  globalThis.addEventListener(
    "unhandledrejection",
    (event) => event.preventDefault(),
  );
}

/** The place of a package's code: Deno's cache of npm, a folder of packages, or the network. */
const PACKAGE = /^https?:|\/(npm|node_modules)\//;

/** The innermost calls when something is recorded: `#heard`, its caller, and the replaced function. */
const TRAP_FRAMES = 3;

const isOfWorkbench = (place: string) =>
  place.startsWith(carriedParts()?.script ?? WORKBENCH);

const WORKBENCH = new URL("../", import.meta.url).href;

/** A module's path for people: relative, if it is below the working directory. */
function pathOf(url: string): string {
  const { protocol, pathname } = new URL(url);
  if (protocol !== "file:") return url;
  const path = decodeURIComponent(pathname);
  const here = `${Deno.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}

/** Methods that change a collection. */
const CHANGES =
  "set|add|push|delete|clear|pop|shift|unshift|splice|sort|reverse|fill";

/** Where a guest's own module seems to hold state. */
export async function stateOf({ module }: Guest): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(module)).catch(() => "");
  return stateIn(text).map((line) => `${pathOf(module)}:${line}`);
}

/**
 * The sentence for a guest whose nodes share state in its module.
 *
 * @param lines where it is, as far as known
 */
export function sharedStateText(
  { module }: Guest,
  lines: readonly string[],
): string {
  const where = lines.length === 0
    ? `${pathOf(module)}, or a module that it imports, holds state`
    : `state is held in the module (${lines.join("; ")})`;
  return `${where}, which all nodes of a simulation share, so they behave as no processes would: keep it in the program's function`;
}

/** The sentence for a guest whose runs differ though nothing of an earlier one was left. */
export function waitingText({ module }: Guest): string {
  return `${
    pathOf(module)
  } waits for the machine, as for a file, the network or crypto.subtle, which takes a time that no seed decides: in a simulation only its node can make it wait`;
}

/**
 * Lines of a module that seem to hold state outside the program's function: variables that are
 * reassigned, and collections that are changed.
 *
 * @returns each line as `12: let count = 0;`
 */
export function stateIn(source: string): string[] {
  const code = source
    .replace(/\/\*[^]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/.*/g, "$1");
  return code.split("\n").flatMap((line, i) => {
    const [, keyword, name] =
      /^(?:export )?(let|var|const) ([\w$]+)/.exec(line) ?? [];
    if (name === undefined) return [];
    const word = `(?<![\\w$.])${name.replaceAll("$", "\\$")}`;
    const assigned = new RegExp(
      `${word}\\s*([-+*/%&|^?]{0,3}=(?![=>])|\\+\\+|--)|(\\+\\+|--)${word}\\b`,
    );
    const changed = new RegExp(
      `${word}(\\.(${CHANGES})\\(|(\\[[^\\]]*\\]|\\.[\\w$]+)\\s*([-+*/]?=(?!=)|\\+\\+|--))|delete ${word}\\b`,
    );
    const rest = [
      ...code.split("\n").slice(0, i),
      ...code.split("\n").slice(i + 1),
    ]
      .join("\n");
    const held = keyword === "const"
      ? changed.test(rest)
      : assigned.test(rest) || changed.test(rest);
    return held ? [`${i + 1}: ${line.trim()}`] : [];
  });
}
