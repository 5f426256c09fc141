/** Correct programs for echo and unique-ids with choices of their own. */
import {
  type AnyNode,
  first,
  notNow,
  refusingAtFirst,
  slowly,
  slowlySometimes,
  type Stranger,
} from "./stranger.ts";

/** Returns what it gets. */
export const echo = (node: AnyNode) =>
  node.on("echo", ({ echo }) => ({ echo }));

/** Numbers its own replies, and sometimes sends peers a greeting. */
function chatty(node: AnyNode): void {
  let number = 0;
  node.on("hello", () => {});
  node.every(100, () => {
    for (const peer of node.peers) node.send(peer, "hello", { number });
  });
  node.on("echo", ({ echo }) => ({ echo, msg_id: ++number }));
}

const place = (node: AnyNode) => node.ids.indexOf(node.id);

/** Ids made of the node's place and a serial number. */
const ids = (make: (place: number, serial: number) => unknown) =>
(
  node: AnyNode,
) => {
  let serial = 0;
  node.on("generate", () => ({ id: make(place(node), serial++) }));
};

/** One node hands out ids; a node that cannot reach it says so. */
function central(node: AnyNode): void {
  let serial = 0;
  const next = () => ({ id: serial++ });
  node.on("next", next);
  node.on("generate", async () => {
    if (node.id === first(node)) return next();
    try {
      const options = { timeoutMs: 800 };
      return { id: (await node.rpc(first(node), "next", {}, options)).id };
    } catch {
      notNow();
    }
  });
}

/** Leaves clients without an answer while it cannot reach the others. */
function silentWhenCut(node: AnyNode): void {
  let serial = 0;
  const next = () => ({ id: serial++ });
  node.on("next", next);
  node.on("generate", async () => {
    if (node.id === first(node)) return next();
    const reply = await node.rpc(first(node), "next", {}, { timeoutMs: 1e9 });
    return { id: reply.id };
  });
}

function timestamps(node: AnyNode): void {
  node.on("generate", async () => ({
    id: (await node.rpc("lin-tso", "ts", {}, { timeoutMs: 4_000 })).ts,
  }));
}

const simple = { "node-count": 2, rate: 10, "time-limit": 5 };
/** How three nodes are run. */
export const three = { "node-count": 3, rate: 40, "time-limit": 5 };
const cut = { ...three, nemesis: "partition", "nemesis-interval": 2 };

const of = (
  workload: string,
  name: string,
  choice: string,
  program: (node: AnyNode) => void,
  options = workload === "echo" ? simple : three,
): Stranger => ({ name, choice, program, workload, options });

/** See the module. */
export const strangers: Stranger[] = [
  of(
    "echo",
    "echo-slow",
    "answers after four seconds",
    slowly(echo, 4_000, "echo"),
    { ...simple, rate: 1 },
  ),
  of(
    "echo",
    "echo-chatty",
    "numbers its replies and greets its peers all the time",
    chatty,
  ),
  of(
    "unique-ids",
    "ids-numbers",
    "ids are large whole numbers",
    ids((place, serial) => place * 2 ** 40 + serial),
  ),
  of(
    "unique-ids",
    "ids-64-bits",
    "ids are whole numbers of 64 bits",
    ids((place, serial) => (BigInt(place + 1) << 60n) + BigInt(serial)),
  ),
  of(
    "unique-ids",
    "ids-fractions",
    "ids are fractions",
    ids((place, serial) => serial * 4 + place + 0.5),
  ),
  of(
    "unique-ids",
    "ids-arrays",
    "ids are arrays of two numbers",
    ids((place, serial) => [place, serial]),
  ),
  of(
    "unique-ids",
    "ids-mixed",
    "ids are numbers, texts and arrays in turn",
    ids((place, serial) =>
      [place + serial * 8, `${place} ${serial}`, [place, serial]][serial % 3]
    ),
  ),
  of(
    "unique-ids",
    "ids-growing-large",
    "ids pass 2^53",
    ids((place, serial) => 2n ** 53n - 100n + BigInt(serial * 8 + place)),
  ),
  of(
    "unique-ids",
    "ids-words",
    "ids are words with spaces and quotes",
    ids((place, serial) => `"ü" ${place} ${serial}`),
  ),
  of(
    "unique-ids",
    "ids-refusing-at-first",
    "refuses every request for two seconds",
    refusingAtFirst(
      ids((place, serial) => `${place} ${serial}`),
      2_000,
      "generate",
    ),
  ),
  of(
    "unique-ids",
    "ids-slow",
    "answers after four seconds",
    slowly(ids((place, serial) => `${place} ${serial}`), 4_000, "generate"),
    { ...three, rate: 2 },
  ),
  of("unique-ids", "ids-timestamps", "ids are what lin-tso gives", timestamps),
  of(
    "unique-ids",
    "ids-central",
    "one node hands out ids; behind a cut there are none",
    central,
    cut,
  ),
  of(
    "unique-ids",
    "ids-silent-when-cut",
    "behind a cut clients wait in vain",
    silentWhenCut,
    cut,
  ),
  of(
    "unique-ids",
    "ids-late",
    "answers one request in five after six seconds, when clients have given up but are still there",
    slowlySometimes(
      ids((place, serial) => `${place} ${serial}`),
      6_000,
      "generate",
    ),
    { ...three, rate: 2 },
  ),
];
