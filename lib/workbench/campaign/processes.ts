/**
 * Runs seeds in processes: as many at a time as there are cores. A run that exhausts the memory,
 * or loops for ever, ends with its process, and the others continue.
 */
import { carriedParts } from "../executable/carried.ts";
import { parse, stringify } from "../history/json.ts";
import { Lines } from "../world/lines.ts";
import { noVerdict, type SeedResult } from "./seed-result.ts";
import type { Simulation } from "./simulate.ts";
import type { ThreadOptions } from "./watched-thread.ts";

/** What a process is told, as one line of JSON. */
export type ToProcess = {
  simulation: Simulation;
  /** How the line of the answer begins: what a guest prints cannot look like it. */
  mark: string;
} & ThreadOptions;

/** What a process answers, as JSON, on a line that begins with the mark that it was told. */
export interface FromProcess {
  result: SeedResult;
  /** The CPU time that it took, in milliseconds, including garbage collection. */
  cpuMs: number;
  /** The most memory that the process has taken so far, in MB. */
  peakMb: number;
  /** Whether the run never ended. */
  isLooping: boolean;
}

/** The argument that makes an executable such a process. */
export const CAMPAIGN_PROCESS = "campaign-process";

/** Settings of {@link runInProcesses}. */
export interface ProcessOptions extends ThreadOptions {
  /** How many processes. */
  processes: number;
  /** When aborted, current runs are finished and no others begin. */
  signal?: AbortSignal;
}

/** After this many runs that never ended, the others will not end either. */
const LOOPING_AT_MOST = 3;

/**
 * Performs runs; `onResult` is called for each as it ends, in no order, with what it cost. When
 * too many have looped for ever, or one shows that none can be run, those that have not begun
 * are left out.
 */
export async function runInProcesses(
  simulations: readonly Simulation[],
  { processes, signal, ...threads }: ProcessOptions,
  onResult: (
    result: SeedResult,
    simulation: Simulation,
    cpuMs: number,
    peakMb: number,
  ) => void,
): Promise<void> {
  const queue = simulations.values();
  const count = Math.min(processes, simulations.length);
  let looping = 0;
  let isHopeless = false;
  const work = async () => {
    const runs = new RunsApart(threads);
    for (const simulation of queue) {
      const isEnough = looping >= LOOPING_AT_MOST || isHopeless;
      if (signal?.aborted || isEnough) break;
      const { result, cpuMs, peakMb, isLooping, isLost } = await runs.run(
        simulation,
      );
      // Ctrl-C ends a process that has only just begun.
      if (isLost && signal?.aborted) break;
      onResult(result, simulation, cpuMs, peakMb);
      isHopeless ||= result.isHopeless === true;
      if (isLooping) looping++;
    }
    await runs.end();
  };
  await Promise.all(Array.from({ length: count }, work));
}

/** Performs runs, one after the other, in a process of its own, which is replaced when a run has broken it. */
export class RunsApart {
  #runner: Runner | null = null;

  constructor(private readonly threads: ThreadOptions = {}) {}

  /** Performs a run; `isLost`, if its process has died of it. */
  async run(
    simulation: Simulation,
  ): Promise<FromProcess & { isLost?: true }> {
    const runner = this.#runner ??= new Runner();
    const answer = await runner.run({ simulation, ...this.threads });
    if (typeof answer === "string") {
      this.#runner = null;
      const result = noVerdict(simulation.seed, answer);
      return { result, cpuMs: 0, peakMb: 0, isLooping: false, isLost: true };
    }
    if (answer.isLooping) {
      runner.kill();
      this.#runner = null;
    }
    return answer;
  }

  /** Ends the process. */
  async end(): Promise<void> {
    await this.#runner?.end();
    this.#runner = null;
  }
}

/** A process that performs runs. */
class Runner {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #lines = new Lines();
  readonly #mark = crypto.randomUUID();

  constructor() {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: argumentsOf(),
      env: { DENO_V8_FLAGS: v8Flags() },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#reader = this.#process.stdout.getReader();
  }

  /** Performs a run; if the process dies of it, returns why there is no answer. */
  async run(told: Omit<ToProcess, "mark">): Promise<FromProcess | string> {
    const mark = this.#mark;
    const text = stringify({ ...told, mark } satisfies ToProcess);
    const line = new TextEncoder().encode(`${text}\n`);
    // A dead process reads nothing; the end of its output shows that.
    await this.#writer.write(line).catch(() => {});
    for (;;) {
      const { value: bytes } = await this.#reader.read();
      if (bytes === undefined) return this.#whyDead();
      for (const line of this.#lines.push(bytes)) {
        if (line.startsWith(mark)) {
          return parse(line.slice(mark.length)) as unknown as FromProcess;
        }
        // A guest has printed it.
        if (line !== "") console.error(line);
      }
    }
  }

  /** Ends the process after its last run. */
  async end(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel();
    await this.#process.status;
  }

  kill(): void {
    this.#process.kill("SIGKILL");
    this.#reader.cancel();
  }

  async #whyDead(): Promise<string> {
    const { code, signal } = await this.#process.status;
    return `its process ended with ${
      signal ?? `status ${code}`
    }: it ran out of memory, or something killed it`;
  }
}

/** What a run may do: as much as the workbench itself. */
const PERMISSIONS = ["read", "write", "run", "env", "sys", "net"]
  .map((name) => `--allow-${name}`);

/** The arguments with which this Deno, or this executable, becomes such a process. */
function argumentsOf(): string[] {
  if (Deno.build.standalone) return [CAMPAIGN_PROCESS];
  const script = carriedParts()?.script;
  return [
    "run",
    "--quiet",
    "--no-prompt",
    ...PERMISSIONS,
    ...(script === undefined
      ? ["--no-lock", import.meta.resolve("./campaign-process.ts")]
      : ["--no-config", script, CAMPAIGN_PROCESS]),
  ];
}

/** A run keeps little of what it makes: a larger nursery saves no time, and takes 50 MB more. */
function v8Flags(): string {
  const asked = Deno.env.get("DENO_V8_FLAGS") ?? "";
  return ["--max-semi-space-size=8", asked].filter(Boolean).join(",");
}
