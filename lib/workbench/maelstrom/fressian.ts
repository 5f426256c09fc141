/**
 * Reads Fressian, in which Maelstrom keeps its network's journal: as much of the format as
 * occurs there. A file is a sequence of values without header or footer.
 *
 * Fressian: https://github.com/Datomic/fressian/wiki
 */
import { float, type Json, parse } from "../history/json.ts";

/** A tagged value with an unknown tag: `ev` and `msg` of the journal. */
export class Struct {
  constructor(readonly tag: string, readonly fields: readonly Value[]) {}
}

/** What is known of structs with a tag. */
interface StructType {
  tag: string;
  fields: number;
}

/** A value in a file. */
export type Value = Json | Struct | Uint8Array;

/** A file ends inside a value, as after a kill. */
class Cut extends Error {}

/** Where a list ends. */
const END = Symbol("end");

/** The first codes of ranges, and single codes. */
const CODE = {
  packed2: 0x40,
  packed3: 0x60,
  packed4: 0x70,
  packed5: 0x74,
  packed6: 0x78,
  packed7: 0x7c,
  cached: 0x80,
  structCached: 0xa0,
  afterStructs: 0xb0,
  map: 0xc0,
  set: 0xc1,
  bigint: 0xc6,
  symbol: 0xc9,
  keyword: 0xca,
  getCached: 0xcc,
  putCached: 0xcd,
  bytes: 0xd0,
  bytesChunk: 0xd8,
  bytesLong: 0xd9,
  string: 0xda,
  stringChunk: 0xe2,
  stringLong: 0xe3,
  list: 0xe4,
  listLong: 0xec,
  closedList: 0xed,
  openList: 0xee,
  structType: 0xef,
  struct: 0xf0,
  true: 0xf5,
  false: 0xf6,
  nil: 0xf7,
  int: 0xf8,
  float: 0xf9,
  double: 0xfa,
  zero: 0xfb,
  one: 0xfc,
  end: 0xfd,
  reset: 0xfe,
  minusOne: 0xff,
} as const;

/** Packed integers, by how many bytes follow the code: the first code, and the code of 0. */
const PACKED: readonly [from: number, zero: number, bytes: number][] = [
  [CODE.packed7, 0x7e, 6],
  [CODE.packed6, 0x7a, 5],
  [CODE.packed5, 0x76, 4],
  [CODE.packed4, 0x72, 3],
  [CODE.packed3, 0x68, 2],
  [CODE.packed2, 0x50, 1],
];

/**
 * The values of a file in order; one that is cut short ends it.
 *
 * @param whenCut is called if the file ends inside a value
 * @throws {Error} a code is unknown
 */
export function* readFressian(
  bytes: Uint8Array,
  whenCut: () => void = () => {},
): Generator<Value> {
  const reader = new Reader(bytes);
  try {
    while (!reader.done) {
      const value = reader.next();
      if (value !== END) yield value;
    }
  } catch (error) {
    if (!(error instanceof Cut)) throw error;
    whenCut();
  }
}

