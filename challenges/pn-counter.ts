/**
 * pn-counter: a counter that can also decrease.
 *
 * Algorithm: a PN-counter (Shapiro et al., "Conflict-free replicated data types") is two
 * G-counters, one of what was added and one of what was taken away; its value is their difference.
 * Here they are one counter-4-crdt in which each life of a node has two names.
 *
 * Guarantees: reads and adds are answered at once, whatever is cut. Without faults a read includes
 * every add whose acknowledgement is older than a period of counter-4-crdt, 300 ms, and the
 * network's latency together; after a heal, this holds again within one second. A killed node loses
 * what no other node has. After its return its reads wait for what its neighbours know, for a
 * second at most.
 *
 * Costs: those of counter-4-crdt: for 3 nodes S = 20 / rate = 0.2 on the command, and nothing while
 * all nodes have equal states. A message holds 2 n numbers.
 */
import { program, run } from "../lib/maelstrom.ts";
import { counterProtocol, type Integer, plus } from "../lib/protocols.ts";
import { sharedSums, sumsProtocol } from "./counter-4-crdt.ts";

const protocol = { ...counterProtocol, ...sumsProtocol };

/** A replica of a PN-counter. */
const pnCounter = program(protocol, (node) => {
  const { name, add, sums, catchUp } = sharedSums(node);

  node.on("add", ({ delta }) => {
    if (delta >= 0) add(name(), delta);
    else add(`${name()}-`, -delta);
    return {};
  });

  node.on("read", () =>
    catchUp.run(() => ({
      value: [...sums].reduce(
        (value, [name, sum]) => plus(value, name.endsWith("-") ? -sum : sum),
        0 as Integer,
      ),
    })));
});

export default pnCounter;

if (import.meta.main) await run(pnCounter);
