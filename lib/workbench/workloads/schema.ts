/**
 * Checks for the fields of replies. They are as lenient as the schemas of Maelstrom's clients: an
 * array may be null, which means empty; an object may not.
 */
import { isInteger, type Json } from "../history/json.ts";
import type { FieldCheck } from "../world/client.ts";

/** Makes a check from what passes, and from its form in words. */
function check(form: string, passes: (value: Json) => boolean): FieldCheck {
  return Object.assign(passes, { form });
}

/** Any value, null included. */
export const any: FieldCheck = check("any value", () => true);

/** An integer of any size; 5.0 is not one. */
export const integer: FieldCheck = check(
  "an integer",
  (value) => isInteger(value),
);

/** Null, or an array whose elements all pass. */
export function arrayOf(element: FieldCheck): FieldCheck {
  return check(
    `[${element.form}, ...]`,
    (value) =>
      value === null ||
      (Array.isArray(value) && (element === any || value.every(element))),
  );
}

/** An array with exactly these elements. */
export function tuple(...elements: FieldCheck[]): FieldCheck {
  return check(
    `[${elements.map(({ form }) => form).join(", ")}]`,
    (value) => {
      if (!Array.isArray(value) || value.length !== elements.length) {
        return false;
      }
      for (let i = 0; i < elements.length; i++) {
        if (!elements[i]!(value[i]!)) return false;
      }
      return true;
    },
  );
}

/** An object whose values all pass; its keys are free. */
export function objectOf(element: FieldCheck): FieldCheck {
  return check(
    `{KEY: ${element.form}, ...}`,
    (value) =>
      isObject(value) && Object.values(value).every((field) => element(field)),
  );
}

/** A field that passes one of two checks. */
export function either(one: FieldCheck, other: FieldCheck): FieldCheck {
  return check(
    `${one.form} or ${other.form}`,
    (value) => one(value) || other(value),
  );
}

/** Exactly this string. */
export function literal(text: string): FieldCheck {
  return check(`"${text}"`, (value) => value === text);
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
