/**
 * Reads and writes the generated parts of the READMEs, each of which is between two lines that name it.
 *
 *     TABLE | deno run -A lib/workbench/results/readme.ts NAME
 */

/** The lines around a part. */
function markers(name: string): [begin: string, end: string] {
  return [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
}

/**
 * Where a part begins and ends in a README, without its lines.
 *
 * @throws {Error} the README has no such lines
 */
function boundsOf(readme: string, name: string): [from: number, to: number] {
  const [begin, end] = markers(name);
  const from = readme.indexOf(begin), to = readme.indexOf(end);
  if (from === -1 || to < from) {
    throw new Error(
      `Cannot find the README's part "${name}": it has no lines ${begin} and ${end}`,
    );
  }
  return [from + begin.length, to];
}

/**
 * A part of a README.
 *
 * @throws {Error} the README has no such part
 */
export function partOf(readme: string, name: string): string {
  return readme.slice(...boundsOf(readme, name));
}

/**
 * A README with another text for a part.
 *
 * @throws {Error} the README has no such part
 */
export function withPart(readme: string, name: string, text: string): string {
  const [from, to] = boundsOf(readme, name);
  return `${readme.slice(0, from)}\n\n${text.trim()}\n\n${readme.slice(to)}`;
}

/** A table in Markdown. */
export function tableOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join(
    "\n",
  );
}

/** The rows of the table in a text, without its head. */
export function rowsOf(text: string): string[][] {
  return text.split("\n").filter((line) => line.startsWith("|")).slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** Which README each part stands in. */
const FILES = {
  summary: "README.md",
  results: "challenges/README.md",
  busy: "challenges/README.md",
  anomalies: "challenges/README.md",
  mutants: "tests/README.md",
  flags: "lib/workbench/README.md",
  findings: "lib/workbench/README.md",
};

/** The name of a generated part. */
export type Part = keyof typeof FILES;

/** The README in which a part stands. */
export function readmeOf(part: Part): URL {
  return new URL(`../../../${FILES[part]}`, import.meta.url);
}

/** Writes a part of a README, and has it formatted. */
export async function writePart(part: Part, text: string): Promise<void> {
  const file = readmeOf(part);
  const readme = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, withPart(readme, part, text));
  // The formatter aligns tables.
  await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", file.pathname],
  }).output();
}

if (import.meta.main) {
  const [name] = Deno.args;
  const text = await new Response(Deno.stdin.readable).text();
  if (name === undefined || !Object.hasOwn(FILES, name) || text.trim() === "") {
    const names = Object.keys(FILES).join(", ");
    console.error(
      `Cannot write a part of a README: name one of ${names}, and give its text`,
    );
    Deno.exit(2);
  }
  await writePart(name as Part, text);
}
