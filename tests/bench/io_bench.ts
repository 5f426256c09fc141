/**
 * How fast the library reads, answers and writes, beside nodes that do without it.
 *
 *     deno run -A tests/bench/io_bench.ts
 *
 * All echo nodes get the same requests through a pipe. Ratios are of one round each, in
 * which all nodes run one after the other, and the median of the rounds counts: the
 * machine may have other work. For the same reason the aims are judged by processor time
 * where it is known. The bare loop, which parses a chunk's lines and writes all its
 * answers at once, is 100 %. What the aims say is printed first.
 */
import { deadline } from "@std/async";
import { TextLineStream } from "@std/streams";
import { inTurns, median, quantile } from "./measure.ts";
import { digits, table } from "./table.ts";

const MESSAGES = 600_000;
const ROUNDS = 5;
const ROUND_TRIPS = 3_000;
const STARTS = 5;
const MANY = 25;
/** No step takes so long unless a node hangs. */
const PATIENCE_MS = 60_000;

/** A node to measure. */
interface Subject {
  name: string;
  command: string[];
  /** It gets only a tenth of the requests. */
  isSlow?: true;
}

const GO = "Go, tuned", REFERENCE = "Go, Maelstrom's library";

type Env = Record<string, string>;

const file = (path: string) => new URL(path, import.meta.url).pathname;
const deno = (path: string, ...args: string[]) => [
  ...[Deno.execPath(), "run", "--no-check", file(path)],
  ...args,
];

const typed: Subject = {
  name: "typed API (echo-1)",
  command: deno("../../challenges/echo-1.ts"),
};
const bare: Subject = { name: "bare loop", command: deno("nodes/bare.ts") };
const others: Subject[] = [
  {
    name: "typed API, async handler",
    command: deno("nodes/typed-async.ts"),
  },
  {
    name: "bare loop, awaited writes",
    command: deno("nodes/bare.ts", "awaited"),
  },
  {
    name: "bare loop, a write a message",
    command: deno("nodes/bare.ts", "each"),
  },
  {
    name: "bare loop that writes nothing",
    command: deno("nodes/bare.ts", "silent"),
  },
  {
    name: "raw read and write of lines",
    command: deno("nodes/bare.ts", "copied"),
  },
  { name: "TextLineStream", command: deno("nodes/line-stream.ts") },
];

/** The output of a command, or undefined where there is no such command. */
async function output(...[command = "", ...args]: string[]) {
  try {
    return await new Deno.Command(command, { args }).output();
  } catch {
    return undefined;
  }
}

/** Nodes in other languages, where these can be had; says which cannot. */
async function foreign(folder: string): Promise<Subject[]> {
  const found: Subject[] = [];
  const node = await output("node", "--version");
  if (node?.success) {
    const version = new TextDecoder().decode(node.stdout).trim();
    const command = ["node", file("nodes/plain-node.mjs")];
    found.push({ name: `Node.js ${version}`, command });
  } else console.log("No Node.js here: left out.");
  const binary = `${folder}/echo`;
  const go = await output("go", "build", "-o", binary, file("nodes/echo.go"));
  if (go?.success) found.push({ name: GO, command: [binary] });
  else console.log("No Go here: left out.");
  const reference = go?.success ? await referenceNode(folder) : undefined;
  if (reference !== undefined) found.push(reference);
  else console.log("No reference library for Go here: left out.");
  return found;
}

/**
 * A node on Maelstrom's own library for Go, which is downloaded unless MAELSTROM_GO names
 * a folder that has it.
 */
async function referenceNode(folder: string): Promise<Subject | undefined> {
  const module = "github.com/jepsen-io/maelstrom/demo/go";
  const local = Deno.env.get("MAELSTROM_GO");
  const cwd = `${folder}/reference`;
  await Deno.mkdir(cwd);
  await Deno.copyFile(file("nodes/reference.go"), `${cwd}/main.go`);
  const steps = [
    "mod init echo",
    ...(local === undefined ? [`get ${module}@latest`] : [
      `mod edit -require ${module}@v0.0.0 -replace ${module}=${local}`,
    ]),
    "build -o echo main.go",
  ];
  for (const step of steps) {
    const args = step.split(" ");
    const { success } = await new Deno.Command("go", { args, cwd }).output();
    if (!success) return undefined;
  }
  return { name: REFERENCE, command: [`${cwd}/echo`], isSlow: true };
}

