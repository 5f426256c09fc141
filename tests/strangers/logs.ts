/** Correct programs for kafka with choices of their own. */
import {
  type AnyNode,
  first,
  firstOnly,
  notNow,
  refusingAtFirst,
  service,
  slowly,
  type Stranger,
} from "./stranger.ts";

/** An offset and a message. */
export type Entry = [offset: number, message: unknown];

type Offsets = { [key: string]: number };

/** What one node of a log may choose, or get wrong. */
export interface LogChoices {
  /** The offset of a key's nth message. */
  offset?(position: number): number;
  /** What a poll returns, of all that is there from its offset on. */
  gives?(entries: Entry[], node: AnyNode): Entry[] | null;
  /** How many keys of a poll get anything. */
  keys?: number;
  /** How many milliseconds after its arrival a message can be polled. */
  visibleMs?: number;
  /** What is committed, given what was and what came. */
  commits?(before: number | undefined, next: number): number;
  /** What is listed for a key without a commit. */
  uncommitted?: number;
  /** What a send may be answered before it is done. */
  before?(node: AnyNode): void;
  /** Whether a poll commits what it returns. */
  pollsCommit?: boolean;
}

/** One node with a log a key. */
export const log = (choices: LogChoices = {}) => (node: AnyNode) => {
  const {
    offset = (position) => position,
    gives = (entries) => entries,
    keys = Infinity,
    visibleMs = 0,
    commits = (before, next) => Math.max(before ?? next, next),
  } = choices;
  const logs = new Map<string, { entry: Entry; at: number }[]>();
  const committed = new Map<string, number>();
  node.on("send", ({ key, msg }) => {
    choices.before?.(node);
    const log = logs.get(key) ?? [];
    logs.set(key, log);
    const entry: Entry = [offset(log.length), msg];
    log.push({ entry, at: node.now() });
    return { offset: entry[0] };
  });
  node.on("poll", ({ offsets }: { offsets: Offsets }) => {
    const msgs: { [key: string]: Entry[] | null } = {};
    let given = 0;
    for (const [key, from] of Object.entries(offsets)) {
      const there = (logs.get(key) ?? [])
        .filter(({ at }) => node.now() - at >= visibleMs)
        .map(({ entry }) => entry).filter(([offset]) => offset >= from);
      if (there.length > 0 && given++ >= keys) continue;
      const entries = gives(there, node);
      msgs[key] = entries;
      const last = choices.pollsCommit && entries?.at(-1);
      if (last) committed.set(key, last[0]);
    }
    return { msgs };
  });
  node.on("commit_offsets", ({ offsets }: { offsets: Offsets }) => {
    for (const [key, at] of Object.entries(offsets)) {
      committed.set(key, commits(committed.get(key), at));
    }
    return {};
  });
  node.on("list_committed_offsets", ({ keys }: { keys: string[] }) => ({
    offsets: Object.fromEntries(
      keys.flatMap((key) => {
        const at = committed.get(key) ?? choices.uncommitted;
        return at === undefined ? [] : [[key, at]];
      }),
    ),
  }));
};

/** What several nodes with one leader may choose, or get wrong. */
export interface LeaderChoices {
  /** How long a follower waits before it shows what the leader told it. */
  lagMs?: number;
  /** Whether followers refuse clients instead of forwarding their requests. */
  sendsAway?: boolean;
  /** Whether a follower ignores the message of this offset. */
  ignores?(offset: number): boolean;
  /** Whether polls go past what has not arrived yet. */
  skips?: boolean;
}

/** One node appends, and tells the others, which append in its order. */
export const led = (choices: LeaderChoices) =>
(
  node: AnyNode,
) => {
  const { lagMs = 0, sendsAway = false } = choices;
  const leads = node.id === first(node);
  const lists = new Map<string, unknown[]>();
  const committed = new Map<string, number>();
  const commit = ({ offsets }: { offsets: Offsets }) => {
    for (const [key, at] of Object.entries(offsets)) {
      committed.set(key, Math.max(at, committed.get(key) ?? at));
    }
    return {};
  };
  const put = (key: string, at: number, msg: unknown) => {
    const list = lists.get(key) ?? [];
    lists.set(key, list);
    list[at] = msg;
  };
  const append = ({ key, msg }: { key: string; msg: unknown }) => {
    const offset = lists.get(key)?.length ?? 0;
    put(key, offset, msg);
    for (const peer of node.peers) tell(peer, { key, msg, offset });
    return { offset };
  };
  const tell = async (peer: string, message: object) => {
    for (;;) {
      try {
        return await node.rpc(peer, "append", message, { timeoutMs: 500 });
      } catch {
        // Told again until it is known there.
      }
    }
  };
  node.on("append", async ({ key, msg, offset }) => {
    await node.sleep(lagMs * (choices.skips ? node.random() : 1));
    if (!choices.ignores?.(offset)) put(key, offset, msg);
    return {};
  });
  const options = { timeoutMs: 2_000 };
  const orNotNow = async (type: string, request: object) => {
    if (sendsAway) notNow();
    try {
      return await node.rpc(first(node), type, request, options);
    } catch {
      return notNow();
    }
  };
  node.on("do-send", append);
  node.on("do-commit", commit);
  node.on("send", async ({ key, msg }) => {
    if (leads) return append({ key, msg });
    const { offset } = await orNotNow("do-send", { key, msg });
    return { offset };
  });
  node.on("commit_offsets", async ({ offsets }) => {
    if (leads || sendsAway) return commit({ offsets });
    await orNotNow("do-commit", { offsets });
    return commit({ offsets });
  });
  node.on("poll", ({ offsets }: { offsets: Offsets }) => ({
    msgs: Object.fromEntries(
      Object.entries(offsets).map(([key, from]) => {
        const list = lists.get(key) ?? [];
        const entries: Entry[] = [];
        // What has not arrived yet stops a poll.
        for (let at = from; at < list.length; at++) {
          if (at in list) entries.push([at, list[at]]);
          else if (!choices.skips) break;
        }
        return [key, entries];
      }),
    ),
  }));
  node.on("list_committed_offsets", ({ keys }: { keys: string[] }) => ({
    offsets: Object.fromEntries(
      keys.map((key) => [key, committed.get(key) ?? 0]),
    ),
  }));
};

