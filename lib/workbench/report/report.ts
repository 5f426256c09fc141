/**
 * The report of a run: one HTML file that explains the run, and needs neither server nor network.
 * {@link writeReport} puts it into the run's folder.
 */
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type Judged, overall } from "../checkers/judges.ts";
import { verdictText } from "../checkers/verdict.ts";
import {
  axisSvg,
  cutsSvg,
  hatchSvg,
  labelWidth,
  omittedSvg,
  rowLabelsSvg,
  scaleX,
  shownLabel,
  ticks,
} from "./axes.ts";
import type { Span } from "./cap.ts";
import { findingsSection, momentsOf } from "./findings.ts";
import {
  escapeText,
  type Html,
  Html as Raw,
  html,
  scriptJson,
} from "./html.ts";
import type { Moment } from "./moments.ts";
import { overviewSvg } from "./overview.ts";
import { drawPlots, plotsOf } from "./plots.ts";
import style from "./page.css" with { type: "text" };
import script from "./page.js" with { type: "text" };
import * as spacetime from "./spacetime.ts";
import { titleOf } from "../scenarios/standards.ts";
import { summarySection } from "./summary.ts";
import {
  callColour,
  callText,
  cutLabel,
  isMeant,
  timelineSvg,
} from "./timeline.ts";
import { trafficSection } from "./traffic.ts";
import { type Call, type View, viewOf } from "./view.ts";
import { count } from "./words.ts";

/** The name of the report in a run's folder. */
export const REPORT_FILE = "report.html";

/** The functions that draw in the page: the page contains their source text. */
const IN_PAGE = {
  escapeText,
  scaleX,
  labelWidth,
  shownLabel,
  ticks,
  axisSvg,
  cutsSvg,
  omittedSvg,
  hatchSvg,
  rowLabelsSvg,
  callColour,
  callText,
  isMeant,
  cutLabel,
  timelineSvg,
  ...spacetime,
  overviewSvg,
};

/** The source text of those functions, under the names they have here: a bundler may have renamed them. */
function inPage(): string {
  return Object.entries(IN_PAGE).map(([name, drawing]) =>
    drawing.name === name
      ? `${drawing}`
      : `${drawing}\nconst ${name} = ${drawing.name};`
  ).join("\n");
}

/** What a report shows besides the run itself. */
export interface ReportOptions {
  /** The command that repeats the run. */
  command?: string;
  /** The last lines that each node wrote to stderr. */
  stderr?: ReadonlyMap<string, readonly string[]>;
  /** Files beside the report that it links to. */
  files?: readonly string[];
}

/** Writes the report of a run into its folder. */
export async function writeReport(
  folder: string,
  judged: Judged,
  options: ReportOptions = {},
): Promise<void> {
  const page = await reportHtml(judged, options);
  await Deno.writeTextFile(join(folder, REPORT_FILE), page);
}

/** The report of a run as one HTML document. */
export async function reportHtml(
  judged: Judged,
  options: ReportOptions = {},
): Promise<string> {
  const { recording } = judged;
  const moments = momentsOf(judged);
  const view = viewOf(recording, moments.map(({ at }) => at));
  const plots = plotsOf(judged, view.types);
  const drawn = await drawPlots(plots);
  const sought = moments[0] ?? null;
  const title = titleOf(recording);
  return `<!doctype html>\n${html`
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <link rel="icon" href="data:,">
        <title>${verdictText(overall(judged))}: ${title}</title>
        <style>
    ${new Raw(style)}</style>
      </head>
      <body>
    ${summarySection(judged, options.command)}
    ${findingsSection(judged)}
    ${drawings(view)}
    ${plots.map(({ title, lead }, i) => {
      const plot = drawn[i]!;
      return html`
        <section class="plot">
          <h2>${title}</h2>
          <p class="lead">${lead}</p>
          ${"svg" in plot
            ? html`
              <div class="scroll" role="img"
                aria-label="${title}: ${lead}">${new Raw(
                  plot.svg,
                )}</div>
            `
            : html`<p class="missing">${plot.missing}</p>`}
        </section>
      `;
    })}
    ${trafficSection(recording)}
    ${incidents(view)}
    ${stderr(options.stderr)}
    ${files(options.files)}
    <div id="hover" hidden></div>
    <script type="application/json" id="run">${scriptJson({
      ...view,
      first: firstWindow(view, sought),
      sought,
    })}</script>
    <script>
    "use strict";
    ${new Raw(inPage())}
    ${new Raw(script)}</script>
      </body>
    </html>
  `}\n`;
}

/** How many operations and messages between nodes are drawn when the page opens: as many as can be told apart. */
const CALLS_AT_FIRST = 200;
const HOPS_AT_FIRST = 300;

/** The stretch of time that is drawn when the page opens: around the first finding, or from the beginning. */
function firstWindow(view: View, sought: Moment | null): Span {
  const middle = sought?.at ?? 0;
  /** The width of a stretch around the middle that holds this many. */
  const widthOf = (times: number[], most: number) =>
    times.map((at) => Math.abs(at - middle)).sort((a, b) => a - b)[most] ?? 4;
  const width = Math.max(
    0.2,
    Math.min(
      4,
      view.to,
      widthOf(view.calls.map(({ from }) => from), CALLS_AT_FIRST),
      widthOf(
        view.hops.filter(({ client }) => !client).map(({ sent }) => sent),
        HOPS_AT_FIRST,
      ),
    ),
  );
  const from = Math.max(0, middle - (sought === null ? 0 : width / 2));
  return { from, to: from + width };
}

