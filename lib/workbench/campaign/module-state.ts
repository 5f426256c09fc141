/** State in a module, outside its program's function: all nodes of a simulation share it. */
import { type ModuleOf, pathOf } from "./impurities.ts";

/** Methods that change a collection. */
const CHANGES =
  "set|add|push|delete|clear|pop|shift|unshift|splice|sort|reverse|fill";

/** Where a guest's own module seems to hold state. */
export async function stateOf({ module }: ModuleOf): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(module)).catch(() => "");
  return stateIn(text).map((line) => `${pathOf(module)}:${line}`);
}

/**
 * The sentence for a guest whose nodes share state in its module.
 *
 * @param lines where it is, as far as known
 */
export function sharedStateText(
  { module }: ModuleOf,
  lines: readonly string[],
): string {
  const where = lines.length === 0
    ? `${pathOf(module)}, or a module that it imports, holds state`
    : `state is held in the module (${lines.join("; ")})`;
  return `${where}, which all nodes of a simulation share, so they behave as no processes would: keep it in the program's function`;
}

/**
 * Lines of a module that seem to hold state outside the program's function: variables that are
 * reassigned, and collections that are changed.
 *
 * @returns each line as `12: let count = 0;`
 */
export function stateIn(source: string): string[] {
  const code = source
    .replace(/\/\*[^]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/.*/g, "$1");
  return code.split("\n").flatMap((line, i) => {
    const [, keyword, name] =
      /^(?:export )?(let|var|const) ([\w$]+)/.exec(line) ?? [];
    if (name === undefined) return [];
    const word = `(?<![\\w$.])${name.replaceAll("$", "\\$")}`;
    const assigned = new RegExp(
      `${word}\\s*([-+*/%&|^?]{0,3}=(?![=>])|\\+\\+|--)|(\\+\\+|--)${word}\\b`,
    );
    const changed = new RegExp(
      `${word}(\\.(${CHANGES})\\(|(\\[[^\\]]*\\]|\\.[\\w$]+)\\s*([-+*/]?=(?!=)|\\+\\+|--))|delete ${word}\\b`,
    );
    const rest = [
      ...code.split("\n").slice(0, i),
      ...code.split("\n").slice(i + 1),
    ]
      .join("\n");
    const held = keyword === "const"
      ? changed.test(rest)
      : assigned.test(rest) || changed.test(rest);
    return held ? [`${i + 1}: ${line.trim()}`] : [];
  });
}
