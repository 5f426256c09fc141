/** The strict judge of echo. */
import { seconds } from "../findings.ts";
import { stringify } from "../../history/json.ts";
import type { Recording } from "../../history/history.ts";
import { pairs } from "../pairs.ts";
import type { Finding } from "../verdict.ts";

/** Judges echo: every reply must repeat what was sent. */
export function strictEcho({ history }: Recording): Finding[] {
  const because = pairs(history).flatMap(({ invocation, completion }) => {
    if (completion?.type !== "ok") return [];
    const { value } = completion;
    const payload = typeof value === "object" && value !== null &&
        "echo" in value
      ? (value as { echo: unknown }).echo
      : value;
    const asked = stringify(invocation.value);
    const came = stringify(payload);
    if (asked === came) return [];
    return [
      `${asked}, asked at ${seconds(invocation.time)}, came back as ${came}`,
    ];
  });
  return because.length === 0 ? [] : [{ type: "echo-mismatch", because }];
}
