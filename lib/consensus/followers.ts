/** What a leader knows of another node. */
export interface Follower {
  /** The entry to send it next, and up to which it has the leader's log (the papers' nextIndex and matchIndex). */
  next: number;
  match: number;
  /** The last round it has answered, and the one in which it was last sent entries again. */
  round: number;
  rewound: number;
  heardAt: number;
  /** The last read it has asked for, and what to tell it of its reads. */
  asked: number;
  read?: [read: number, index: number];
}

/** A read that waits for a round to be answered. */
export interface Asked {
  id: string;
  read: number;
  round: number;
}
