/**
 * A plain convergent store of registers, in parts that a mutant can replace by wrong ones:
 * each node runs transactions on its copy, and tells every peer what it wrote until
 * that is acknowledged. As it stands it is right for two nodes.
 */
import type { Json } from "../../lib/node/world.ts";
import type { Node } from "../../lib/maelstrom.ts";
import { execute } from "../../lib/stores/transactions.ts";
import type { Key, MicroOp, TxnProtocol } from "../../lib/protocols.ts";

/** A register's value with its stamp. */
export interface Version {
  key: Key;
  value: Json;
  time: number;
  node: string;
}

interface ReplicaProtocol extends TxnProtocol {
  tell(request: { versions: Version[] }): Record<never, never>;
}

/** The parts. */
export interface Parts {
  /** Whether a version replaces another. */
  wins(a: Version, b: Version): boolean;
  /** The time of a write, given the clock and the write's position in its transaction. */
  stamp(clock: number, position: number): number;
  /** The clock after a version of this node's own or of a peer's has been stored. */
  advance(clock: number, version: Version, own: boolean): number;
  /** Makes a peer's changes visible. */
  deliver(
    versions: Version[],
    apply: (version: Version) => void,
    node: Node<ReplicaProtocol>,
  ): void;
  /** What of the unacknowledged to send at a tick. */
  choose(pending: Version[]): Version[];
  /** What remains to be sent after an acknowledgement. */
  acknowledge(pending: Version[], told: Version[]): Version[];
  /** Whether peers are told by a timer, or only in the moment of a write. */
  timer: boolean;
}

const CORRECT: Parts = {
  wins: (a, b) => a.time > b.time || (a.time === b.time && a.node > b.node),
  stamp: (clock) => clock + 1,
  advance: (clock, { time }) => Math.max(clock, time),
  deliver: (versions, apply) => versions.forEach(apply),
  choose: (pending) => pending,
  acknowledge: (pending, told) => pending.filter((v) => !told.includes(v)),
  timer: true,
};

/** The store with some parts replaced. */
export function replica(
  parts: Partial<Parts> = {},
): (node: Node<ReplicaProtocol>) => void {
  const { wins, stamp, advance, deliver, choose, acknowledge, timer } = {
    ...CORRECT,
    ...parts,
  };
  return (node) => {
    const versions = new Map<Key, Version>();
    const pending = new Map<string, Version[]>(
      node.peers.map((id) => [id, []]),
    );
    let clock = 0;

    function apply(version: Version): void {
      const current = versions.get(version.key);
      if (current === undefined || wins(version, current)) {
        versions.set(version.key, version);
      }
      clock = advance(clock, version, version.node === node.id);
    }

    async function tell(id: string): Promise<void> {
      const told = [...choose(pending.get(id)!)];
      if (told.length === 0) return;
      await node.rpc(id, "tell", { versions: told }, { timeoutMs: 300 });
      pending.set(id, acknowledge(pending.get(id)!, told));
    }

    node.on("txn", (request): { txn: MicroOp[] } => {
      const read = (key: Key) => versions.get(key)?.value ?? null;
      const { txn, changes } = execute(request.txn, read);
      const written = changes.map(([, key, value], position): Version => ({
        key,
        value,
        time: stamp(clock, position),
        node: node.id,
      }));
      written.forEach(apply);
      for (const [id, versions] of pending) {
        versions.push(...written);
        if (!timer) tell(id).catch(() => {});
      }
      return { txn };
    });

    node.on("tell", ({ versions }) => {
      deliver(versions, apply, node);
      return {};
    });

    if (!timer) return;
    node.every(100, () => {
      for (const id of node.peers) tell(id).catch(() => {});
    });
  };
}
