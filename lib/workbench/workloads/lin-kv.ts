/** Lin-kv: linearizable registers under independent keys. */
import { numberFlag } from "./flags.ts";
import { any } from "./schema.ts";
import type {
  Generator,
  GeneratorContext,
  Invocation,
  Workload,
} from "./workload.ts";

/** How many processes may use one key: each that crashes makes checking the key harder. */
const PROCESSES_PER_KEY = 20;

/** Values written are 0 to 4: so few that reads and comparisons often find the value they expect, or an old one. */
const VALUES = 5;

/**
 * Groups of 2n workers share a key, until too many processes have used it. The first n workers of
 * all only read; the others make two compare-and-sets for each write. So nobody reads in later
 * groups, a quirk of Jepsen's that is kept.
 *
 * @throws {RangeError} the number of workers is not a multiple of 2n
 */
function generator(
  { random, nodes, workers }: GeneratorContext,
): Generator {
  const groupSize = 2 * nodes.length;
  if (workers % groupSize !== 0) {
    throw new RangeError(
      `Cannot run lin-kv: ${workers} workers are not a multiple of ${groupSize}, twice the number of nodes. Try --concurrency 2n`,
    );
  }
  // A group of more than 20 workers would otherwise need a new key again and again.
  const limit = Math.max(PROCESSES_PER_KEY, groupSize);
  const current = Array.from({ length: workers }, (_, index) => index);
  let keys = 0;
  const groups = Array.from({ length: workers / groupSize }, () => ({
    key: keys++,
    involved: new Set<number>(),
  }));

  return {
    next({ index, process }): Invocation {
      current[index] = process;
      const first = index - index % groupSize;
      const members = current.slice(first, first + groupSize);
      const group = groups[first / groupSize]!;
      group.involved = group.involved.union(new Set(members));
      if (group.involved.size > limit) {
        group.key = keys++;
        group.involved = new Set(members);
      }
      if (index < nodes.length) {
        return { f: "read", value: [group.key, null] };
      }
      return random.chance(1 / 3)
        ? { f: "write", value: [group.key, random.int(VALUES)] }
        : {
          f: "cas",
          value: [group.key, [random.int(VALUES), random.int(VALUES)]],
        };
    },
  };
}

/** Reads, writes and compare-and-set; an operation's value is a pair of key and value. */
export const linKv: Workload = {
  name: "lin-kv",
  idempotent: new Set(["read"]),
  handlesErrors: true,
  reusesClient: true,
  timeoutMs: (options) =>
    Math.max(10 * numberFlag(options, "latency", 0), 1000),
  generator,
  openClient: () => ({
    async invoke(op, rpc) {
      if (op.f === "read") {
        const [key] = op.value as [number];
        const { value } = await rpc({ type: "read", key }, { value: any });
        return [key, value ?? null];
      }
      if (op.f === "write") {
        const [key, value] = op.value as [number, number];
        await rpc({ type: "write", key, value }, {});
      } else {
        const [key, [from, to]] = op.value as [number, [number, number]];
        await rpc({ type: "cas", key, from, to }, {});
      }
      return null;
    },
  }),
};
