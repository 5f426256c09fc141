import { isClientOp, type JournalEvent, type Op } from "../history.ts";
import { single } from "./json-key.ts";
import type { Results } from "./verdict.ts";

/** Counts of one kind of traffic. */
class Traffic {
  #sent = 0;
  #received = 0;
  readonly #ids = new Set<number>();

  add(kind: "send" | "recv", id: number): void {
    if (kind === "send") this.#sent++;
    else this.#received++;
    this.#ids.add(id);
  }

  get messages(): number {
    return this.#ids.size;
  }

  get counts(): { [count: string]: number } {
    return {
      "send-count": this.#sent,
      "recv-count": this.#received,
      "msg-count": this.messages,
    };
  }
}

/** Whether an endpoint is a client is a matter of its first letter, in Maelstrom too. */
function isClient(endpoint: string): boolean {
  return endpoint.startsWith("c");
}

/**
 * Counts the messages of the whole run, set-up and final phase included. What has
 * a client at either end is `clients`, the rest (node to node, and between nodes
 * and services) is `servers`. `msgs-per-op` is distinct messages by client
 * invocations, and is left out when there was none. Always valid.
 */
export function checkNet(
  history: readonly Op[],
  journal: readonly JournalEvent[],
): Results {
  const all = new Traffic(), clients = new Traffic(), servers = new Traffic();
  for (const [kind, , id, src, dest] of journal) {
    all.add(kind, id);
    (isClient(src) || isClient(dest) ? clients : servers).add(kind, id);
  }
  let ops = 0;
  for (const op of history) if (op.type === "invoke" && isClientOp(op)) ops++;
  const perOp = (traffic: Traffic): { [figure: string]: number } =>
    ops === 0 ? {} : { "msgs-per-op": single(traffic.messages / ops) };
  return {
    "valid?": true,
    all: { ...all.counts, ...perOp(all) },
    clients: clients.counts,
    servers: { ...servers.counts, ...perOp(servers) },
  };
}
