/**
 * What Maelstrom does not check in broadcast and g-set: each read by itself, whether every node has
 * all values in the end, and what nodes still send when there is nothing left to say.
 */
import { type Json, stringify } from "../../history/json.ts";
import {
  bodyAt,
  isBetweenServers,
  type Op,
  type Recording,
  visit,
} from "../../history/history.ts";
import { networkMs, nodeOf, nodesOf } from "../../history/options.ts";
import { Findings, seconds } from "../findings.ts";
import { IdSet } from "../id-set.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { checkReads } from "./set-reads.ts";
import type { Values } from "./set-values.ts";
import type { StrictCheck } from "./strict.ts";

/** The check of a set workload, in which values are added by operations of this name. */
export function strictSet(addF: string): StrictCheck {
  return (recording, promises) => {
    const findings = new Findings();
    const values = checkReads(recording, addF, promises, findings);
    finalReads(recording, values, findings);
    quiet(recording, promises, findings);
    if (promises.crossings !== undefined) {
      crossings(recording, values, promises.crossings, findings);
    }
    return findings.all();
  };
}

/** Checks that after all faults have ended, every node's last read has every acknowledged value. */
function finalReads(
  { history, aftermath, options }: Recording,
  values: Values,
  findings: Findings,
): void {
  const invoked = new Map<string, Op>();
  const last = new Map<string, { read: Op; asked: Op }>();
  const look = (op: Op, node: string, who: string) => {
    if (op.type === "invoke") invoked.set(who, op);
    else if (op.type === "ok" && Array.isArray(op.value)) {
      last.set(node, { read: op, asked: invoked.get(who) ?? op });
    }
  };
  for (const op of history) {
    if (op["final?"] !== true || typeof op.process !== "number") continue;
    look(op, nodeOf(op.process, options), `${op.process}`);
  }
  for (const op of aftermath?.history ?? []) {
    look(op, String(op.node), `${op.node} afterwards`);
  }
  const { sent } = values;
  for (const node of nodesOf(options)) {
    const final = last.get(node);
    if (final === undefined) {
      // Without an aftermath, nodes without a worker are never asked.
      if ([...invoked].some(([, op]) => askedOf(op, node, options))) {
        findings.add(
          "no-final-read",
          `${node} never answered its final read with values`,
        );
      }
      continue;
    }
    const held = new IdSet();
    for (const value of final.read.value as Json[]) {
      held.add(values.numberOf(value));
    }
    for (const { number, value: { key, acked } } of sent) {
      if (acked >= final.asked.time || held.has(number)) continue;
      if (findings.isFull("lost-value")) break;
      findings.add(
        "lost-value",
        `value ${key} was acknowledged at ${
          seconds(acked)
        }, and the last read of ${node}, at ${
          seconds(final.asked.time)
        }, after all faults had ended, lacks it`,
      );
    }
  }
}

function askedOf(op: Op, node: string, options: Recording["options"]): boolean {
  return op.node === node ||
    (op.node === undefined && nodeOf(Number(op.process), options) === node);
}

/** If silence is promised, checks that nodes send nothing to each other once everything is known. */
function quiet(
  { history, journal, journalOrigin, options, incidents = [] }: Recording,
  { quietMs, hops }: Promises,
  findings: Findings,
): void {
  if (quietMs === undefined || journalOrigin === undefined) return;
  const firstFinal = history.find((op) => op["final?"] === true);
  if (firstFinal === undefined) return;
  const before = history.slice(0, history.indexOf(firstFinal));
  const lastChange = [...before, ...incidents]
    .reduce((latest, { time }) => Math.max(latest, time), 0);
  // A node that has come back is first told what it lacks, and then tells others.
  const turns = incidents.some(({ type }) => type === "kill") ? 2 : 1;
  const lastMs = turns * quietMs + networkMs(options, hops);
  const from = lastChange + lastMs * 1e6 + journalOrigin;
  const to = firstFinal.time + journalOrigin;
  visit(journal, (kind, time, _id, src, dest, index) => {
    if (time <= from || time >= to) return;
    if (kind === "recv" || !isBetweenServers(src, dest)) return;
    const body = bodyAt(journal, index);
    findings.add(
      "chatter",
      `${src} sent ${dest} ${stringify(body).slice(0, 100)} at ${
        seconds(time - journalOrigin)
      }, more than ${lastMs} ms after the last operation or fault`,
    );
  });
}

/** Checks that without faults, each value is sent to each other node at most this often, on average. */
function crossings(
  { history, journal, options, faults = "official" }: Recording,
  values: Values,
  most: number,
  findings: Findings,
): void {
  const broken = options.nemesis !== undefined || faults !== "official";
  const others = nodesOf(options).length - 1;
  const count = values.sent.length;
  if (broken || others === 0 || count === 0 || history.length === 0) return;
  let crossed = 0;
  visit(journal, (kind, _time, _id, src, dest, index) => {
    if (kind === "recv" || !isBetweenServers(src, dest)) return;
    crossed += numbersInArrays(bodyAt(journal, index));
  });
  const each = crossed / (count * others);
  if (each <= most) return;
  findings.add(
    "sent-again",
    `each value was sent to each other node ${
      each.toFixed(1)
    } times on average, though at most ${most} times is promised`,
  );
}

/** How many numbers are in arrays anywhere in a body; these may be values. */
function numbersInArrays(body: Json): number {
  if (typeof body !== "object" || body === null) return 0;
  const isArray = Array.isArray(body);
  let count = 0;
  for (const value of isArray ? body : Object.values(body)) {
    if (typeof value !== "number") count += numbersInArrays(value);
    else if (isArray) count++;
  }
  return count;
}