class Reader {
  #at = 0;
  readonly #view: DataView;
  #values: Value[] = [];
  #types: StructType[] = [];

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  next(): Value | typeof END {
    const code = this.#byte();
    if (code < CODE.packed2) return code;
    for (const [from, zero, length] of PACKED) {
      if (code >= from && code < CODE.cached) {
        return this.#packed(code - zero, length);
      }
    }
    if (code < CODE.structCached) return this.#values[code - CODE.cached]!;
    if (code < CODE.afterStructs) {
      return this.#struct(this.#types[code - CODE.structCached]);
    }
    if (code >= CODE.bytes && code <= CODE.bytesLong) {
      return this.#bytesOf(code);
    }
    if (code >= CODE.string && code <= CODE.stringLong) {
      return cesu8(this.#bytesOf(code + CODE.bytes - CODE.string));
    }
    if (code >= CODE.list && code < CODE.listLong) {
      return this.#list(code - CODE.list);
    }
    return this.#single(code);
  }

  #single(code: number): Value | typeof END {
    switch (code) {
      case CODE.map:
        return this.#map();
      case CODE.set:
        return this.#value();
      case CODE.bigint:
        return twosComplement(this.#value() as Uint8Array);
      case CODE.symbol:
      case CODE.keyword: {
        const [space, name] = [this.#value(), this.#value()];
        return space === null ? name : `${space}/${name}`;
      }
      case CODE.getCached:
        return this.#values[this.#number()]!;
      case CODE.putCached: {
        const index = this.#values.push(null) - 1; // its parts come after it
        return this.#values[index] = this.#value();
      }
      case CODE.listLong:
        return this.#list(this.#number());
      case CODE.closedList:
      case CODE.openList:
        return this.#list(Infinity);
      case CODE.structType: {
        const type = { tag: String(this.#value()), fields: this.#number() };
        this.#types.push(type);
        return this.#struct(type);
      }
      case CODE.struct:
        return this.#struct(this.#types[this.#number()]);
      case CODE.true:
        return true;
      case CODE.false:
        return false;
      case CODE.nil:
        return null;
      case CODE.int:
        return exact(this.#view.getBigInt64(this.#skip(8)));
      case CODE.float:
        return float(this.#view.getFloat32(this.#skip(4)));
      case CODE.double:
        return float(this.#view.getFloat64(this.#skip(8)));
      case CODE.zero:
        return float(0);
      case CODE.one:
        return float(1);
      case CODE.end:
        return END;
      case CODE.reset:
        [this.#values, this.#types] = [[], []];
        return this.next();
      case CODE.minusOne:
        return -1;
    }
    throw new Error(
      `there is no Fressian at byte ${this.#at - 1}: code ${code}`,
    );
  }

  #value(): Value {
    const value = this.next();
    if (value === END) throw new Error(`a list ends early at ${this.#at}`);
    return value;
  }

  #number(): number {
    return Number(this.#value());
  }

  /** An integer from its leading part and big-endian bytes: 50 bits at most. */
  #packed(high: number, length: number): number {
    let value = high;
    for (let i = 0; i < length; i++) value = value * 256 + this.#byte();
    return value;
  }

  #struct(type: StructType | undefined): Value {
    if (type === undefined) {
      throw new Error(`there is no type of a struct at byte ${this.#at}`);
    }
    const fields: Value[] = [];
    while (fields.length < type.fields) fields.push(this.#value());
    return new Struct(type.tag, fields);
  }

  #list(length: number): Json[] {
    const list: Value[] = [];
    while (list.length < length) {
      const value = this.next();
      if (value === END) break;
      list.push(value);
    }
    return list as Json[];
  }

  #map(): Json {
    const parts = this.#value() as Json[];
    const entries: [string, Json][] = [];
    for (let i = 0; i + 1 < parts.length; i += 2) {
      entries.push([String(parts[i]), parts[i + 1]!]);
    }
    return Object.fromEntries(entries);
  }

  /** Bytes with a packed length or a given one, in chunks if they are many. */
  #bytesOf(code: number): Uint8Array {
    if (code < CODE.bytesChunk) return this.#raw(code - CODE.bytes);
    const part = this.#raw(this.#number());
    if (code === CODE.bytesLong) return part;
    const next = this.#byte();
    const isString = next >= CODE.string && next <= CODE.stringLong;
    const rest = this.#bytesOf(
      isString ? next + CODE.bytes - CODE.string : next,
    );
    const whole = new Uint8Array(part.length + rest.length);
    whole.set(part);
    whole.set(rest, part.length);
    return whole;
  }

  #raw(length: number): Uint8Array {
    const from = this.#skip(length);
    return this.bytes.subarray(from, from + length);
  }

  #byte(): number {
    return this.bytes[this.#skip(1)]!;
  }

  /** Skips bytes; returns where they begin. */
  #skip(length: number): number {
    const from = this.#at;
    if (!Number.isInteger(length) || length < 0) {
      throw new Error(`there is no length at byte ${from}`);
    }
    if (from + length > this.bytes.length) throw new Cut();
    this.#at += length;
    return from;
  }
}

function exact(value: bigint): Json {
  return parse(String(value));
}

function twosComplement(bytes: Uint8Array): Json {
  let value = 0n;
  for (const byte of bytes) value = value << 8n | BigInt(byte);
  return exact(BigInt.asIntN(8 * bytes.length, value));
}

/** Decodes UTF-8 in which each half of a surrogate pair is encoded alone. */
function cesu8(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const byte = bytes[i++]!;
    if (byte < 0x80) text += String.fromCharCode(byte);
    else if (byte < 0xe0) {
      text += String.fromCharCode((byte & 0x1f) << 6 | bytes[i++]! & 0x3f);
    } else {
      text += String.fromCharCode(
        (byte & 0x0f) << 12 | (bytes[i++]! & 0x3f) << 6 | bytes[i++]! & 0x3f,
      );
    }
  }
  return text;
}
