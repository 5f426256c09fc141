/** The top of the page: verdicts, and figures with their limits. */
import { type Validity, verdictText } from "../checkers/verdict.ts";
import { isClientOp, type Op } from "../history/history.ts";
import { flagsText } from "../history/options.ts";
import { type Judged, overall } from "../checkers/judges.ts";
import {
  type FigureName,
  type Figures,
  figureText,
  figureTitles,
  isMet,
  type Limit,
  limitText,
} from "../scenarios/limits.ts";
import { type Scenario, scenarios } from "../scenarios/scenarios.ts";
import { commandOfRun, limitsOf, titleOf } from "../scenarios/standards.ts";
import { type Html, html } from "./html.ts";
import { count, setUpText, workloadText } from "./words.ts";

function scenarioOfRun(program: string | undefined): Scenario | undefined {
  return scenarios.find(({ name }) => name === program);
}

/** Title, verdicts and figures. */
export function summarySection(judged: Judged, again?: string): Html {
  const { recording, results, strict } = judged;
  const { workload, program, seed } = recording;
  const scenario = scenarioOfRun(program);
  const title = titleOf(recording);
  // A mutant, for one, is not the program whose promises it is held to.
  const isItself = title === program;
  const command = commandOfRun(recording)?.label ?? "";
  const verdict = overall(judged);
  const misses = missed(judged);
  const operations =
    recording.history.filter((op) => op.type === "invoke" && isClientOp(op))
      .length;
  return html`
    <header class="${verdict === true && misses === 0
      ? "valid"
      : verdictText(verdict === true ? false : verdict)}">
      <h1>${title}${scenario &&
        html`<small>${
          isItself ? scenario.algorithm : `in place of ${program}`
        }${command !== "" && `; ${command}`}</small>`}</h1>
      <p class="verdict">${headline(
        verdict,
        strict.anomalies.length,
        misses,
      )}</p>
    </header>
    <section>
      <p>${workloadText(workload)} ${setUpText(
        recording,
      )} Together they made ${count(operations, "request")}. ${scenario && html`
        ${isItself
          ? "This program promises"
          : `It is held to what ${program} promises`}: <em>${scenario
          .guarantee}</em>.
      `}${excusesText(judged)}</p>
      <div class="judges">
        <div class="judge ${verdictText(results["valid?"])}">
          <b>Maelstrom's verdict: ${verdictText(results["valid?"])}</b>
          <span>the verdict of the official test, which looks at the replies that clients got</span>
        </div>
        <div class="judge ${verdictText(strict["valid?"])}">
          <b>strict verdict: ${verdictText(strict["valid?"])}</b>
          <span>the verdict of a closer look at the same run: every node, every reply, every promise</span>
        </div>
      </div>
      ${figuresTable(judged)}
      <details><summary>How to repeat this run</summary>
        <pre>${again ?? againText(judged)}</pre>
        ${seed !== undefined && html`
          <p>In a simulated run, seed ${seed} decides everything; in real time, it decides only what clients and faults do.</p>
        `}
      </details>
    </section>
  `;
}

/** What a kill excuses, if that was left out of the judgement. */
function excusesText({ recording: { history }, held }: Judged): string {
  if (held === history) return "";
  const answered = (ops: readonly Op[]) =>
    ops.filter((op) => op.type === "ok" && isClientOp(op)).length;
  return ` Nodes were killed that may have told no other what they knew: ${
    count(answered(history) - answered(held), "reply", "replies")
  } were left out of the verdicts, and of stable latencies.`;
}

function headline(
  verdict: Validity,
  anomalies: number,
  misses: number,
): string {
  if (verdict === false) {
    return anomalies === 0
      ? "Invalid: a promise was broken."
      : anomalies === 1
      ? "Invalid: a promise was broken, as described below."
      : `Invalid: ${anomalies} promises were broken, as described below.`;
  }
  if (verdict === "unknown") return "Unknown: the judges could not tell.";
  return misses === 0
    ? "Valid: neither judge found anything wrong."
    : `Valid, but ${count(misses, "figure")} outside its limit.`;
}

function missed(judged: Judged): number {
  const { official, ours } = limitsOf(judged.recording);
  return [...official, ...ours]
    .filter((limit) => !isMet(limit, judged.figures[limit.figure])).length;
}

/** The command for a run whose command was not recorded. */
function againText({ recording }: Judged): string {
  const { workload, options } = recording;
  return `deno task workbench test -w ${workload} ${flagsText(options)}`;
}

const EXPLANATIONS: { readonly [name in FigureName]: string } = {
  "servers.msgs-per-op":
    "messages between nodes, or nodes and services, divided by the clients' requests",
  "all.msgs-per-op": "the same, with the messages to and from clients",
  "servers.bytes-per-op":
    "bytes of the messages between servers, as JSON, divided by the clients' requests",
  "servers.bytes-per-value":
    "the same bytes, divided by the values and by the nodes that each has to reach",
  "servers.bytes-to-least":
    "the same bytes as a multiple of the least possible: each value's digits and a comma, sent once to each node it has to reach",
  "availability": "the share of the requests that succeeded",
  "answered.share":
    "the share that was answered: by success, or by an error that says the register has another value or none",
  "answered.majority-share":
    "the same for requests to nodes that had been able to talk to a majority for 1.5 s",
  "answered.others-share":
    "the same for requests to nodes that had not been able to for as long, nor were for another second",
  "rate.share": "the operations made, as a share of what --rate asks for",
  "stable-latency.median-ms":
    "for how long after its acknowledgement a value was still missing from some read",
  "stable-latency.max-ms": "the same for the slowest value",
  "visibility-lag.max-ms":
    "for how long after its acknowledgement a message could not be polled from every node",
  "client-latency.p99-ms": "99 of 100 successful requests were answered faster",
};

function figuresTable(judged: Judged): Html {
  const { figures } = judged;
  const { official, ours } = limitsOf(judged.recording);
  const names = (Object.keys(figureTitles) as FigureName[]).filter((name) =>
    figures[name] !== undefined ||
    [...official, ...ours].some(({ figure }) => figure === name)
  );
  const anyOfficial = official.length > 0, anyOurs = ours.length > 0;
  return html`
    <table class="figures">
      <thead>
        <tr><th>figure</th><th class="number">measured</th>
        ${anyOfficial && html`<th>official limit</th>`}
        ${anyOurs && html`<th>our limit</th>`}
        <th class="wide">what it is</th></tr>
      </thead>
      <tbody>${names.map((name) =>
        html`<tr><td>${figureTitles[name]}</td>
        <td class="number">${
          figures[name] === undefined ? "–" : figureText(figures[name])
        }</td>
        ${anyOfficial && limitCell(official, name, figures)}
        ${anyOurs && limitCell(ours, name, figures)}
        <td class="wide">${EXPLANATIONS[name]}</td></tr>`
      )}</tbody>
    </table>
  `;
}

function limitCell(
  limits: readonly Limit[],
  name: FigureName,
  figures: Figures,
): Html {
  const limit = limits.find(({ figure }) => figure === name);
  if (limit === undefined) return html`<td></td>`;
  const met = isMet(limit, figures[name]);
  return html`<td class="${met ? "met" : "missed"}">${limitText(limit)} ${
    met ? "✓" : "✗"
  }</td>`;
}
