/**
 * lin-kv: registers by asking a service that has them.
 *
 * Algorithm: every request is passed on to the service lin-kv, and its answer back.
 *
 * Guarantees: linearizable as the service is, whatever happens to nodes, which keep nothing, and
 * between them, since they never talk to each other. A request is passed on once: to ask again
 * might make a change twice, so a lost message leaves one request without a known outcome. A client
 * that still waits after 4 s is told so; where latency is low, clients have given up by then. A
 * network that duplicates messages, which Maelstrom's does not, breaks it: the second copy of a
 * write may undo a later one.
 *
 * Costs: 2 messages per request, S = 2; a network round trip.
 */
import { program, run } from "../lib/maelstrom.ts";
import { registerProtocol } from "../lib/protocols.ts";

/** How long to wait for the service, in milliseconds: longer than clients do, except on slow networks. */
const OPTIONS = { timeoutMs: 4_000 };

/** A node without a state. */
const linKvProxy = program(registerProtocol, (node) => {
  node.on("read", async ({ key }) => {
    const { value } = await node.rpc("lin-kv", "read", { key }, OPTIONS);
    return { value };
  });
  node.on("write", async ({ key, value }) => {
    await node.rpc("lin-kv", "write", { key, value }, OPTIONS);
    return {};
  });
  node.on("cas", async ({ key, from, to }) => {
    await node.rpc("lin-kv", "cas", { key, from, to }, OPTIONS);
    return {};
  });
});

export default linKvProxy;

if (import.meta.main) await run(linKvProxy);
