/**
 * Is a history of one compare-and-set register linearizable?
 *
 * Just-in-time linearization (Lowe, "Testing for linearizability", 2017; Wing and
 * Gong's search, with memory): walk the history and keep every configuration it
 * may be in, that is, the register's value and which of the pending operations
 * have taken effect. When an operation returns it must have taken effect, so
 * configurations where it has not are taken forward, by pending operations in
 * every order, until it has. No configuration left: not linearizable.
 *
 * Three things keep the set of configurations small. A read takes effect as soon
 * as the register has its value, which never forecloses anything. Operations that
 * never return are interchangeable if they would do the same, so it is enough to
 * count them. And of two configurations that differ only in those, one that has
 * used no more of each makes the other superfluous.
 */

/** The register's value as a small integer; 0 is the initial one. */
export type State = number;

/** What an operation would do. */
export type Effect =
  | { f: "read"; value: State }
  | { f: "write"; value: State }
  | { f: "cas"; from: State; to: State };

/** One event of a history: a call begins, or one that had begun returns. */
export type SearchEvent =
  | { type: "call"; id: number; effect: Effect }
  /** A call that may take effect at any later time, or never. */
  | { type: "crashed"; id: number; effect: Effect }
  | { type: "return"; id: number };

/** A state the register may be in, and the calls that are still to take effect there. */
export interface Possibility {
  state: State;
  pending: number[];
}

/** What the search found; `at` is the id of the call whose return nothing explains. */
export type Search =
  | { linearizable: true; possibilities: Possibility[] }
  | { linearizable: false; at: number; possibilities: Possibility[] }
  | { linearizable: "unknown"; at: number };

/** One way things may stand. */
interface Configuration {
  state: State;
  /** A bit for every open call that has taken effect. */
  done: bigint;
  /** How many crashed calls of each kind have taken effect. */
  used: readonly number[];
}

/** Calls that never return and would do the same. */
interface CrashedKind {
  effect: Effect;
  ids: number[];
}

interface OpenCall {
  id: number;
  effect: Effect;
  bit: bigint;
}

function apply(state: State, effect: Effect): State | undefined {
  switch (effect.f) {
    case "read":
      return state === effect.value ? state : undefined;
    case "write":
      return effect.value;
    case "cas":
      return state === effect.from ? effect.to : undefined;
  }
}

function usesNoMore(a: readonly number[], b: readonly number[]): boolean {
  return a.every((count, kind) => count <= (b[kind] ?? 0));
}

/** Configurations of which none makes another superfluous. */
class ConfigurationSet implements Iterable<Configuration> {
  readonly #groups = new Map<string, Configuration[]>();

  /** Adds one, unless it is superfluous, and says whether it did. */
  add(configuration: Configuration): boolean {
    const key = `${configuration.state} ${configuration.done}`;
    const group = this.#groups.get(key) ?? [];
    if (group.some((c) => usesNoMore(c.used, configuration.used))) return false;
    const rest = group.filter((c) => !usesNoMore(configuration.used, c.used));
    this.#groups.set(key, [...rest, configuration]);
    return true;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  *[Symbol.iterator](): Iterator<Configuration> {
    for (const group of this.#groups.values()) yield* group;
  }
}

/** The calls that are under way, and the ways things may stand. */
class Walk {
  readonly #open = new Map<number, OpenCall>();
  readonly #crashed: CrashedKind[] = [];
  #configurations = new ConfigurationSet();
  /** Configurations looked at so far. */
  visited = 0;

  constructor() {
    this.#configurations.add({ state: 0, done: 0n, used: [] });
  }

  call(id: number, effect: Effect): void {
    let bit = 1n;
    const taken = [...this.#open.values()].reduce((m, c) => m | c.bit, 0n);
    while ((taken & bit) !== 0n) bit <<= 1n;
    this.#open.set(id, { id, effect, bit });
    if (effect.f !== "read") return;
    const next = new ConfigurationSet();
    for (const c of this.#configurations) next.add(this.#withReads(c));
    this.#configurations = next;
  }

  crash(id: number, effect: Effect): void {
    const same = this.#crashed.find((kind) =>
      JSON.stringify(kind.effect) === JSON.stringify(effect)
    );
    if (same) same.ids.push(id);
    else this.#crashed.push({ effect, ids: [id] });
  }

  /** Says whether the return can be explained; undefined when the limit was reached first. */
  return(id: number, limit: number): boolean | undefined {
    const call = this.#open.get(id)!;
    const next = new ConfigurationSet(), seen = new ConfigurationSet();
    const todo = [...this.#configurations];
    while (todo.length > 0) {
      const c = todo.pop()!;
      if (++this.visited > limit) return undefined;
      if ((c.done & call.bit) !== 0n) {
        next.add({ ...c, done: c.done & ~call.bit });
        continue;
      }
      for (const later of this.#steps(c)) {
        if (seen.add(later)) todo.push(later);
      }
    }
    if (next.isEmpty) return false;
    this.#open.delete(id);
    this.#configurations = next;
    return true;
  }

  possibilities(): Possibility[] {
    return [...this.#configurations].map(({ state, done, used }) => ({
      state,
      pending: [
        ...[...this.#open.values()].filter((c) => (done & c.bit) === 0n)
          .map((c) => c.id),
        ...this.#crashed.flatMap(({ ids }, kind) => ids.slice(used[kind] ?? 0)),
      ],
    }));
  }

  /** Lets every open read take effect for which the register has the right value. */
  #withReads(c: Configuration): Configuration {
    let done = c.done;
    for (const { effect, bit } of this.#open.values()) {
      if (effect.f === "read" && effect.value === c.state) done |= bit;
    }
    return { ...c, done };
  }

  /** The configurations after one more call has taken effect. */
  *#steps(c: Configuration): Iterable<Configuration> {
    for (const { effect, bit } of this.#open.values()) {
      if (effect.f === "read" || (c.done & bit) !== 0n) continue;
      const state = apply(c.state, effect);
      if (state === undefined) continue;
      yield this.#withReads({ ...c, state, done: c.done | bit });
    }
    for (const [kind, { effect, ids }] of this.#crashed.entries()) {
      const used = c.used[kind] ?? 0;
      const state = apply(c.state, effect);
      // One that would change nothing can as well never take effect.
      if (used === ids.length || state === undefined || state === c.state) {
        continue;
      }
      const counts = this.#crashed.map((_, i) => c.used[i] ?? 0);
      counts[kind] = used + 1;
      yield this.#withReads({ ...c, state, used: counts });
    }
  }
}

/**
 * Searches for a linearization.
 *
 * @param events in the order of the history; a crashed call never returns
 * @param limit configurations to look at before giving up
 */
export function search(events: Iterable<SearchEvent>, limit: number): Search {
  const walk = new Walk();
  for (const event of events) {
    if (event.type === "call") walk.call(event.id, event.effect);
    if (event.type === "crashed") walk.crash(event.id, event.effect);
    if (event.type !== "return") continue;
    const explained = walk.return(event.id, limit);
    if (explained === undefined) {
      return { linearizable: "unknown", at: event.id };
    }
    if (!explained) {
      return {
        linearizable: false,
        at: event.id,
        possibilities: walk.possibilities(),
      };
    }
  }
  return { linearizable: true, possibilities: walk.possibilities() };
}
