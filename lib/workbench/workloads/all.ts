/** All workloads, by name. */
import { broadcast } from "./broadcast.ts";
import { gCounter, pnCounter } from "./counter.ts";
import { echo } from "./echo.ts";
import { gSet } from "./g-set.ts";
import { kafka } from "./kafka.ts";
import { linKv } from "./lin-kv.ts";
import { txnListAppend, txnRwRegister } from "./txn.ts";
import { uniqueIds } from "./unique-ids.ts";
import type { Workload } from "./workload.ts";

/** Every workload, by its name for `--workload`. */
export const workloads: Readonly<Record<string, Workload>> = Object.fromEntries(
  [
    broadcast,
    echo,
    gCounter,
    gSet,
    kafka,
    linKv,
    pnCounter,
    txnListAppend,
    txnRwRegister,
    uniqueIds,
  ].map((workload) => [workload.name, workload]),
);

/**
 * The workload of this name.
 *
 * @throws {Error} there is no such workload; the message lists those there are
 */
export function workloadOf(name: string): Workload {
  const found = Object.hasOwn(workloads, name) ? workloads[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(workloads).join(", ");
  throw new Error(`Cannot find workload "${name}": there are ${names}`);
}
