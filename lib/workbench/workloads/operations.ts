/**
 * What operations look like, with their values in every workload. Recordings, which others may have
 * written, are held to it before judges see them: a judge relies on it.
 */
import { NEMESIS, type Op, type Recording } from "../history/history.ts";
import {
  asDouble,
  equal,
  type Json,
  stringifyBeginning,
} from "../history/json.ts";
import { heldBy } from "../history/lists.ts";
import {
  any,
  arrayOf,
  either,
  integer,
  literal,
  objectOf,
  tuple,
} from "./schema.ts";
import type { FieldCheck } from "../world/client.ts";

/** The values of one kind of operation. */
interface Form {
  /** Of an invocation, and of a completion without success. */
  asked: FieldCheck;
  /** Of a completion with success; if not given, it has the value of its invocation. */
  told?: FieldCheck;
}

/** The operations of a workload. */
type Forms = Readonly<Record<string, Form>>;

const list = arrayOf(any);
const pair = tuple(any, any);
const send = tuple(literal("send"), any, any);
const sent = tuple(literal("send"), any, tuple(integer, any));
const logs = objectOf(arrayOf(tuple(integer, any)));
const polled = tuple(literal("poll"), logs);
const offsets = objectOf(integer);
const poll: Form = { asked: list, told: arrayOf(polled) };
const counter: Forms = {
  add: { asked: integer },
  read: { asked: any, told: integer },
};

function transactions(write: string, read: FieldCheck): Forms {
  const written = tuple(literal(write), any, any);
  const txn = arrayOf(either(tuple(literal("r"), any, read), written));
  return { txn: { asked: txn, told: txn } };
}

/** The operations of each workload, among them those that only the strict judge asks for. */
const FORMS: Readonly<Record<string, Forms>> = {
  "broadcast": { broadcast: { asked: any }, read: { asked: any, told: list } },
  "echo": { echo: { asked: any, told: any } },
  "g-counter": counter,
  "g-set": { add: { asked: any }, read: { asked: any, told: list } },
  "kafka": {
    send: { asked: arrayOf(send), told: arrayOf(sent) },
    poll,
    txn: { asked: list, told: arrayOf(either(sent, polled)) },
    assign: { asked: list },
    crash: { asked: any },
    peek: poll,
    "peek-unused": poll,
    list: { asked: list, told: offsets },
    commit: { asked: offsets },
  },
  "lin-kv": {
    read: { asked: pair, told: pair },
    write: { asked: pair },
    cas: { asked: tuple(any, pair) },
  },
  "pn-counter": counter,
  "txn-list-append": transactions("append", list),
  "txn-rw-register": transactions("w", any),
  "unique-ids": { generate: { asked: any, told: any } },
};

/** Fields of an object: whether each may have a value, and that in words. */
export type Fields = readonly (readonly [
  field: string,
  fits: (value?: Json) => boolean,
  form: string,
])[];

/** The latest time that something may have, in nanoseconds: 116 days, as a run may last. */
const LATEST = 1e16;

/** A field that has a time since the main phase began. */
export function timeIn(field: string): Fields[number] {
  return [
    field,
    (value) => Math.abs(asDouble(value) ?? Infinity) <= LATEST,
    "nanoseconds since the run began, 116 days at most",
  ];
}

/** What every operation has. */
const OPERATION: Fields = [
  ["type", (type) => TYPES.has(type), "invoke, ok, fail or info"],
  ["f", (f) => typeof f === "string", "the name of an operation"],
  [
    "process",
    (process) =>
      process === NEMESIS || Number(process) >= 0 && Number.isInteger(process),
    "a whole number, or nemesis",
  ],
  ["index", (index) => Number.isInteger(index), "a whole number"],
  timeIn("time"),
];

const TYPES: ReadonlySet<unknown> = new Set(["invoke", "ok", "fail", "info"]);

