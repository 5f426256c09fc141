/**
 * What every JavaScript program finds, such as `Array.prototype.map`. A guest shares it with the
 * workbench, which cannot run on when a guest has replaced it; so such a guest is refused, by
 * the name of what it replaced.
 */

// Nothing here may rely on what a guest can have replaced.
const { defineProperty, deleteProperty, getOwnPropertyDescriptor } = Reflect;
const { isExtensible, ownKeys } = Reflect;
const { is } = Object;

/** A property as it was before any guest was loaded. */
interface Original {
  owner: object;
  key: PropertyKey;
  name: string;
  descriptor: PropertyDescriptor;
}

/**
 * Objects that must stay as they are. Not `Error`, `Date` and `Math`: packages set the first
 * one's options, and the others are watched as impurities.
 */
const SHARED = {
  Array,
  ArrayBuffer,
  Boolean,
  Function,
  Iterator,
  JSON,
  Map,
  Number,
  Object,
  Promise,
  Reflect,
  RegExp,
  Set,
  String,
  Symbol,
  TextDecoder,
  TextEncoder,
  Uint8Array,
  WeakMap,
} as unknown as Readonly<Record<string, { prototype?: object }>>;

/** Those that have no names. */
const NAMELESS: readonly object[] = [
  Object.getPrototypeOf(Uint8Array),
  Object.getPrototypeOf(Uint8Array.prototype),
  ...[[].values(), new Map().keys(), new Set().keys(), "".matchAll(/a/g)]
    .map((iterator) => Object.getPrototypeOf(iterator)),
  Object.getPrototypeOf(function* () {}).prototype,
];

/** An object, and its name. */
type Named = readonly [owner: object, name: string];

const shared: readonly Named[] = Object.entries(SHARED).flatMap(
  ([name, owner]): Named[] => [
    [owner, name],
    ...(owner.prototype === undefined
      ? []
      : [[owner.prototype, `${name}.prototype`] as const]),
  ],
);

/** What must not be frozen, since it could not be put back. */
const open: readonly Named[] = [
  ...shared,
  ...Object.entries({ globalThis, console, crypto, Date, Math, performance })
    .map(([name, owner]): Named => [owner, name]),
];

const originals: readonly Original[] = [
  ...Object.keys(SHARED).map((name) => original(globalThis, name, name)),
  ...shared.flatMap(([owner, name]) => originalsOf(owner, name)),
  ...NAMELESS.flatMap((owner) => originalsOf(owner, owner.constructor.name)),
];

function original(owner: object, key: PropertyKey, name: string): Original {
  const descriptor = getOwnPropertyDescriptor(owner, key)!;
  return { owner, key, name, descriptor };
}

function originalsOf(owner: object, title: string): Original[] {
  return ownKeys(owner).map((key) =>
    original(
      owner,
      key,
      typeof key === "symbol"
        ? `${title}[${key.description}]`
        : `${title}.${key}`,
    )
  );
}

/**
 * Puts back what has been replaced, and takes away what all objects have been given.
 *
 * @returns their names, and those of what has been frozen, which stays so
 */
export function restoreBuiltins(): string[] {
  const names: string[] = [];
  for (let i = 0; i < open.length; i++) {
    const { 0: owner, 1: name } = open[i]!;
    if (!isExtensible(owner)) names[names.length] = name;
  }
  for (let i = 0; i < originals.length; i++) {
    const { owner, key, name, descriptor } = originals[i]!;
    const now = getOwnPropertyDescriptor(owner, key);
    if (
      now !== undefined && is(now.value, descriptor.value) &&
      now.get === descriptor.get && now.set === descriptor.set
    ) continue;
    names[names.length] = name;
    defineProperty(owner, key, descriptor);
  }
  const keys = ownKeys(Object.prototype);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    // What shows up among any object's keys.
    if (!getOwnPropertyDescriptor(Object.prototype, key)?.enumerable) continue;
    names[names.length] = `Object.prototype.${
      typeof key === "symbol" ? "a symbol" : key
    }`;
    deleteProperty(Object.prototype, key);
  }
  return names;
}
