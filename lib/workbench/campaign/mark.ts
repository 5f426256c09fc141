/**
 * What a thread is doing, where another can read it: a thread in an endless loop answers no
 * messages.
 */

/** How many bytes of a text are kept. */
const LENGTH = 1_000;

/** A text, and how often it was written, in memory that threads share. */
export class Mark {
  readonly #numbers: Int32Array;
  readonly #text: Uint8Array;
  readonly #encoder = new TextEncoder();

  /** @param memory another thread's, or new */
  constructor(readonly memory = new SharedArrayBuffer(8 + LENGTH)) {
    this.#numbers = new Int32Array(memory, 0, 2);
    this.#text = new Uint8Array(memory, 8);
  }

  /** How often a text was written; 0 while nothing is being done. */
  get count(): number {
    return Atomics.load(this.#numbers, 0);
  }

  /** The last text. */
  get text(): string {
    const length = Atomics.load(this.#numbers, 1);
    return new TextDecoder().decode(this.#text.slice(0, length));
  }

  /** Nothing that could last is being done any more. */
  clear(): void {
    Atomics.store(this.#numbers, 0, 0);
  }

  write(text: string): void {
    const bytes = this.#encoder.encode(text).subarray(0, LENGTH);
    this.#text.set(bytes);
    Atomics.store(this.#numbers, 1, bytes.length);
    Atomics.add(this.#numbers, 0, 1);
  }
}
