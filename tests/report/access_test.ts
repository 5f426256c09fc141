/** A report for everybody: its tab tells the verdict, its drawings have roles and words, and it knows the dark. */
import { assert, assertMatch, assertStringIncludes } from "@std/assert";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { loadRecording } from "../../lib/workbench/recording.ts";
import { reportHtml } from "../../lib/workbench/report/report.ts";
import { needs } from "../fixtures/permitted.ts";
import { DIRECTORY } from "../fixtures/recorded.ts";

const page = async (label: string) =>
  await reportHtml(
    judge(await loadRecording(`${DIRECTORY}/${label}.json.gz`)),
  );

Deno.test(
  "a report's tab begins with the verdict",
  needs("read", "env", "sys"),
  async () => {
    assertMatch(await page("echo-ok"), /<title>valid: /);
    assertMatch(await page("echo-fail"), /<title>invalid: /);
    assertMatch(await page("bc-rate0"), /<title>unknown: /);
  },
);

Deno.test(
  "every drawing of a report has a role and says what it shows",
  needs("read", "env", "sys"),
  async () => {
    const html = await page("bc-gossip-stale");
    for (const id of ["overview", "timeline", "spacetime"]) {
      assertMatch(
        html,
        new RegExp(`<div id="${id}"\\s+role="(img|group)"\\s+aria-label="\\w`),
      );
    }
    const plots = html.match(/<section class="plot">/g)?.length ?? 0;
    const named =
      html.match(/class="scroll"\s+role="img"\s+aria-label="[A-Z]/g) ?? [];
    assert(plots > 0 && named.length === plots, `${named.length} of ${plots}`);
  },
);

Deno.test(
  "a report has a dark scheme, with nothing left on a white background",
  needs("read", "env", "sys"),
  async () => {
    const html = await page("echo-ok");
    const [style] = /<style>[^]*?<\/style>/.exec(html)!;
    assertStringIncludes(style, "prefers-color-scheme: dark");
    const rules = style.slice(style.indexOf("* {"));
    const grounds = [...rules.matchAll(/background: ([^;]+);/g)]
      .map(([, ground]) => ground!)
      .filter((ground) => !ground.startsWith("var("));
    // The words under the pointer are light on dark in both.
    assert(grounds.every((ground) => ground === "#23232fef"), `${grounds}`);
  },
);
