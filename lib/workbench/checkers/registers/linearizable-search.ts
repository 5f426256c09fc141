/**
 * Is a history of one compare-and-set register linearizable?
 *
 * Just-in-time linearization (Lowe, "Testing for linearizability", 2017; Wing and Gong's
 * search, with memory). A configuration is the register's value and the open calls that have
 * taken effect. When a call returns it must have taken effect; if it has not, open calls are
 * made to take effect, in every order, until it has. The search is depth-first, so a
 * linearizable history is mostly walked straight through, and it remembers the configurations
 * it had at each return.
 *
 * Three things keep these few. A read takes effect as soon as the register has its value, which
 * never rules anything out. Calls that never return are interchangeable if they have the same
 * effect, so it is enough to count them. And of two configurations that differ only in those,
 * the one that has used no more of each makes the other redundant.
 */
import { stringify } from "../../history/json.ts";

/** The register's value as a small integer; 0 is the initial one. */
export type State = number;

/** What a call would do. */
export type Effect =
  | { f: "read"; value: State }
  | { f: "write"; value: State }
  | { f: "cas"; from: State; to: State }
  /** It was refused: the register had no value, or another one. */
  | { f: "absent" }
  | { f: "differs"; from: State };

/** One event of a history: a call begins, or one that had begun returns. */
export type SearchEvent =
  | { type: "call"; id: number; effect: Effect }
  /** A call that may take effect at any later time, or never. */
  | { type: "crashed"; id: number; effect: Effect }
  | { type: "return"; id: number };

/** A state the register may be in, and the calls that have not taken effect there. */
export interface Possibility {
  state: State;
  pending: number[];
}

/** The result of a search; `at` is the call whose return cannot be explained, or the furthest reached. */
export type Search =
  | { linearizable: true; possibilities: Possibility[] }
  | { linearizable: false; at: number; possibilities: Possibility[] }
  | { linearizable: "unknown"; at: number };

/** A possible state of the register and its open calls. */
interface Configuration {
  state: State;
  /** A bit for every open call that has taken effect. */
  done: bigint;
  /** How many crashed calls of each kind have taken effect. */
  used: readonly number[];
}

interface OpenCall {
  id: number;
  effect: Effect;
  bit: bigint;
}

/** Calls that never return and have the same effect. */
interface CrashedKind {
  effect: Effect;
  ids: readonly number[];
}

/** The open calls when a call returns. */
interface Moment {
  returning: OpenCall;
  /** All calls that will return, the returning one first. */
  open: readonly OpenCall[];
  crashed: readonly CrashedKind[];
}

function apply(state: State, effect: Effect): State | undefined {
  switch (effect.f) {
    case "read":
      return state === effect.value ? state : undefined;
    case "write":
      return effect.value;
    case "cas":
      return state === effect.from ? effect.to : undefined;
    case "absent":
      return state === 0 ? state : undefined;
    case "differs":
      return state !== 0 && state !== effect.from ? state : undefined;
  }
}

/** Whether a call never changes anything. */
function isLook({ f }: Effect): boolean {
  return f !== "write" && f !== "cas";
}

function sameEffect(a: Effect, b: Effect): boolean {
  return stringify(a) === stringify(b);
}

/** The returns of a history in order. Bits are reused after their call has returned. */
function momentsOf(events: Iterable<SearchEvent>): Moment[] {
  const moments: Moment[] = [];
  let open: OpenCall[] = [], crashed: CrashedKind[] = [];
  for (const event of events) {
    if (event.type === "call") {
      let bit = 1n;
      while (open.some((call) => call.bit === bit)) bit <<= 1n;
      open = [...open, { id: event.id, effect: event.effect, bit }];
    } else if (event.type === "crashed") {
      const { id, effect } = event;
      const kind = crashed.findIndex((k) => sameEffect(k.effect, effect));
      crashed = kind < 0
        ? [...crashed, { effect, ids: [id] }]
        : crashed.with(kind, { effect, ids: [...crashed[kind]!.ids, id] });
    } else {
      const returning = open.find(({ id }) => id === event.id)!;
      const others = open.filter((call) => call !== returning);
      moments.push({ returning, open: [returning, ...others], crashed });
      open = others;
    }
  }
  return moments;
}

