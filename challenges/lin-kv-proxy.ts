/**
 * lin-kv: registers by asking a service that has them.
 *
 * Algorithm: every request is passed on to the service lin-kv, and the service's answer to the
 * client.
 *
 * Guarantees: linearizable, as the service is. Nodes may be killed, since they keep nothing, and
 * cut off from each other, since they never talk to each other. A request is passed on only once,
 * because a repeat might make its change twice; so a lost message leaves one request without a
 * known outcome. A client that still waits after 4 s is told so; where latency is low, clients have
 * given up by then. A network that duplicates messages, which Maelstrom's does not, breaks
 * linearizability: the second copy of a write may undo a later write.
 *
 * Costs: 2 messages per request, S = 2; a network round trip.
 */
import { program, run } from "../lib/maelstrom.ts";
import { registerProtocol } from "../lib/protocols.ts";

/** How long to wait for the service, in milliseconds: longer than clients wait, except on slow networks. */
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
