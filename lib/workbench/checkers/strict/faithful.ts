/** Turns Maelstrom's errors into anomalies of the strict judge, which reports everything that Maelstrom finds. */
import { equal, type Json, type JsonObject } from "../../history/json.ts";
import {
  type Anomaly,
  type Finding,
  type Results,
  THROWS,
} from "../verdict.ts";
import { ALWAYS_CRASH } from "../stats.ts";
import { inWords, text } from "./examples.ts";

/**
 * A note if Maelstrom's checker would throw, so that its verdict would be unknown, though the nodes did
 * nothing wrong.
 */
export function throwsNote(results: Results): Finding[] {
  const because = (results.workload as JsonObject | undefined)?.[THROWS];
  return Array.isArray(because)
    ? [{ type: THROWS, because: because.map(String), rank: "note" }]
    : [];
}

/** The anomalies behind an invalid verdict of Maelstrom's; none if it is valid or unknown. */
export function faithfulAnomalies(results: Results): Anomaly[] {
  const found: Anomaly[] = [];
  const add = (type: string, ...because: string[]) => {
    if (!found.some((anomaly) => anomaly.type === type)) {
      found.push({ type, because });
    }
  };
  const part = (name: string) => (results[name] ?? {}) as JsonObject;
  const invalid = (name: string) => part(name)["valid?"] === false;
  if (invalid("availability")) {
    add(
      "unavailable",
      `only a fraction of ${
        part("availability")["ok-fraction"]
      } of the operations succeeded`,
    );
  }
  if (invalid("stats")) {
    for (const [f, counts] of Object.entries(Object(part("stats")["by-f"]))) {
      if (!ALWAYS_CRASH.has(f) && (counts as JsonObject)["ok-count"] === 0) {
        add("never-ok", `no ${f} operation ever succeeded`);
      }
    }
  }
  if (!invalid("workload")) return found;
  const workload = part("workload");
  const named = [workload["bad-error-types"], workload["anomaly-types"]];
  for (const type of named.flatMap((types) => (types ?? []) as string[])) {
    add(type, ...reasons(workload, type));
  }
  if (Number(workload["lost-count"] ?? 0) > 0) {
    add(
      "lost",
      `these values were known and then lost: ${text(workload.lost)}`,
    );
  }
  if (Number(workload["duplicated-count"] ?? 0) > 0) {
    add(
      "duplicate-id",
      `generated more than once: ${text(workload.duplicated)}`,
    );
  }
  if (Array.isArray(workload.errors) && workload.errors.length > 0) {
    if (workload["final-reads"]) {
      const errors = workload.errors;
      add(
        "wrong-final-read",
        ...errors.flatMap((read) => inWords("wrong-final-read", read)),
      );
    } else add("echo-mismatch", ...workload.errors.map(echoText));
  }
  if (Array.isArray(workload.failures) && workload.failures.length > 0) {
    const keys = workload.failures.map(text).join(", ");
    add("not-linearizable", `no order explains what was seen of key ${keys}`);
  }
  if (found.length === 0) add("invalid-workload", text(workload));
  return found;
}

/** An error of echo: the request and the reply; for a refusal, the request again. */
function echoText(error: Json): string {
  const [, asked = null, , came = null] = error as Json[];
  return equal(asked, came)
    ? `the echo of ${
      text(asked)
    } was refused, which Maelstrom counts as a mismatch`
    : `${text(asked)} came back as ${text(came)}`;
}

/** The reasons that Maelstrom's results give for one type of error. */
function reasons(workload: JsonObject, type: string): string[] {
  const anomalies = (workload.anomalies as JsonObject | undefined)?.[type];
  const errors = (workload[type] as JsonObject | undefined)?.errs;
  const list = anomalies ?? errors ?? workload[type];
  if (!Array.isArray(list)) return inWords(type, list ?? type);
  return list.flatMap((one) => {
    const explained = (one as JsonObject | null)?.explanation;
    return typeof explained === "string" ? explained : inWords(type, one);
  });
}
