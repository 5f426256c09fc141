import type { Recording } from "./history.ts";
import { loadRecording } from "./recording.ts";

/**
 * Judges recorded runs again, one after the other. It needs no node and no
 * network.
 *
 * @param paths files in the form of `tests/golden/`, plain or gzipped, or directories of runs
 * @param options.judge what to say of a recording
 * @returns what the judge said, in the order of the paths
 * @throws {Error} a path is no recording; none after it is judged
 *
 * ```ts ignore
 * const [results] = await checkFiles(["store/latest"], { judge: judgeFaithful });
 * ```
 */
export async function checkFiles<T>(
  paths: readonly string[],
  options: { judge: (recording: Recording) => T },
): Promise<T[]> {
  const judged: T[] = [];
  for (const path of paths) {
    judged.push(options.judge(await loadRecording(path)));
  }
  return judged;
}
