/** The judges' findings in sentences, with links from the times in them to the operations. */
import { stringifyBeginning } from "../history/json.ts";
import type { Anomaly, Results } from "../checkers/verdict.ts";
import type { Op } from "../history/history.ts";
import type { Judged } from "../checkers/judges.ts";
import { explanationOf } from "../glossary/glossary.ts";
import { type Content, type Html, html } from "./html.ts";
import { type Moment, momentsIn, phrases } from "./moments.ts";

/** How many sentences of one finding are shown; all are in `results.json`. */
const SENTENCES_SHOWN = 10;
const OPERATIONS_SHOWN = 8;
const JSON_SHOWN = 4_000;

/** All moments that the findings name, in order. */
export function momentsOf({ strict, results, recording }: Judged): Moment[] {
  const spoken = [...strict.anomalies, ...strict.notes].flatMap(({ because }) =>
    because.flatMap((sentence) =>
      phrases(sentence, recording.history).flatMap(({ moment }) =>
        moment ? [moment] : []
      )
    )
  );
  const shown = notValid(results).flatMap(([, part]) => momentsIn(part));
  return [...spoken, ...shown];
}

/** The findings of both judges; nothing when there are none. */
export function findingsSection(judged: Judged): Html | null {
  const { strict, results, recording } = judged;
  const parts = notValid(results);
  const { anomalies, notes } = strict;
  const { error } = results;
  const isWrong = anomalies.length > 0 || parts.length > 0 ||
    error !== undefined;
  if (!isWrong && notes.length === 0) return null;
  const links = momentsOf(judged).length === 0
    ? ""
    : "Each link shows that moment in the drawings below, and the operation, if there is one.";
  return html`
    <section id="findings">
      ${isWrong && html`
        <h2>What is wrong</h2>
        <p class="lead">${links}</p>
      `}
      ${typeof error === "string" &&
        html`<p><b>No verdict from Maelstrom:</b> ${error}</p>`}
      ${strictFindings(anomalies, recording.history)}
      ${parts.map(([name, part]) => faithfulFinding(name, part))}
      ${notes.length > 0 && html`
        <h2>Worth knowing</h2>
        <p
          class="lead">This contradicts nothing that was asked or promised, and does not affect the verdict.${!isWrong &&
            ` ${links}`}</p>
        ${strictFindings(notes, recording.history, "finding note")}
      `}
    </section>
  `;
}

function strictFindings(
  findings: readonly Anomaly[],
  history: readonly Op[],
  kind = "finding",
): Html[] {
  return findings.map(({ type, because }) => {
    const more = because.length - SENTENCES_SHOWN;
    return html`
      <article class="${kind}">
        <h3>${type}</h3>
        ${meaning(type)}
        <ul>${because.slice(0, SENTENCES_SHOWN).map((sentence) =>
          html`<li>${sentenceHtml(sentence, history)}</li>`
        )}${more > 0 && html`<li>and ${more} more, in results.json</li>`}</ul>
      </article>
    `;
  });
}

function meaning(type: string): Html | undefined {
  const explained = explanationOf(type);
  if (explained === undefined) return undefined;
  const { means, usually, tries } = explained;
  return html`
    <p
      class="meaning">${means} <b>Usually:</b> ${usually} <b>Try:</b> ${tries}</p>
  `;
}

function sentenceHtml(sentence: string, history: readonly Op[]): Content[] {
  return phrases(sentence, history).map(({ text, moment }) =>
    moment === undefined ? text : link(text, moment)
  );
}

/** A link; page.js makes the drawings follow it. */
function link(text: string, { at, process, node }: Moment): Html {
  return html`
    <a href="#drawings" data-at="${at}" data-process="${process}"
      data-node="${node}">${text}</a>
  `;
}

/** The parts of Maelstrom's results that are not valid. */
function notValid(results: Results): [string, Results][] {
  return Object.entries(results).flatMap(([name, part]): [string, Results][] =>
    typeof part === "object" && part !== null && !Array.isArray(part) &&
      part["valid?"] !== undefined && part["valid?"] !== true
      ? [[name, part as Results]]
      : []
  );
}

/** The names of errors that a checker's result mentions, whichever checker it is. */
function typesIn(part: Results): string[] {
  const named = [part["bad-error-types"], part["anomaly-types"]]
    .flatMap((list) => Array.isArray(list) ? list.map(String) : []);
  const lost = Number(part["lost-count"] ?? 0) > 0 ? ["lost"] : [];
  return [...named, ...lost];
}

function faithfulFinding(name: string, part: Results): Html {
  const seen = new Set<string>();
  const operations = momentsIn(part).filter(({ at, process }) => {
    const key = `${at} ${process}`;
    return !seen.has(key) && seen.add(key);
  });
  const text = stringifyBeginning(part, JSON_SHOWN, 1);
  return html`
    <article class="${part["valid?"] === false ? "finding" : "finding note"}">
      <h3>Maelstrom's checker “${name}”: ${part["valid?"] === false
        ? "false"
        : "unknown: it could not tell"}</h3>
      ${typesIn(part).map((type) =>
        html`<p class="meaning"><b>${type}</b> ${
          explanationOf(type)?.means ?? ""
        }</p>`
      )}
      ${operations.length > 0 &&
        html`<p>Operations it names: ${
          operations.slice(0, OPERATIONS_SHOWN).map((moment, i) => [
            i > 0 && ", ",
            link(
              `process ${moment.process} at ${moment.at.toFixed(3)} s`,
              moment,
            ),
          ])
        }${operations.length > OPERATIONS_SHOWN && " and more"}</p>`}
      <details><summary>Its results</summary><pre>${text.slice(
        0,
        JSON_SHOWN,
      )}${text.length > JSON_SHOWN &&
        "\n... all of it is in results.json"}</pre></details>
    </article>
  `;
}
