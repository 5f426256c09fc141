/**
 * What a program uses of the machine that it runs on: clocks, chance and timers, which no seed
 * decides, and the streams that belong to the workbench.
 */
import { carriedParts } from "../executable/carried.ts";
import { beginning } from "../history/json.ts";

/** A program that is not ours, by the URL of its module. */
export interface ModuleOf {
  module: string;
}

function impurityText(where: string, name: string): string {
  return `${where} uses ${name}, which belongs to the machine and which no seed decides: use ${
    INSTEAD[name]
  }`;
}

/** What a module imports from the machine: names that are bound before they can be watched. */
export async function importedImpurities(
  { module }: ModuleOf,
): Promise<string[]> {
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

/** What tells the time in `Temporal.Now`. */
const CURRENT = [
  ...["instant", "zonedDateTimeISO", "plainDateTimeISO"],
  ...["plainDateISO", "plainTimeISO"],
] as const;

const IN_REAL_TIME =
  "the node's own thread, or run it in real time, with test --bin";

/** What a program must not use of the machine, and what to use instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  "Math.random": "node.random()",
  "Date.now": "node.now()",
  "new Date": "node.now()",
  "Date()": "node.now()",
  "Temporal.Now": "node.now()",
  "performance.now": "node.now()",
  "setTimeout": "node.after(ms, task)",
  "setInterval": "node.every(ms, task)",
  "crypto.randomUUID": "node.random()",
  "crypto.getRandomValues": "node.random()",
  "AbortSignal.timeout": "the timeoutMs of node.rpc()",
  "WeakRef.deref": "the object itself, which lives as long as it is used",
  "FinalizationRegistry":
    "a step of the program, since garbage is collected at any time",
  "Worker": IN_REAL_TIME,
  "node:worker_threads": IN_REAL_TIME,
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
  readonly #undo: (() => unknown)[] = [];

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
    this.#undo.push(() => {
      Reflect.set(console, "error", error);
      Reflect.set(console, "warn", warn);
    });
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
    this.#replace(WeakRef.prototype, "deref", "WeakRef.deref");
    this.#replace(
      FinalizationRegistry.prototype,
      "register",
      "FinalizationRegistry",
    );
    for (const method of CURRENT) {
      this.#replace(Temporal.Now, method, "Temporal.Now");
    }
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
      apply(target) {
        heard("Date()");
        return target();
      },
    });
    this.#undo.push(() => Reflect.set(globalThis, "Date", RealDate));
    const { Worker: RealWorker } = globalThis;
    globalThis.Worker = new Proxy(RealWorker, {
      construct() {
        heard("Worker");
        throw new Error(
          "a node has no threads in a simulation: run it in real time, with test --bin",
        );
      },
    });
    this.#undo.push(() => Reflect.set(globalThis, "Worker", RealWorker));
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
    // A guest that has frozen it is refused, and this must not throw.
    this.#undo.push(() => Reflect.set(owner, name, real));
  }

  /** Records the caller, if it is a guest: the workbench itself may use what it likes. */
  #heard(name: string, frames = TRAP_FRAMES): void {
    if (this.#found.has(name)) return;
    const places = (new Error().stack ?? "").split("\n").slice(1 + frames)
      .map(placeIn)
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

/**
 * The place in a line of a stack, as a URL. Deno writes the paths of files there as people do, but
 * what the workbench adds to a module's URL stays a query.
 */
export function placeIn(line: string): string | undefined {
  const [, place] = /((?:file|https?):\/\/.*:\d+:\d+)\)?$/.exec(line) ?? [];
  if (place === undefined || !place.startsWith("file:")) return place;
  const path = place.replaceAll("%", "%25").replaceAll("#", "%23")
    .replace(/\?(?!(anew-)?\d+:\d+:\d+$)/g, "%3F");
  return new URL(path).href;
}

const isOfWorkbench = (place: string) =>
  place.startsWith(carriedParts()?.script ?? WORKBENCH);

const WORKBENCH = new URL("../", import.meta.url).href;

/** A module's path for people: relative, if it is below the working directory. */
export function pathOf(url: string): string {
  const { protocol, pathname } = new URL(url);
  if (protocol !== "file:") return url;
  const path = decodeURIComponent(pathname);
  const here = `${Deno.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
