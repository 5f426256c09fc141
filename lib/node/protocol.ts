/**
 * What a protocol is: to the compiler, an interface whose methods take a request and return its
 * reply; at run time, the schemas of both. The types below derive the interface from the schemas,
 * and from the interface what a handler takes and returns. This file has only types, so importing
 * it does not slow the start of a node.
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

/** @ignore A type known at run time, as defined by https://standardschema.dev; validation must be synchronous. */
export interface StandardSchema<T = unknown> {
  /** Its standard properties. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** The name of the schema library. */
    readonly vendor: string;
    /** Returns the validated value, or what is wrong with it. */
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
  /** Whether only nodes may send it. */
  readonly amongNodes?: true;
}

/** @ignore A protocol at run time: what messages hold, by their type. */
export type Shapes = { readonly [type: string]: MessageShape };

/** @ignore A protocol to the compiler, derived from its schemas. */
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

/** @ignore A handler of the messages of one type: returns the reply, or a promise of it. */
export type HandlerOf<P, T extends keyof P> = (
  request: RequestOf<P, T>,
  src: string,
) => ReplyOf<P, T> | Promise<ReplyOf<P, T>>;

/** @ignore Makes a reply with more than the declared fields a type error, since Maelstrom rejects it. */
export type Exactly<
  Reply,
  R,
  Extra = Exclude<
    R extends unknown ? keyof R : never,
    Reply extends unknown ? keyof Reply : never
  >,
> = [Extra] extends [never] ? unknown
  : ["a reply has no such field in the protocol", Extra];
