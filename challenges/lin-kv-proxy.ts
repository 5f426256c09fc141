/**
 * lin-kv: registers by asking a service that has them.
 *
 * Algorithm: every request is passed on to the service lin-kv, and its answer back.
 *
 * Guarantees: linearizable as the service is, whatever happens between nodes, which say
 * nothing to each other, and to nodes, which keep nothing. A request is passed on once: to
 * ask again might make a change twice. If the service is silent for 0.68 s, the client is told
 * that the outcome is unknown. A network that doubles messages breaks it, which Maelstrom's
 * does not: the second copy of a write may undo a later one.
 *
 * Costs: 2 messages a request, S = 2; a network round trip.
 */
import { type Body, program, run } from "../lib/maelstrom.ts";
import { registerProtocol } from "../lib/protocols.ts";

/** How long the service may take, in milliseconds: clients of lin-kv give up after 1000. */
const TIMEOUT_MS = 680;

/** A node without a state. */
const linKvProxy = program(registerProtocol, (node) => {
  const ask = (body: Body) =>
    node.call("lin-kv", body, { timeoutMs: TIMEOUT_MS });

  node.on("read", async ({ key }) => {
    const { value = null } = await ask({ type: "read", key });
    return { value };
  });
  node.on("write", async ({ key, value }) => {
    await ask({ type: "write", key, value });
    return {};
  });
  node.on("cas", async ({ key, from, to }) => {
    await ask({ type: "cas", key, from, to });
    return {};
  });
});

export default linKvProxy;

if (import.meta.main) await run(linKvProxy);
