/** All mutants, in the order of the challenges. */
import { mutants as basics } from "./basics.ts";
import { mutants as broadcast } from "./broadcast.ts";
import { mutants as counter } from "./counter.ts";
import { mutants as kafka } from "./kafka.ts";
import { mutants as lives } from "./lives.ts";
import type { Mutant } from "./mutant.ts";
import { mutants as registers } from "./registers.ts";
import { mutants as raft } from "./raft.ts";
import { mutants as silent } from "./silent.ts";
import { mutants as shared } from "./shared.ts";
import { mutants as txn } from "./txn.ts";
import { mutants as vr } from "./vr.ts";

export const mutants: readonly Mutant[] = [
  ...basics,
  ...broadcast,
  ...counter,
  ...kafka,
  ...txn,
  ...registers,
  ...raft,
  ...vr,
  ...shared,
  ...lives,
  ...silent,
];
