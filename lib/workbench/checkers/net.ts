/** Maelstrom's `net` checker: counts messages, in all and per operation. */
import {
  type Events,
  isBetweenServers,
  isClientOp,
  type Op,
  visit,
} from "../history/history.ts";
import { IdSet } from "./id-set.ts";
import { single } from "./json-key.ts";
import type { Results } from "./verdict.ts";

/** Counts the messages of one kind of traffic. */
class Traffic {
  #sent = 0;
  #received = 0;
  readonly #ids = new IdSet();

  add(kind: "send" | "recv", id: number): void {
    if (kind === "send") this.#sent++;
    else this.#received++;
    this.#ids.add(id);
  }

  get counts(): Counts {
    return {
      "send-count": this.#sent,
      "recv-count": this.#received,
      "msg-count": this.#ids.size,
    };
  }
}

type Counts = {
  "send-count": number;
  "recv-count": number;
  /** Distinct messages. */
  "msg-count": number;
};

/**
 * The sum of two counts. A message belongs to only one kind of traffic, so counts of distinct
 * messages add up too.
 */
function sum(a: Counts, b: Counts): Counts {
  return {
    "send-count": a["send-count"] + b["send-count"],
    "recv-count": a["recv-count"] + b["recv-count"],
    "msg-count": a["msg-count"] + b["msg-count"],
  };
}

/**
 * Counts the messages of the whole run, including set-up and final phase. Messages to or from clients
 * count as `clients`, all others (between nodes, or nodes and services) as `servers`. `msgs-per-op`
 * is distinct messages divided by client invocations, and absent if there were none. Always valid.
 */
export function checkNet(
  history: readonly Op[],
  journal: Events,
): Results {
  const toClients = new Traffic(), toServers = new Traffic();
  visit(journal, (kind, _time, id, src, dest) => {
    const traffic = isBetweenServers(src, dest) ? toServers : toClients;
    traffic.add(kind, id);
  });
  let ops = 0;
  for (const op of history) if (op.type === "invoke" && isClientOp(op)) ops++;
  const withRate = (counts: Counts): { [figure: string]: number } =>
    ops === 0
      ? counts
      : { ...counts, "msgs-per-op": single(counts["msg-count"] / ops) };
  const clients = toClients.counts, servers = toServers.counts;
  return {
    "valid?": true,
    all: withRate(sum(clients, servers)),
    clients,
    servers: withRate(servers),
  };
}