/** Whether a value is a list of strings. */
export function isTextList(value: Json): boolean {
  return Array.isArray(value) &&
    value.every((text) => typeof text === "string");
}

const nodes: FieldCheck = Object.assign(
  (value: Json) => isTextList(value),
  { form: "[NODE, ...]" },
);

/** Who refuses messages from whom: the value of an operation that has parted the network. */
const grudge = tuple(any, objectOf(nodes));

/** How much of a value is told, in characters. */
const TOLD = 200;

/**
 * Checks fields of an object.
 *
 * @param where what the object is: `"in its options"`
 * @throws {TypeError} a field has another value; the message says which
 */
export function checkFields(
  where: string,
  object: unknown,
  fields: Fields,
): void {
  const holder = Object(object);
  for (const [field, fits, form] of fields) {
    if (fits(holder[field])) continue;
    throw new TypeError(
      `${where}, ${field} is ${told(holder[field])}, and must be ${form}`,
    );
  }
}

/**
 * A recording whose operations are those of its workload. An operation without a value gets null.
 *
 * @throws {TypeError} one is not; the message names it, and says what the workload has in its place
 */
export function checked(recording: Recording): Recording {
  const { workload, history, aftermath, calm } = recording;
  checkHistory("history", history, workload);
  if (aftermath) checkHistory("aftermath", aftermath.history, workload);
  if (calm) checkHistory("calm", calm.history, workload);
  return recording;
}

function checkHistory(name: string, history: Op[], workload: string): void {
  const open = new Map<unknown, Op>();
  let last = -Infinity;
  for (const [i, op] of history.entries()) {
    checkFields(`in element ${i} of its ${name}`, op, OPERATION);
    const { type, f, process, index } = op;
    op.time = asDouble(op.time)!;
    if (!("value" in op)) Object.assign(op, { value: null });
    const asked = type === "invoke" ? op : open.get(process);
    const wrong = index <= last
      ? `comes after operation ${last}`
      : process === NEMESIS
      ? oddPartition(op)
      : oddValue(op, asked, workload);
    if (wrong !== undefined) {
      throw new TypeError(
        `operation ${index} of its ${name} (${type} ${f}) ${wrong}`,
      );
    }
    last = index;
    if (type === "invoke") open.set(process, op);
    else open.delete(process);
  }
}

function oddPartition({ f, value }: Op): string | undefined {
  const isOdd = f.endsWith("-partition") && Array.isArray(value) &&
    !grudge(value);
  return isOdd ? hasValue(value, `partitions have ${grudge.form}`) : undefined;
}

/** What is wrong with a client's operation, which was invoked so. */
function oddValue(
  op: Op,
  asked: Op | undefined,
  workload: string,
): string | undefined {
  if (!Object.hasOwn(FORMS, workload)) return undefined; // refused for that
  const forms = FORMS[workload]!;
  const { type, process, f } = op;
  if (!Object.hasOwn(forms, f)) {
    return `is none of ${workload}, which has ${Object.keys(forms).join(", ")}`;
  }
  if (asked?.f !== f) {
    return `ends what process ${process} has not begun`;
  }
  const form = forms[f]!, isOk = type === "ok";
  // Making a long list anew would take a while.
  if (isOk && form.told === list && heldBy(op) !== undefined) return undefined;
  const check = isOk && form.told || form.asked, { value } = op;
  if (!check(value)) {
    return hasValue(value, `${workload} has ${check.form}`);
  }
  const isOther = isOk && form.told === undefined && !equal(value, asked.value);
  return isOther
    ? hasValue(value, `its invocation has ${told(asked.value)}`)
    : undefined;
}

function hasValue(value: Json, instead: string): string {
  return `has the value ${told(value)}, where ${instead}`;
}

function told(value: Json | undefined): string {
  if (value === undefined) return "missing";
  const text = stringifyBeginning(value, TOLD);
  return text.length > TOLD ? `${text.slice(0, TOLD)}…` : text;
}
