/** What a leader knows of another node. */
export interface Follower {
  /**
   * The entry to send it next, and the last one up to which it has the leader's log (nextIndex and
   * matchIndex in the papers).
   */
  next: number;
  match: number;
  /** The last round that it has answered, and the last one when entries were resent to it. */
  round: number;
  rewound: number;
  heardAt: number;
  /**
   * The last read that it has asked for; and the last that it may answer, once it has applied the
   * entries up to `index`.
   */
  asked: number;
  read?: [read: number, index: number];
}

/** The reads of a node, up to a number, that wait until a majority has answered a round. */
export interface Asked {
  id: string;
  read: number;
  round: number;
}
