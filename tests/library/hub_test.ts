/** Hubs: whom a node chooses, what it says of it, and whom it has to tell. */
import { assert, assertEquals } from "@std/assert";
import { Hub } from "../../lib/gossip/hub.ts";

const IDS = ["n0", "n1", "n2", "n3"];

/** One of four nodes, and those that do not answer it. */
function hubOf(id: string) {
  const silent = new Set<string>();
  const hub = new Hub({ id, ids: IDS }, (other) => silent.has(other));
  return { hub, silent };
}

/** Those of the others that the node has to tell what it learns. */
const neighbours = (hub: Hub) => IDS.filter((id) => hub.isNeighbour(id));

Deno.test("the hub is the first node that answers, itself if none before it does, and the first again when it can be heard", () => {
  const { hub, silent } = hubOf("n2");
  assertEquals([hub.choose(), hub.id], [null, "n0"]);
  silent.add("n0");
  assertEquals([hub.choose(), hub.id], ["n0", "n1"]);
  silent.add("n1");
  assertEquals([hub.choose(), hub.id], ["n1", "n2"]);
  assert(hub.isHere);
  silent.add("n3");
  assertEquals(hub.choose(), null, "those after it do not matter");
  silent.delete("n0");
  assertEquals([hub.choose(), hub.id], ["n2", "n0"]);
});

Deno.test("the first node is its own hub, whoever is silent", () => {
  const { hub, silent } = hubOf("n0");
  for (const id of IDS) silent.add(id);
  assertEquals([hub.choose(), hub.id, hub.isHere], [null, "n0", true]);
  assertEquals(neighbours(hub), IDS);
  assertEquals(hub.marks("n1"), {});
});

Deno.test("a node that is in touch with the first is preferred to the order, as long as it says so and answers", () => {
  const { hub, silent } = hubOf("n1");
  silent.add("n0");
  hub.choose();
  assert(hub.isHere);
  hub.hear("n3", { up: true });
  assertEquals([hub.choose(), hub.id], ["n1", "n3"]);
  silent.add("n3");
  assertEquals([hub.choose(), hub.id], ["n3", "n1"]);
  silent.delete("n3");
  hub.hear("n3", { up: true });
  hub.choose();
  hub.hear("n3", {});
  assertEquals([hub.choose(), hub.id], ["n3", "n1"]);
});

Deno.test("a node tells a replacement that it follows it, and others that it is in touch with the first", () => {
  const { hub, silent } = hubOf("n2");
  assertEquals(hub.marks("n0"), {});
  assertEquals(hub.marks("n1"), { up: true });
  silent.add("n0");
  hub.choose();
  assertEquals(hub.marks("n1"), { follow: true });
  assertEquals(hub.marks("n3"), {});
});

Deno.test("what it learns a node tells its hub, the first node and its followers; a hub tells all", () => {
  const { hub, silent } = hubOf("n1");
  assertEquals(neighbours(hub), ["n0"]);
  assert(hub.hear("n3", { follow: true }));
  assert(!hub.hear("n3", { follow: true }), "it had joined before");
  assertEquals(neighbours(hub), ["n0", "n3"]);
  hub.hear("n3", {});
  assertEquals(neighbours(hub), ["n0"]);
  silent.add("n0");
  hub.choose();
  assertEquals(neighbours(hub), IDS);
});

Deno.test("two nodes do not follow each other", () => {
  const { hub, silent } = hubOf("n2");
  hub.hear("n1", { follow: true });
  silent.add("n0");
  hub.choose();
  assertEquals(hub.id, "n1");
  silent.add("n1").delete("n0");
  hub.choose();
  assertEquals(neighbours(hub), ["n0"]);
});
