/** Judges committed offsets, which Maelstrom asks for and then does not check. */
import type { Call } from "../client-calls.ts";
import {
  asText,
  type Integer,
  isInteger,
  type Json,
  type JsonObject,
  stringify,
} from "../../history/json.ts";
import type { Findings } from "../findings.ts";
import { afterHighest, isRefused, type KafkaRun } from "./kafka-log.ts";
import type { Clock } from "./kafka-order.ts";

/** One key of one commit. */
interface Commit {
  offset: Integer;
  call: Call;
}

/** One key of one list of committed offsets; null where it was left out. */
interface Listed {
  key: string;
  /** Whether the request named the key. */
  asked: boolean;
  offset: Integer | null;
  /** What the reply has for it, an offset or not. */
  written: Json | undefined;
  call: Call;
}

type OffsetsField = { [key: string]: Integer };

/** The rules for committed offsets. */
export interface CommitBounds {
  /**
   * By when, in ns, another node must have acknowledged a commit for a list at a given time to
   * show it.
   */
  dueBy(ns: number): number;
  /** Whether a call met no fault, and did not take long. */
  calm(call: Call): boolean;
  /** Whether commits may not be refused, since availability is asked for or promised. */
  available: boolean;
  /**
   * Whether the program promises more than the workload's description, by which a node lists
   * the latest commit: that committing a lower offset changes nothing, and that keys without a
   * commit are left out, not listed with 0 or less.
   */
  exact: boolean;
}

/**
 * Checks that a node lists at least what it has acknowledged itself, and in time what other nodes have;
 * never less than before; nothing that was never committed; and that it refuses no commit.
 */
export function committedOffsets(
  { calls }: KafkaRun,
  findings: Findings,
  bounds: CommitBounds,
  at: Clock,
): void {
  const commits = commitsByKey(calls);
  const lists = calls.filter((call) =>
    call.type === "list_committed_offsets" && call.isOk
  ).flatMap(listed);
  const { exact } = bounds;
  refusals(calls, findings, bounds, at);
  if (exact) regressions(lists, findings, at);
  for (const list of lists) {
    const { key, offset, call } = list;
    const says = () =>
      `${call.node}, asked at ${
        at(call.from)
      } for the committed offset of key ${key}, ${
        list.written === undefined
          ? "left it out"
          : `answered ${stringify(list.written)}`
      }`;
    const asked = commits.get(key) ?? [];
    const due = bounds.dueBy(call.from);
    const isDue = (commit: Commit) =>
      commit.call.isOk &&
      commit.call.to <
        (exact && commit.call.node === call.node ? call.from : due);
    const missing = asked.find((commit) =>
      commit.offset > (offset ?? -1) && isDue(commit)
    );
    // Several commits may each count as the latest: those after which no other began.
    const isLatest = () =>
      asked.some((commit) =>
        commit.offset === offset && commit.call.from <= call.to &&
        !asked.some((next) => isDue(next) && next.call.from > commit.call.to)
      );
    if (missing !== undefined && (exact || !isLatest())) {
      findings.add(
        "commit-lost",
        `${says()}, but ${missing.call.node} had acknowledged the commit of ${missing.offset} at ${
          at(missing.call.to)
        }`,
      );
    }
    const isKnown = () =>
      asked.some((commit) =>
        commit.offset === offset && commit.call.from <= call.to
      );
    if (offset !== null && (exact || offset > 0) && !isKnown()) {
      findings.add(
        "commit-invented",
        `${says()}, which nobody had committed by then`,
      );
    }
    if (!list.asked) {
      findings.add(
        "unasked-key",
        `${says()}, though the request did not name the key`,
      );
    }
  }
}

function commitsByKey(calls: readonly Call[]): Map<string, Commit[]> {
  const commits = new Map<string, Commit[]>();
  for (const call of calls) {
    if (call.type !== "commit_offsets") continue;
    const offsets = call.request.offsets as OffsetsField;
    for (const key of Object.keys(offsets)) {
      const list = commits.get(key) ?? [];
      commits.set(key, list);
      list.push({ offset: offsets[key]!, call });
    }
  }
  return commits;
}

function listed(call: Call): Listed[] {
  const offsets = (call.reply!.offsets ?? {}) as JsonObject;
  const keys = (call.request.keys as (string | number)[]).map(String);
  const asked = new Set(keys);
  const given = Object.keys(offsets).filter((key) => !asked.has(key));
  return [...asked, ...given].map((key) => {
    const written = Object.hasOwn(offsets, key) ? offsets[key] : undefined;
    return {
      key,
      asked: asked.has(key),
      offset: isInteger(written) ? written : null,
      written,
      call,
    };
  });
}

function refusals(
  calls: readonly Call[],
  findings: Findings,
  { calm, available }: CommitBounds,
  at: Clock,
): void {
  for (const call of calls) {
    if (call.type !== "commit_offsets" || call.reply?.type !== "error") {
      continue;
    }
    if (!isRefused(call) && !calm(call)) continue;
    const because = `${call.node} answered the commit sent at ${
      at(call.from)
    } with error ${asText(call.reply.code)}`;
    if (available) findings.add("commit-refused", because);
    else findings.note("commit-refused", because);
  }
}

function regressions(
  lists: readonly Listed[],
  findings: Findings,
  at: Clock,
): void {
  const groups = Map.groupBy(lists, ({ key, call }) => `${call.node} ${key}`);
  const offsetOf = ({ offset }: Listed) => offset ?? -1;
  for (const group of groups.values()) {
    afterHighest(group, offsetOf, -1, (list, best) => {
      if (best === null || offsetOf(best) <= offsetOf(list)) return;
      const { key, call, offset } = list;
      findings.add(
        "commit-regressed",
        `${call.node} listed ${offsetOf(best)} as committed for key ${key} at ${
          at(best.call.to)
        }, and ${offset === null ? "nothing" : offset} when asked at ${
          at(call.from)
        }`,
      );
    });
  }
}
