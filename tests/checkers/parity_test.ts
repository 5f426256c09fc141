/**
 * The faithful judge against the real Maelstrom: for every recorded run it must
 * give the recorded verdict, error types and figures. Where Maelstrom's own checker threw,
 * it must throw too, or say so and have a verdict all the same. `GOLDEN_DIR` names another
 * directory of recordings than `tests/golden`.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { judgeFaithful } from "../../lib/workbench/checkers/faithful.ts";
import { THROWS } from "../../lib/workbench/checkers/verdict.ts";
import type { Recording } from "../../lib/workbench/history/history.ts";
import type { Json, JsonObject } from "../../lib/workbench/history/json.ts";
import { loadRecording } from "../../lib/workbench/recording.ts";
import { needs } from "../fixtures/permitted.ts";
import { DIRECTORY, recordedFiles } from "../fixtures/recorded.ts";

/** Which of these Elle lists depends on a search budget of one second. */
const MARKER = /-cycle-exists$|^cycle-search-timeout$/;
const CYCLE = /^G0|^G1c|^G-|^G2/;

const FIGURES = ["valid?", "stats", "availability", "net"];

function object(value: Json | undefined): JsonObject {
  return (value ?? {}) as JsonObject;
}

function pick(from: JsonObject, keys: string[]): JsonObject {
  return Object.fromEntries(
    keys.filter((key) => key in from).map((key) => [key, from[key]!]),
  );
}

function omit(from: JsonObject, keys: string[]): JsonObject {
  return pick(from, Object.keys(from).filter((key) => !keys.includes(key)));
}

/** Classes and counts, without the examples and their stack traces. */
function exceptionCounts(results: JsonObject): Json {
  const { exceptions } = object(results["exceptions"]);
  return (exceptions as JsonObject[] | undefined ?? [])
    .map((exception) => pick(exception, ["class", "count"]));
}

/** Error counts of a Kafka checker; which errors it shows is arbitrary. */
function kafkaFigures(results: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(results).map(([key, value]) => {
      const { count } = object(value);
      return [key, count === undefined ? value : count];
    }),
  );
}

function linearizableFigures(results: JsonObject): JsonObject {
  const perKey = Object.entries(object(results["results"])).map((
    [key, result],
  ) => {
    const { linearizable } = object(result);
    const verdict = pick(object(linearizable), ["valid?", "op", "previous-ok"]);
    return [key, verdict] as const;
  });
  return {
    ...pick(results, ["valid?", "failures"]),
    results: Object.fromEntries(perKey),
  };
}

/** The anomalies of a transactional checker, without cycles if their search was cut short. */
function anomalyTypes(results: JsonObject, searchWasCut: boolean): JsonObject {
  const types = results["anomaly-types"] as string[] | undefined ?? [];
  const kept = types.filter((type) =>
    !(searchWasCut && (MARKER.test(type) || CYCLE.test(type)))
  );
  return { "valid?": results["valid?"]!, "anomaly-types": kept.sort() };
}

/** Whether Elle ran out of time in the recorded run, and so reported any of the cycles there are. */
function searchWasCut({ results }: Recording): boolean {
  const types = object(results?.["workload"])["anomaly-types"];
  return Array.isArray(types) && types.includes("cycle-search-timeout");
}

/** The results with a list sorted whose order means nothing. */
function sorted(results: JsonObject, key: string): JsonObject {
  const list = (results[key] as Json[]).map((e) => JSON.stringify(e)).sort();
  return { ...results, [key]: list };
}

/** What of a workload's results is determined by the run. */
function workloadFigures(
  recording: Recording,
  results: JsonObject,
): JsonObject {
  const { workload } = recording;
  if (results["error"] !== undefined) return { "valid?": results["valid?"]! };
  if (workload === "kafka") return kafkaFigures(results);
  if (workload === "lin-kv") return linearizableFigures(results);
  if (workload === "echo") return sorted(results, "errors");
  if (workload.startsWith("txn-")) {
    return anomalyTypes(results, searchWasCut(recording));
  }
  return results;
}

function figures(recording: Recording, results: JsonObject): JsonObject {
  return {
    ...pick(results, FIGURES),
    exceptions: exceptionCounts(results),
    workload: workloadFigures(recording, object(results["workload"])),
  };
}

const files = recordedFiles();

Deno.test(
  "the recordings cover every workload and every kind of verdict",
  needs("read"),
  async () => {
    const kinds = new Set<string>();
    for (const file of files) {
      const { workload, results } = await loadRecording(join(DIRECTORY, file));
      kinds.add(workload).add(`${results?.["valid?"]}`);
    }
    const wanted = [
      ..."broadcast echo g-counter g-set kafka lin-kv pn-counter".split(" "),
      ..."txn-list-append txn-rw-register unique-ids".split(" "),
      ..."true false unknown undefined".split(" "),
    ];
    assertEquals(wanted.filter((kind) => !kinds.has(kind)), []);
  },
);

for (const file of files) {
  const label = file.replace(".json.gz", "");
  Deno.test(`${label} is judged as Maelstrom judged it`, async () => {
    const recording = await loadRecording(join(DIRECTORY, file));
    const judged = judgeFaithful(recording);
    const { results } = recording;
    if (results === null || results === undefined) {
      assertEquals(pick(judged, ["valid?"]), { "valid?": "unknown" });
      assertEquals(typeof judged["error"], "string");
      return;
    }
    const ours = figures(recording, judged);
    const recorded = figures(recording, results);
    if (object(judged["workload"])[THROWS] !== undefined) {
      assert(object(results["workload"])["error"] !== undefined);
      const without = ["valid?", "workload"];
      assertEquals(omit(ours, without), omit(recorded, without));
      return;
    }
    assertEquals(ours, recorded);
  });
}