function drawings(view: View): Html {
  const cuts = view.cuts.filter(({ empty }) => !empty).length;
  const { calls, hops } = view.total;
  const left: string[] = [];
  if (view.calls.length < calls) {
    left.push(
      `${count(view.calls.length, "operation")} of ${
        calls.toLocaleString("en")
      }`,
    );
  }
  if (view.hops.length < hops) {
    left.push(
      `${count(view.hops.length, "message")} of ${hops.toLocaleString("en")}`,
    );
  }
  return html`
    <section id="drawings">
      <h2>What happened when</h2>
      <p class="lead">The strip shows the whole run: how many operations began when, in red those that did not succeed${cuts >
          0 &&
        `; in grey, ${count(cuts, "partition")}`}${view.marks.length > 0 &&
        "; as triangles, the incidents listed below"}. Under it, its framed part is drawn twice: as operations, and as messages. Drag the frame, or use the buttons or the arrow keys.</p>
      ${left.length > 0 &&
        html`
          <p
            class="missing">This run is too large for one page, which shows ${left
              .join(
                " and ",
              )}: those around findings, and the earliest. The drawings are hatched where some are left out; recording.json.gz has all of them.</p>
        `}
      <div id="loupe">
        <div id="overview" role="img" aria-label="how many operations began when, in the whole run"></div>
        <div id="controls">
          <button id="earlier" title="earlier (←)">◀</button>
          <button id="later" title="later (→)">▶</button>
          <button id="closer" title="closer (+)">zoom in</button>
          <button id="wider" title="wider (-)">zoom out</button>
          <span id="stretch"></span> <span id="sought"></span>
        </div>
      </div>
      <h3>Operations of the clients</h3>
      <p class="lead">A row for each client, and a bar for each operation, from its request to its reply.</p>
      <p class="legend">${endings(view).map(([type, words]) =>
        html`
          <span><i style="background: ${callColour(type)}"></i>${words}</span>
        `
      )}</p>
      <div id="timeline" role="group" aria-label="operations of the clients"></div>
      <h3>Messages between nodes (spacetime diagram)</h3>
      <p class="lead">A row for each node, and a line for each message, from its sender when it was sent to its receiver when it arrived (the dot). Point at a line to read the message. A red cross is a message that never arrived, a red triangle an error.${view
        .hops.some(({ client, arrived }) => !client && arrived.length > 1) &&
        " A dashed line is a message that arrived once more."}${view.downs
            .length > 0 &&
        " A broad bar is a node that was not running: killed, paused or ended."}</p>
      <p class="legend">${view.types.map((type, i) =>
        html`
          <label
            style="color: ${spacetime.typeColour(
              i,
            )}"><input type="checkbox" data-type="${type}" checked> ${type}</label>
        `
      )}<label><input type="checkbox" id="clients" checked> requests (▾) and replies (▴) of clients</label></p>
      <p class="missing" id="crowded" hidden>There are too many messages in this stretch: only the first ${spacetime
        .drawnHops()} are drawn. Zoom in to see the others.</p>
      <div id="spacetime" role="group" aria-label="messages between nodes"></div>
      <noscript><p class="missing">These drawings need JavaScript.</p></noscript>
    </section>
  `;
}

/** How operations end, in words; an operation need not end, but most do. */
function endings({ calls }: View): [Call["type"], string][] {
  const ended: [Call["type"], string][] = [
    ["ok", "succeeded (ok)"],
    ["info", "outcome unknown (info)"],
    ["fail", "certainly failed (fail)"],
  ];
  return calls.some(({ type }) => type === "open")
    ? [...ended, ["open", "never ended"]]
    : ended;
}

/** How many moments the list of incidents has at most. */
const INCIDENTS_SHOWN = 50;

function incidents({ marks }: View): Html | null {
  if (marks.length === 0) return null;
  const moments = [...Map.groupBy(marks, ({ at }) => at)];
  const more = moments.length - INCIDENTS_SHOWN;
  return html`
    <section>
      <h2>Incidents</h2>
      <p
        class="lead">What the workbench saw or did, apart from operations and messages.</p>
      <ul>${moments.slice(0, INCIDENTS_SHOWN).map(([at, marks]) =>
        html`<li><a href="#drawings" data-at="${at}" data-process="">${
          at.toFixed(3)
        } s</a>: ${marks.map(({ text }) => text).join("; ")}</li>`
      )}${more > 0 && html`<li>and at ${count(more, "later moment")}</li>`}</ul>
    </section>
  `;
}

function stderr(lines: ReportOptions["stderr"]): Html | null {
  if (lines === undefined || lines.size === 0) return null;
  return html`
    <section>
      <h2>What the nodes wrote to stderr</h2>
      ${[...lines].map(([node, last]) =>
        html`
          <details>
            <summary>${node}: the last ${count(last.length, "line")}</summary>
            <pre>${stripVTControlCharacters(last.join("\n"))}</pre>
          </details>
        `
      )}
    </section>
  `;
}

function files(names: readonly string[] = []): Html | null {
  if (names.length === 0) return null;
  return html`
    <section>
      <h2>Files of this run</h2>
      <p>${names.map((
        name,
        i,
      ) => [i > 0 && " · ", html`<a href="${name}">${name}</a>`])}</p>
    </section>
  `;
}
