/** HTML templates: values are escaped, unless they are HTML already. */
import { stringify } from "../history/json.ts";

/** A piece of HTML. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What may be put into a template; null, undefined and false become nothing. */
export type Content =
  | Html
  | string
  | number
  | null
  | undefined
  | false
  | readonly Content[];

/** Escapes text for elements and quoted attributes. Also runs in the page. */
export function escapeText(text: unknown): string {
  return String(text).replace(
    /[&<>"']/g,
    (sign) => `&#${sign.charCodeAt(0)};`,
  );
}

/** Tag of HTML templates. White space at a template's beginning and end is removed. */
export function html(
  parts: TemplateStringsArray,
  ...values: Content[]
): Html {
  const last = parts.length - 1;
  const literal = parts.map((part, i) => {
    const begun = i === 0 ? part.trimStart() : part;
    return i === last ? begun.trimEnd() : begun;
  });
  return new Html(
    literal.reduce((all, part, i) => all + render(values[i - 1]) + part),
  );
}

function render(content: Content): string {
  if (content === null || content === undefined || content === false) return "";
  if (content instanceof Html) return content.text;
  if (typeof content === "string" || typeof content === "number") {
    return escapeText(content);
  }
  return content.map(render).join("");
}

/** A value as JSON that is safe in a script element. */
export function scriptJson(value: unknown): Html {
  return new Html(stringify(value).replaceAll("<", "\\u003c"));
}
