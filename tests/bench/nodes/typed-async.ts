/** Echo by the library, with a handler that is asynchronous. */
import type { Json } from "../../../lib/node/world.ts";
import { type Node, run } from "../../../lib/maelstrom.ts";

interface EchoProtocol {
  echo(request: { echo: Json }): { echo: Json };
}

await run((node: Node<EchoProtocol>) => {
  node.on("echo", ({ echo }) => Promise.resolve({ echo }));
});
