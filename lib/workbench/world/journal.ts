/** The journal: every message sent and delivered, as Maelstrom's network checker counts them. */
import type { Body, JournalEvent } from "../history.ts";

export type { Body };

/** Collects the events of one chapter of a run. */
export class Journal {
  readonly events: JournalEvent[] = [];

  sent(
    time: number,
    { id, src, dest, body }: {
      id: number;
      src: string;
      dest: string;
      body: Body;
    },
  ): void {
    this.events.push(["send", time, id, src, dest, body]);
  }

  received(
    time: number,
    { id, src, dest, body }: {
      id: number;
      src: string;
      dest: string;
      body: Body;
    },
  ): void {
    this.events.push(["recv", time, id, src, dest, body]);
  }
}
