/**
 * What a protocol is: for the compiler an interface whose methods take a request and return its
 * reply; at run time, schemas of both. The types below derive one from the other, and from it
 * what a handler takes and returns. Types alone, so that importing them costs nothing when a node
 * starts.
 *
 * @module
 */

/** @ignore What is wrong with a value, and where: see {@link StandardSchema}. */
export interface Issue {
  /** What is wrong, for people. */
  readonly message: string;
  /** The keys that lead to it. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
}

/** @ignore A type that is known at run time, as https://standardschema.dev has it; validation must be synchronous. */
export interface StandardSchema<T = unknown> {
  /** Its standard properties. */
  readonly "~standard": {
    /** Of the standard. */
    readonly version: 1;
    /** Who made the schema. */
    readonly vendor: string;
    /** Returns the value, as the schema has it, or what is wrong with it. */
    validate(value: unknown):
      | { readonly value: T; readonly issues?: undefined }
      | { readonly issues: readonly Issue[] }
      | Promise<unknown>;
    /** For the compiler alone. */
    readonly types?:
      | { readonly input: unknown; readonly output: T }
      | undefined;
  };
}

/** @ignore What messages of one type hold: see `lib/schema.ts`. */
export interface MessageShape {
  /** The request's fields. */
  readonly request: StandardSchema;
  /** The reply's, where there is one. */
  readonly reply?: StandardSchema;
  /** Whether clients do not use it. */
  readonly amongNodes?: true;
}

/** @ignore A protocol at run time: what messages hold, by their type. */
export type Shapes = { readonly [type: string]: MessageShape };

/** @ignore A protocol for the compiler, from what it is at run time. */
export type ProtocolOf<S extends Shapes> = {
  [T in keyof S]: (
    request: S[T]["request"] extends StandardSchema<infer Q> ? Q : never,
  ) => S[T] extends { reply: StandardSchema<infer R> } ? R & object : void;
};

/** What a protocol is: an interface whose methods take a request and give its reply, or void. */
export type Protocol<P> = {
  [T in keyof P]: (request: never) => object | void;
};

/** @ignore The message types of a protocol. */
export type TypeOf<P> = keyof P & string;

/** @ignore The message types of a protocol that have a reply. */
export type AnsweredTypeOf<P> = {
  [T in TypeOf<P>]: ReplyOf<P, T> extends void ? never : T;
}[TypeOf<P>];

/** @ignore The fields of a request. */
export type RequestOf<P, T extends keyof P> = P[T] extends
  (...request: infer Q) => unknown
  ? Q extends [infer First] ? First : Record<string, never>
  : never;

/** @ignore The fields of a reply, void where there is none. */
export type ReplyOf<P, T extends keyof P> = P[T] extends
  (...request: never[]) => infer R ? R : never;

/** @ignore What answers the messages of one type: returns the reply, or a promise of it. */
export type HandlerOf<P, T extends keyof P> = (
  request: RequestOf<P, T>,
  src: string,
) => ReplyOf<P, T> | Promise<ReplyOf<P, T>>;

/** @ignore Refuses a reply with more than the declared fields, as Maelstrom does. */
export type Exactly<
  Reply,
  R,
  Extra = Exclude<
    R extends unknown ? keyof R : never,
    Reply extends unknown ? keyof Reply : never
  >,
> = [Extra] extends [never] ? unknown
  : ["a reply has no such field in the protocol", Extra];