const init = (node: string) => ({
  ...{ id: 0, src: "c0", dest: node },
  body: { type: "init", msg_id: 1, node_id: node, node_ids: [node] },
});
const echo = (n: number) => ({
  ...{ id: n, src: "c1", dest: "n0" },
  body: { echo: `Please echo ${n % 128}`, type: "echo", msg_id: n },
});
const asLines = (messages: object[]) =>
  messages.map((message) => JSON.stringify(message) + "\n").join("");

/** A node in a process that answers one request after another. */
class Running {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #encoder = new TextEncoder();

  constructor({ command: [command = "", ...args] }: Subject, env: Env = {}) {
    const pipes = { stdin: "piped", stdout: "piped", stderr: "null" } as const;
    this.#child = new Deno.Command(command, { args, env, ...pipes }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
      .getReader();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a request and waits for its answer. */
  async ask(message: object): Promise<string> {
    await this.#stdin.write(this.#encoder.encode(asLines([message])));
    const { value = "" } = await deadline(this.#lines.read(), PATIENCE_MS);
    return value;
  }

  async end(): Promise<void> {
    await this.#stdin.close();
    await this.#lines.cancel();
    await this.#child.status;
  }
}

/** Throws unless a node answers as it should: what is measured must be right. */
async function verify(subject: Subject): Promise<void> {
  const node = new Running(subject);
  await node.ask(init("n0"));
  const silent = /writes nothing/.test(subject.name);
  if (!silent) {
    const { body } = JSON.parse(await node.ask(echo(7)));
    const copied = /read and write/.test(subject.name);
    const right = copied || body.type === "echo_ok" && body.in_reply_to === 7 &&
        body.echo === "Please echo 7";
    if (!right) throw new Error(`Cannot measure ${subject.name}: it is wrong`);
  }
  await node.end();
}

/** Seconds by the clock, and of processor time, that a node takes for all requests in a file. */
async function throughput(subject: Subject, requests: string) {
  const script =
    'requests=$1; shift; cat "$requests" | { "$@"; times >&2; } | cat >/dev/null';
  const args = ["-c", script, "sh", requests, ...subject.command];
  const begun = performance.now();
  const { stderr } = await new Deno.Command("sh", { args }).output();
  const wall = (performance.now() - begun) / 1e3;
  // The last line of `times` is of the children: user and system time, 0m0.50s each.
  const last = new TextDecoder().decode(stderr).trim().split("\n").at(-1) ?? "";
  const cpu = [...last.matchAll(/(\d+)m([\d.]+)s/g)]
    .reduce((sum, [, minutes, seconds]) => sum + 60 * +minutes! + +seconds!, 0);
  return { wall, cpu };
}

/** What is left when the start, which has its own table, is taken away; per message. */
async function throughputs(subjects: Subject[], folder: string) {
  /** A file with so many requests. */
  const requests = async (length: number) => {
    const echoes = Array.from({ length }, (_, n) => echo(n + 1));
    const path = `${folder}/${length}`;
    await Deno.writeTextFile(path, asLines([init("n0"), ...echoes]));
    return path;
  };
  const none = await requests(0);
  const some = await requests(MESSAGES / 10);
  const all = await requests(MESSAGES);
  return await inTurns("throughput", subjects, ROUNDS, async (subject) => {
    const count = subject.isSlow ? MESSAGES / 10 : MESSAGES;
    const start = await throughput(subject, none);
    const whole = await throughput(subject, subject.isSlow ? some : all);
    return {
      rate: count / (whole.wall - start.wall),
      perCpu: count / (whole.cpu - start.cpu),
    };
  });
}

/** Microseconds that each of many requests, one after the other, takes to come back. */
async function roundTrips(subject: Subject): Promise<number[]> {
  const node = new Running(subject);
  await node.ask(init("n0"));
  const times: number[] = [];
  for (let n = 1; n <= ROUND_TRIPS; n++) {
    const begun = performance.now();
    await node.ask(echo(n));
    times.push((performance.now() - begun) * 1e3);
  }
  await node.end();
  return times;
}

/** Megabytes that a process holds for itself alone, its share of what others have too included; Linux only. */
async function memory(pid: number): Promise<number> {
  try {
    const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
    return Number(/^Pss: +(\d+) kB$/m.exec(rollup)?.[1]) / 1024;
  } catch {
    return NaN;
  }
}

/** Milliseconds of processor time that a process has had; Linux only. */
async function processor(pid: number): Promise<number> {
  let sum = 0;
  try {
    for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
      const stat = `/proc/${pid}/task/${name}/schedstat`;
      sum += Number.parseInt(await Deno.readTextFile(stat)) / 1e6;
    }
    return sum;
  } catch {
    return NaN;
  }
}

/** Milliseconds until so many nodes started at once have all answered `init`, the processor time they have had by then, and the memory they hold. */
async function start(subject: Subject, count: number) {
  const begun = performance.now();
  const nodes = Array.from({ length: count }, () => new Running(subject));
  await Promise.all(nodes.map((node, i) => node.ask(init(`n${i}`))));
  const ready = performance.now() - begun;
  const used = await Promise.all(nodes.map((node) => processor(node.pid)));
  const held = await Promise.all(nodes.map((node) => memory(node.pid)));
  await Promise.all(nodes.map((node) => node.end()));
  const sum = (all: number[]) => all.reduce((sum, each) => sum + each, 0);
  return { ready, cpu: sum(used), megabytes: sum(held) };
}

/**
 * Milliseconds until something is done, with nothing that Deno has kept from earlier, and with all
 * of it; what ends it then is not counted.
 */
async function coldAndWarm(begin: (env: Env) => Promise<() => unknown>) {
  const DENO_DIR = await Deno.makeTempDir({ prefix: "io-bench-" });
  const timed = async () => {
    const begun = performance.now();
    const end = await begin({ DENO_DIR });
    const ms = performance.now() - begun;
    await end();
    return ms;
  };
  try {
    return { cold: await timed(), warm: await timed() };
  } finally {
    await Deno.remove(DENO_DIR, { recursive: true });
  }
}

/** The median of the rounds' ratios between a subject and the bare loop, as a percentage. */
function ratio(
  rounds: Map<Subject, number[]>,
  subject: Subject,
): { median: number; text: string } {
  const base = rounds.get(bare)!;
  const ratios = rounds.get(subject)!.map((value, i) => 100 * value / base[i]!);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  const text = `${digits(median(ratios))} (${digits(low)}-${digits(high)})`;
  return { median: median(ratios), text };
}

/** One figure of each round. */
function pick<F>(rounds: Map<Subject, F[]>, of: (figures: F) => number) {
  return new Map([...rounds].map(([subject, all]) => [subject, all.map(of)]));
}

async function compare(folder: string): Promise<void> {
  const subjects = [typed, bare, ...others, ...await foreign(folder)];
  for (const subject of subjects) await verify(subject);

  const loads = await throughputs(subjects, folder);
  const rates = pick(loads, ({ rate }) => rate);
  const perCpu = pick(loads, ({ perCpu }) => perCpu);
  const nodes = subjects.filter(({ name }) =>
    !/bare loop,|nothing|read and write/.test(name)
  );
  const trips = await inTurns("round trips", nodes, 3, roundTrips);
  const starts = await inTurns(
    "start of a node",
    nodes,
    STARTS,
    (subject) => start(subject, 1),
  );
  const crowds = await inTurns(
    `start of ${MANY} nodes`,
    nodes,
    STARTS,
    (subject) => start(subject, MANY),
  );
  const crowd = pick(crowds, ({ ready }) => ready);
  const crowdCpu = pick(crowds, ({ cpu }) => cpu);
  const [clock, cpu] = [rates, perCpu].map((all) => ratio(all, typed).median);
  const slower = ratio(crowd, typed).median;
  const dearer = ratio(crowdCpu, typed).median;
  const aim = (isReached: boolean) => isReached ? "reached" : "MISSED";
  const toGo = (wanted: string, least: number) => {
    const go = subjects.find(({ name }) => name === wanted);
    const times = go === undefined ? NaN : cpu! / ratio(perCpu, go).median;
    return `typed API, by CPU, of ${wanted}  ${
      digits(times)
    } times  aim ${least}: ${
      go === undefined ? "none here" : aim(times >= least)
    }`;
  };
  console.log(
    [
      `typed API, of the bare loop, by CPU  ${digits(cpu)} %  (by the clock ${
        digits(clock)
      } %)  aim 90 %: ${aim(cpu! >= 90)}`,
      toGo(GO, 2),
      toGo(REFERENCE, 12),
      `${MANY} nodes ready, of bare ones, by CPU  ${
        digits(dearer)
      } %  (by the clock ${digits(slower)} %)  aim 130 %: ${
        Number.isNaN(dearer) ? "not known here" : aim(dearer <= 130)
      }\n`,
    ].join("\n"),
  );
  console.log(table(
    ["echo", "messages/s", "% of bare (range)", "CPU µs", "% by CPU (range)"],
    subjects.map((subject) => [
      subject.name,
      digits(median(rates.get(subject)!)),
      ratio(rates, subject).text,
      digits(1e6 / median(perCpu.get(subject)!)),
      ratio(perCpu, subject).text,
    ]),
  ));
  console.log();
  console.log(table(
    [
      ...["node", "round trip µs", "p99", "ready ms", `${MANY} ready ms`],
      ...["% of bare", "% by CPU", "MB", `${MANY}: MB`],
    ],
    nodes.map((subject) => [
      subject.name,
      digits(median(trips.get(subject)!.flat())),
      digits(quantile(trips.get(subject)!.flat(), 0.99)),
      digits(median(starts.get(subject)!.map(({ ready }) => ready))),
      digits(median(crowd.get(subject)!)),
      ratio(crowd, subject).text,
      ratio(crowdCpu, subject).text,
      digits(median(starts.get(subject)!.map(({ megabytes }) => megabytes))),
      digits(median(crowds.get(subject)!.map(({ megabytes }) => megabytes))),
    ]),
  ));
}

/** How long it takes to start. */
async function starting(): Promise<void> {
  const first = (subject: Subject) => async (env: Env) => {
    const node = new Running(subject, env);
    await node.ask(init("n0"));
    return () => node.end();
  };
  const args = ["run", "--allow-all", file("../../lib/workbench/cli.ts")];
  const subjects = [
    { name: "a node's first init_ok", begin: first(typed) },
    { name: "that of a bare loop", begin: first(bare) },
    {
      name: "workbench help",
      begin: async (env: Env) => {
        const command = { args: [...args, "help"], env };
        await new Deno.Command(Deno.execPath(), command).output();
        return () => {};
      },
    },
  ];
  const times = await inTurns(
    "first start and later",
    subjects,
    STARTS,
    ({ begin }) => coldAndWarm(begin),
  );
  console.log();
  console.log(table(
    ["milliseconds from the start", "cold", "warm"],
    subjects.map((subject) => [
      subject.name,
      digits(median(times.get(subject)!.map(({ cold }) => cold))),
      digits(median(times.get(subject)!.map(({ warm }) => warm))),
    ]),
  ));
}

const folder = await Deno.makeTempDir({ prefix: "io-bench-" });
try {
  await compare(folder);
  await starting();
} finally {
  await Deno.remove(folder, { recursive: true });
}
