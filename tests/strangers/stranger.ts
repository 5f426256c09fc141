/** Strangers: programs that are not ours, which are judged only by their command line and their workload. */
import { ErrorCode, type Node, RpcError } from "../../lib/maelstrom.ts";
import { judge, type Judged } from "../../lib/workbench/checkers/judges.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import { performRun } from "../../lib/workbench/run/run.ts";
import { workloadOf } from "../../lib/workbench/workloads/all.ts";
import { SECOND, VirtualClock } from "../../lib/workbench/world/clock.ts";
import { modules } from "../../lib/workbench/world/modules.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { withMethods } from "../fixtures/with-methods.ts";

/** Any messages at all. */
// deno-lint-ignore no-explicit-any
export type Anything = { [type: string]: (request: any) => any };

/** A node that sends and receives anything. */
export type AnyNode = Node<Anything>;

/** A program and the run in which it is judged. */
export interface Stranger {
  name: string;
  /** What is odd about it, in a sentence. */
  choice: string;
  program: (node: AnyNode) => void;
  workload: string;
  options: Options;
}

/** One simulated run of a stranger, judged. */
export async function judgedRun(
  { program, workload, options }: Omit<Stranger, "name" | "choice">,
  seed: number,
): Promise<Judged> {
  const clock = new VirtualClock();
  const random = seeded(seed);
  const limit = (Number(options["time-limit"]) + 600) * SECOND;
  const recording = await clock.run(
    performRun({
      workload: workloadOf(workload),
      options,
      openHost: modules(
        // deno-lint-ignore no-explicit-any
        program as any,
        clock,
        random.fork("nodes"),
      ),
      clock,
      random,
    }),
    limit,
  );
  return judge(recording);
}

/** The node that leads, if one does. */
export function first(node: AnyNode): string {
  return node.ids[0]!;
}

/** The error that says: not now. */
export function notNow(): never {
  throw new RpcError(ErrorCode.temporarilyUnavailable, "not now");
}

/** Delays every reply of a node. */
export function slowly(
  program: (node: AnyNode) => void,
  ms: number,
  ...types: string[]
): (node: AnyNode) => void {
  return changed(program, (node, handler) => async (request, src) => {
    await node.sleep(ms);
    return await handler(request, src);
  }, types);
}

/** Delays one reply in five. */
export function slowlySometimes(
  program: (node: AnyNode) => void,
  ms: number,
  ...types: string[]
): (node: AnyNode) => void {
  return changed(program, (node, handler) => async (request, src) => {
    if (node.random() < 0.8) return await handler(request, src);
    await node.sleep(ms);
    const { msg_id: in_reply_to, type } = request;
    const reply = await handler(request, src);
    node.send(src, `${type}_ok`, { ...reply, in_reply_to });
    // The library would drop a reply that is too late.
    return await new Promise(() => {});
  }, types);
}

/** Refuses requests for some time after the start. */
export function refusingAtFirst(
  program: (node: AnyNode) => void,
  ms: number,
  ...types: string[]
): (node: AnyNode) => void {
  return changed(program, (node, handler) => {
    const began = node.now();
    return (request, src) =>
      node.now() - began < ms ? notNow() : handler(request, src);
  }, types);
}

/** All nodes but the first refuse every request. */
export function firstOnly(
  program: (node: AnyNode) => void,
  ...types: string[]
): (node: AnyNode) => void {
  return changed(
    program,
    (node, handler) => node.id === first(node) ? handler : notNow,
    types,
  );
}

/** A handler of any messages. */
// deno-lint-ignore no-explicit-any
export type Handler = (request: any, src: string) => any;

/** A program in which some handlers are replaced by others made from them. */
export function changed(
  program: (node: AnyNode) => void,
  change: (node: AnyNode, handler: Handler) => Handler,
  types: readonly string[],
): (node: AnyNode) => void {
  return (node) => {
    const on = (type: string, handler: Handler) =>
      // deno-lint-ignore no-explicit-any
      (node as any).on(
        type,
        types.includes(type) ? change(node, handler) : handler,
      );
    program(
      withMethods(node, { on }),
    );
  };
}

/** A key-value service, asked until it answers. */
export function service(node: AnyNode, name = "lin-kv") {
  const ask = (type: string, body: object) =>
    node.rpc(name, type, body, { timeoutMs: 1_000 });
  return {
    async read<T>(key: string, otherwise: T): Promise<T> {
      try {
        return (await ask("read", { key })).value;
      } catch (error) {
        if ((error as RpcError).code === 20) return otherwise;
        throw error;
      }
    },
    write: (key: string, value: unknown) => ask("write", { key, value }),
    /** Whether the key had the value that was expected, and has the new one now. */
    async swap(key: string, from: unknown, to: unknown): Promise<boolean> {
      try {
        const create = { create_if_not_exists: true };
        await ask("cas", { key, from, to, ...create });
        return true;
      } catch (error) {
        if ((error as RpcError).code === 22) return false;
        throw error;
      }
    },
    /** Changes a value, repeating until it succeeds. */
    async update<T>(
      key: string,
      initial: T,
      change: (value: T) => T,
    ): Promise<T> {
      for (;;) {
        const value = await this.read(key, initial);
        const next = change(value);
        if (await this.swap(key, value, next)) return next;
        await node.sleep(node.random() * 5);
      }
    },
  };
}