function usesNoMore(a: readonly number[], b: readonly number[]): boolean {
  return a.every((count, kind) => count <= (b[kind] ?? 0));
}

/** Configurations met at one moment. */
class Memory {
  readonly #groups = new Map<string, (readonly number[])[]>();

  /** Adds a configuration, and says whether it is worth following. */
  add({ state, done, used }: Configuration): boolean {
    const key = `${state} ${done}`;
    const group = this.#groups.get(key) ?? [];
    if (group.some((before) => usesNoMore(before, used))) return false;
    const rest = group.filter((before) => !usesNoMore(used, before));
    this.#groups.set(key, [...rest, used]);
    return true;
  }
}

/** Makes every open read take effect whose value the register has. */
function withReads(c: Configuration, { open }: Moment): Configuration {
  let done = c.done;
  for (const { effect, bit } of open) {
    if (isLook(effect) && apply(c.state, effect) !== undefined) done |= bit;
  }
  return done === c.done ? c : { ...c, done };
}

/** The configurations after one more call has taken effect, the most promising last. */
function steps(c: Configuration, moment: Moment): Configuration[] {
  const after: Configuration[] = [];
  for (const { effect, bit } of moment.open) {
    if (isLook(effect) || (c.done & bit) !== 0n) continue;
    const state = apply(c.state, effect);
    if (state === undefined) continue;
    after.push(withReads({ ...c, state, done: c.done | bit }, moment));
  }
  for (const [kind, { effect, ids }] of moment.crashed.entries()) {
    const count = c.used[kind] ?? 0;
    const state = apply(c.state, effect);
    // One that would change nothing may as well never take effect.
    if (count === ids.length || state === undefined || state === c.state) {
      continue;
    }
    const used = moment.crashed.map((_, i) => c.used[i] ?? 0);
    after.push(
      withReads({ ...c, state, used: used.with(kind, count + 1) }, moment),
    );
  }
  return after.reverse();
}

function possibility(
  { state, done, used }: Configuration,
  { open, crashed }: Moment,
): Possibility {
  const pending = open.filter(({ bit }) => (done & bit) === 0n);
  const unused = crashed.flatMap(({ ids }, kind) => ids.slice(used[kind] ?? 0));
  return { state, pending: [...pending.map(({ id }) => id), ...unused] };
}

/**
 * Searches for a linearization.
 *
 * @param events in the order of the history; a crashed call never returns
 * @param limit configurations to look at before giving up
 */
export function search(events: Iterable<SearchEvent>, limit: number): Search {
  const moments = momentsOf(events);
  const memories = moments.map(() => new Memory());
  const start: Configuration = { state: 0, done: 0n, used: [] };
  const todo: { at: number; c: Configuration }[] = [];
  let furthest = -1, there: Configuration[] = [];
  const arrive = (at: number, c: Configuration) => {
    const settled = withReads(c, moments[at]!);
    if (!memories[at]!.add(settled)) return;
    todo.push({ at, c: settled });
    if (at > furthest) there = [];
    furthest = Math.max(furthest, at);
    if (at === furthest) there.push(settled);
  };

  if (moments.length === 0) {
    return { linearizable: true, possibilities: [{ state: 0, pending: [] }] };
  }
  arrive(0, start);
  for (let visited = 1; todo.length > 0; visited++) {
    if (visited > limit) {
      return { linearizable: "unknown", at: moments[furthest]!.returning.id };
    }
    const { at, c } = todo.pop()!;
    const moment = moments[at]!, { bit } = moment.returning;
    if ((c.done & bit) === 0n) {
      for (const next of steps(c, moment)) {
        if (memories[at]!.add(next)) todo.push({ at, c: next });
      }
    } else if (at + 1 === moments.length) {
      return { linearizable: true, possibilities: [possibility(c, moment)] };
    } else {
      arrive(at + 1, { ...c, done: c.done & ~bit });
    }
  }
  return {
    linearizable: false,
    at: moments[furthest]!.returning.id,
    possibilities: there.map((c) => possibility(c, moments[furthest]!)),
  };
}
