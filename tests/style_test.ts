/** Rules for the source code, checked by reading it. */
import { assert, assertEquals } from "@std/assert";
import { scenarios } from "../lib/workbench/scenarios/scenarios.ts";
import {
  code,
  files,
  header,
  imports,
  isGuest,
  layers,
  lines,
  mechanisms,
  parts,
  read,
  sources,
} from "./fixtures/house.ts";
import { needs } from "./fixtures/permitted.ts";

function style(name: string, fn: () => void): void {
  Deno.test({ name, fn, ...needs("read") });
}

const isPackage = (target: string) => !target.endsWith(".ts");

/** Who may import what. Every rule whose pattern matches a file holds for it. */
const directions: [who: RegExp, may: RegExp, packages: boolean][] = [
  // The node library imports nothing else; mechanisms import it, and some of each other's folders.
  [/^lib\/node\//, /^lib\/node\//, false],
  [/^lib\/maelstrom\.ts$/, /^lib\/node\//, false],
  [/^lib\/schema\.ts$/, /^lib\/node\//, false],
  [/^lib\/protocols\.ts$/, /^lib\/((maelstrom|schema)\.ts|node\/)/, false],
  [/^lib\/gossip\//, /^lib\/((maelstrom|schema)\.ts|node\/|gossip\/)/, false],
  [
    /^lib\/services\//,
    /^lib\/((maelstrom|schema|protocols)\.ts|node\/|services\/)/,
    false,
  ],
  [
    /^lib\/stores\//,
    /^lib\/((maelstrom|schema|protocols)\.ts|node\/|stores\/|gossip\/|services\/)/,
    false,
  ],
  [
    /^lib\/consensus\//,
    /^lib\/((maelstrom|schema|protocols)\.ts|node\/|consensus\/|services\/)/,
    false,
  ],
  [
    /^challenges\//,
    /^(lib\/((maelstrom|schema|protocols)\.ts|gossip\/|services\/|stores\/|consensus\/)|challenges\/)/,
    false,
  ],
  // Checkers judge histories and import nothing else.
  [
    /^lib\/workbench\/checkers\//,
    /^lib\/workbench\/(checkers\/|scenarios\/|history\/)/,
    true,
  ],
  // Workloads import histories and randomness, but neither network nor judges.
  [
    /^lib\/workbench\/workloads\//,
    /^lib\/workbench\/(workloads\/|(world\/(client|random)|history)\b)/,
    true,
  ],
  // The network and what is on it import no workload, no judge and no report.
  [
    /^lib\/workbench\/world\//,
    /^lib\/(maelstrom\.ts|node\/|workbench\/(world\/|history\/))/,
    true,
  ],
  // Scenarios, the glossary, and what bin/workbench carries are each on their own.
  [
    /^lib\/workbench\/scenarios\//,
    /^lib\/workbench\/(scenarios\/|history\/)/,
    false,
  ],
  [/^lib\/workbench\/glossary\//, /^lib\/workbench\/glossary\//, false],
  [
    /^lib\/workbench\/executable\//,
    /^(node:|lib\/(maelstrom\.ts|workbench\/(executable\/|history\/)))/,
    true,
  ],
  // Readers of the real Maelstrom's files import no command and no report.
  [
    /^lib\/workbench\/maelstrom\//,
    /^lib\/workbench\/(maelstrom\/|world\/|checkers\/|history\/)/,
    true,
  ],
  // A run imports no judge; campaigns, reports and the terminal import no command.
  [
    /^lib\/workbench\/run\//,
    /^lib\/workbench\/(run|workloads|world|history)\b/,
    true,
  ],
  [
    /^lib\/workbench\/(campaign|report|terminal)\//,
    /^lib\/(?!workbench\/(commands|results)\/)/,
    true,
  ],
  // Nothing in lib/ imports the command line, tests or programs, except that plots for the READMEs
  // may vary a program.
  [
    /^lib\/(?!workbench\/results\/[\w-]+-plot\.ts$)/,
    /^lib\/(?!workbench\/cli\.ts)/,
    true,
  ],
];

/** Files of the workbench through which no message of a node passes. */
const OWN_JSON =
  /^lib\/workbench\/(history\/json|scenarios\/standards)\.ts$|^lib\/workbench\/(commands|results|campaign|maelstrom)\/|\/(bodies|flags)\.ts$/;

style(
  "the workbench parses and writes JSON by json.ts, which keeps numbers as they were written",
  () => {
    const wrong = sources(/^lib\/workbench\/.*\.ts$/).filter((path) =>
      !OWN_JSON.test(path) && /\bJSON\.(parse|stringify)\(/.test(read(path))
    );
    assertEquals(wrong, []);
  },
);

style("files import only what the rules allow", () => {
  const wrong: string[] = [];
  for (const path of sources(/^(lib|challenges)\//)) {
    for (const [who, may, packages] of directions) {
      if (!who.test(path)) continue;
      for (const target of imports(path)) {
        const allowed = isPackage(target) ? packages : may.test(target);
        if (!allowed) wrong.push(`${path} imports ${target}`);
      }
    }
  }
  assertEquals(wrong, []);
  assert(imports("challenges/echo-1.ts").includes("lib/maelstrom.ts"));
});

style("the parts of the project form layers, without cycles of imports", () => {
  const all = layers(parts());
  assert(all.get("lib/node/") === 1 && all.size > 20);
});

style("every imported file exists", () => {
  const all = new Set(files());
  const missing = sources(/./).flatMap((path) =>
    imports(path)
      .filter((target) => /\.ts$/.test(target) && !all.has(target))
      .map((target) => `${path} imports ${target}`)
  );
  assertEquals(missing, []);
});

style("a source imports each module in one place", () => {
  const repeated = sources(/./).flatMap((path) => {
    const all = [...code(path).matchAll(/^import [^"]*"([^"]+)"/gm)]
      .map(([, from]) => from!);
    return all.length > new Set(all).size ? [path] : [];
  });
  assertEquals(repeated, []);
});

/** What bypasses a node's world: the real clock, real randomness, the machine. */
const IMPURE =
  /\bDeno\.|\bDate\.now|\bnew Date\(\)|\bMath\.random|\bset(Timeout|Interval|Immediate)\b|\bperformance\.|\bcrypto\.|\bconsole\.|\bAbortSignal\.timeout|\bprocess\.(env|argv|std)/;

style(
  "programs and the library use neither clock, randomness nor machine, except in what run() is made of",
  () => {
    const impure = sources(
      /^(challenges|lib\/(node|gossip|services|stores|consensus))\/|^lib\/\w+\.ts$/,
    )
      .filter((path) => IMPURE.test(code(path)));
    assertEquals(impure.sort(), ["lib/node/process.ts", "lib/node/stdio.ts"]);
  },
);

style("programs keep their state in a closure, not in their module", () => {
  const stateful = sources(
    /^(challenges|lib\/(node|gossip|services|stores|consensus))\/|^lib\/\w+\.ts$/,
  )
    .filter((path) => /^(export )?(let|var) /m.test(code(path)));
  assertEquals(stateful, []);
});

style(
  "every scenario has its program, and no source imports a guest",
  () => {
    const names = scenarios.map(({ name }) => `challenges/${name}.ts`);
    assertEquals(sources(/^challenges\//).sort(), names.sort());
    const guests = sources(/./).flatMap((path) => imports(path)).filter(
      isGuest,
    );
    assertEquals(guests, []);
  },
);

for (const word of ["Algorithm", "Guarantees", "Costs"]) {
  style(`every program's header states its ${word}`, () => {
    const without = sources(/^challenges\//).filter((path) => {
      return !header(path).includes(`${word}:`);
    });
    assertEquals(without, []);
  });
}

style("a program's header has at most 25 lines", () => {
  const long = sources(/^challenges\//)
    .filter((path) => lines(header(path)) > 25);
  assertEquals(long, []);
});

style(
  "a program imports the node, its protocol, and at most three mechanisms, a variant four",
  () => {
    const variants = scenarios.filter(({ variantOf }) => variantOf)
      .map(({ name }) => `challenges/${name}.ts`);
    const busy = sources(/^challenges\//).flatMap((path) => {
      const all = mechanisms(path);
      const most = variants.includes(path) ? 4 : 3;
      return all.length > most ? [`${path}: ${all.join(", ")}`] : [];
    });
    assertEquals(busy, []);
    assertEquals(mechanisms("challenges/kafka-5c.ts").length, 3);
  },
);

/** A type whose keys may be any string: plain objects already have keys such as "constructor". */
const PLAIN_MAP = /\[\w+: (string|Key)\]\??:|\bRecord<string, (?!never)/;

style("keys from outside are kept in a Map, never in a plain object", () => {
  // These define what JSON is, and handle objects by their own keys only.
  const makers = [
    "lib/node/protocol.ts",
    "lib/node/world.ts",
    "lib/schema.ts",
  ];
  const mapping = sources(/^(challenges|lib\/(?!workbench|std))/)
    .filter((path) => !makers.includes(path) && PLAIN_MAP.test(code(path)));
  assertEquals(mapping, []);
  assert(makers.every((path) => PLAIN_MAP.test(code(path))));
});

style(
  "no list is spread into push(), which throws from 120,000 items on",
  () => {
    const spreading = sources(/^(challenges|lib\/(?!workbench|std))/)
      .filter((path) => /\.(push|unshift)\(\.\.\./.test(code(path)));
    assertEquals(spreading, []);
  },
);

style(
  "every program declares its protocol, from which its messages are checked",
  () => {
    const lacking = sources(/^challenges\//).filter((path) =>
      !/\nconst (\w+) = program\([^]*\nexport default \1;\n/.test(code(path))
    );
    assertEquals(lacking, []);
  },
);

style("every program runs itself, and only when it is the main module", () => {
  const lacking = sources(/^challenges\//).filter((path) =>
    !/\nif \(import\.meta\.main\) await run\(.+\);\n$/.test(code(path)) ||
    !/\nexport default /.test(code(path))
  );
  assertEquals(lacking, []);
});

style(
  "a program has at most 200 lines with its header, any other source 500",
  () => {
    const exceptions = new Map([
      /** With the log that it alone uses, below the program. */
      ["challenges/kafka-5c.ts", 310],
    ]);
    const long = sources(/./).flatMap((path) => {
      const most = exceptions.get(path) ??
        (path.startsWith("challenges/") ? 200 : 500);
      const count = lines(read(path));
      return count > most ? [`${path}: ${count} lines`] : [];
    });
    assertEquals(long, []);
  },
);

style(
  "files are named in kebab-case, with endings for tests and benchmarks",
  () => {
    const kebab =
      /^\.?[a-z0-9]+(-[a-z0-9]+)*((_[a-z0-9]+)*_(test|bench))?(\.[a-z0-9]+)*$/;
    const misnamed = [...files()].filter((path) => {
      if (isGuest(path)) return false;
      const name = path.split("/").at(-1)!;
      return !kebab.test(name) && !/^[A-Z]+(\.md)?$|^Makefile$/.test(name);
    });
    const stray = sources(/^tests\/(?!(fixtures|mutants|strangers|bench)\/)/)
      .filter((path) => !path.endsWith("_test.ts"));
    assertEquals([misnamed, stray], [[], []]);
  },
);

style(
  "no source re-exports names of another, declares an enum, or is called utils or the like",
  () => {
    // These two are entry points: for the node, and for all that a protocol needs.
    const doors = ["lib/maelstrom.ts", "lib/protocols.ts"];
    const offending = sources(/./).filter((path) =>
      !doors.includes(path) &&
        /^export (\*|type \{|\{)[^;]*\bfrom "|^(export )?(const )?enum /m
          .test(code(path)) || /\/(utils?|helpers?|misc|common)\.ts$/.test(path)
    );
    assertEquals(offending, []);
  },
);

/** Syntax that type stripping cannot erase: parameter properties, namespaces and the like. */
const UNERASABLE =
  /\bconstructor\((?:[^{]*[,(])?\s*(?:private|public|protected|readonly|override)\s+\w|^\s*(?:export )?(?:declare )?(?:namespace|module) [\w.]+ \{|^\s*(?:export )?import \w+ = |^export = /m;

style(
  "the library and the programs run where types are only stripped: in Node and Bun",
  () => {
    const wrong = sources(/^(challenges|lib\/(?!workbench|std))/)
      .filter((path) => UNERASABLE.test(code(path)));
    assertEquals(wrong, []);
    assert(
      UNERASABLE.test("class A {\n  constructor(\n    readonly id: string,"),
    );
    assert(
      UNERASABLE.test("constructor(a: () => void, private b = 1) {}"),
      "after a type with parentheses",
    );
    assert(!UNERASABLE.test("constructor(ids: readonly string[]) {}"));
  },
);

style("every export has a JSDoc comment", () => {
  const silent = sources(/^(lib|challenges)\//).flatMap((path) => {
    const text = read(path).split("\n");
    return text.flatMap((line, i) => {
      const name =
        /^export (?:default |async |abstract |declare )*(?:function\*?|class|interface|type|const) (\w+)/
          .exec(line)?.[1];
      if (name === undefined) return [];
      const before = text[i - 1]?.trim() ?? "";
      // The implementation of an overloaded function follows the signatures that are documented.
      const overloaded = text.slice(0, i).some((earlier) =>
        earlier.startsWith(`export function ${name}`) ||
        earlier.startsWith(`export async function ${name}`)
      );
      const grouped = /^export const .*;$/.test(before) &&
        line.startsWith("export const");
      const said = before.endsWith("*/") || overloaded || grouped;
      return said ? [] : [`${path}: ${name}`];
    });
  });
  assertEquals(silent, []);
});

style("no file names folders of a machine or hosts of a registry", () => {
  const place =
    /(?<![\w.$}*-])\/(work|tmp|root)\b|npmjs\.(org|com)|jsr\.io|\bdeb\.debian\.org|dl\.deno\.land/;
  const naming = [...files()].flatMap((path) => {
    if (isGuest(path)) return [];
    const found = place.exec(read(path));
    return found === null ? [] : [`${path}: ${found[0]}`];
  });
  assertEquals(naming, []);
});

style("the tests know every program", () => {
  const programs = sources(/^challenges\//);
  assertEquals(imports("tests/fixtures/programs.ts"), programs.toSorted());
});