/** Each log, and all commits, are values of lin-kv. */
function inService(node: AnyNode): void {
  const kv = service(node);
  node.on("send", async ({ key, msg }) => {
    const log = await kv.update<unknown[]>(
      `log ${key}`,
      [],
      (log) => [...log, msg],
    );
    return { offset: log.length - 1 };
  });
  node.on("poll", async ({ offsets }: { offsets: Offsets }) => {
    const msgs: { [key: string]: Entry[] } = {};
    for (const [key, from] of Object.entries(offsets)) {
      const log = await kv.read<unknown[]>(`log ${key}`, []);
      msgs[key] = log.map((msg, at): Entry => [at, msg]).slice(from);
    }
    return { msgs };
  });
  node.on("commit_offsets", async ({ offsets }: { offsets: Offsets }) => {
    for (const [key, at] of Object.entries(offsets)) {
      await kv.update<number>(
        `commit ${key}`,
        -1,
        (before) => Math.max(before, at),
      );
    }
    return {};
  });
  node.on("list_committed_offsets", async ({ keys }: { keys: string[] }) => {
    const offsets: Offsets = {};
    for (const key of keys) {
      const at = await kv.read<number>(`commit ${key}`, -1);
      if (at >= 0) offsets[key] = at;
    }
    return { offsets };
  });
}

/** How one node is run. */
export const ALONE = {
  "node-count": 1,
  concurrency: "3n",
  rate: 60,
  "time-limit": 5,
};

/** How two nodes are run. */
export const PAIR = { ...ALONE, "node-count": 2, concurrency: "2n" };

const CUT = { ...PAIR, nemesis: "partition", "nemesis-interval": 2 };

const TYPES = ["send", "poll", "commit_offsets", "list_committed_offsets"];

const of = (
  name: string,
  choice: string,
  program: (node: AnyNode) => void,
  options: Stranger["options"] = ALONE,
): Stranger => ({
  name: `kf-${name}`,
  choice,
  program,
  workload: "kafka",
  options,
});

/** See the module. */
export const strangers: Stranger[] = [
  of("from-1000", "offsets begin at 1000", log({ offset: (n) => 1_000 + n })),
  of("sparse", "offsets are 0, 7, 14 ...", log({ offset: (n) => 7 * n })),
  of(
    "one-a-key",
    "a poll gives one message a key",
    log({ gives: (entries) => entries.slice(0, 1) }),
  ),
  of(
    "one-key",
    "a poll gives messages of three keys at most",
    log({ keys: 3 }),
  ),
  of(
    "null",
    "a key that has nothing new is null",
    log({ gives: (entries) => entries.length ? entries : null }),
  ),
  of("zero", "lists 0 for keys without a commit", log({ uncommitted: 0 })),
  of(
    "minus-one",
    "lists -1 for keys without a commit",
    log({ uncommitted: -1 }),
  ),
  of(
    "last-commit",
    "the commit that came last counts, also if it lies further back",
    log({ commits: (_, next) => next }),
  ),
  of(
    "refusing-at-first",
    "refuses every request for two seconds",
    refusingAtFirst(log(), 2_000, ...TYPES),
  ),
  of(
    "refusing-sends",
    "refuses one send in five",
    log({ before: (node) => void (node.random() < 0.2 && notNow()) }),
  ),
  of(
    "later",
    "shows messages three seconds after it acknowledged them",
    log({ visibleMs: 3_000 }),
  ),
  of(
    "now-and-then",
    "a poll brings nothing every third time",
    log({ gives: (entries, node) => node.random() < 0.3 ? [] : entries }),
  ),
  of("slow", "answers after four seconds", slowly(log(), 4_000, "send"), {
    ...ALONE,
    rate: 3,
  }),
  of("in-service", "keeps logs and commits in lin-kv", inService, {
    ...PAIR,
    rate: 20,
  }),
  of(
    "led",
    "one node appends, the other shows it half a second later",
    led({ lagMs: 500 }),
    PAIR,
  ),
  of(
    "led-and-cut",
    "the follower has sends and commits done elsewhere, or refuses them",
    led({}),
    CUT,
  ),
  of(
    "sent-away",
    "followers refuse sends, and keep commits to themselves",
    led({ sendsAway: true }),
    PAIR,
  ),
  of(
    "first-only",
    "all nodes but the first refuse everything, and always",
    firstOnly(log(), ...TYPES),
    PAIR,
  ),
];
