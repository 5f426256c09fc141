/** The table of messages by type. */
import { IdSet } from "../checkers/id-set.ts";
import {
  type Events,
  type Head,
  headAt,
  isBetweenServers,
  isClientOp,
  isWithClient,
  lengthAt,
  type Recording,
  visit,
} from "../history/history.ts";
import { type Html, html } from "./html.ts";
import { typesNamed } from "./messages.ts";
import { count } from "./words.ts";

interface Row {
  type: string;
  sent: number;
  arrived: number;
  lost: number;
  bytes: number;
}

/** Counts messages by type, those between servers first, since S counts these. */
export function trafficSection(recording: Recording): Html {
  const servers = rowsOf(recording.journal, isBetweenServers);
  const clients = rowsOf(recording.journal, isWithClient);
  const sent = servers.reduce((sum, row) => sum + row.sent, 0);
  const requests = recording.history
    .filter((op) => op.type === "invoke" && isClientOp(op)).length;
  return html`
    <section>
      <h2>Messages by type</h2>
      <p
        class="lead">Between servers: ${count(
          sent,
          "message",
        )} for ${count(requests, "request")} of clients${requests > 0 &&
          " – "}${requests > 0 &&
          html`
            that is S = <b>${(sent / requests).toFixed(4)}</b>
          `}. A message that never arrived was cut off by a partition, lost, or still on its way at the end.</p>
      <div class="scroll">
        <table>
        <thead><tr><th>type</th><th class="number">sent</th><th class="number">arrived</th>
          <th class="number">never arrived</th><th class="number">bytes, mean</th><th class="number">bytes, all</th></tr></thead>
        ${body("between servers", servers)}
        ${body("with clients", clients)}
      </table>
      </div>
    </section>
  `;
}

function rowsOf(
  journal: Events,
  wanted: (src: string, dest: string) => boolean,
): Row[] {
  const rows = new Map<string, Row>();
  const nameOf = typesNamed();
  const rowOf = (head: Head) => {
    const type = nameOf(head);
    const row = rows.get(type) ??
      { type, sent: 0, arrived: 0, lost: 0, bytes: 0 };
    rows.set(type, row);
    return row;
  };
  const arrivedIds = new IdSet();
  visit(journal, (kind, _time, id, src, dest, index) => {
    if (!wanted(src, dest)) return;
    const row = rowOf(headAt(journal, index));
    if (kind === "send") {
      row.sent++;
      row.lost++;
      row.bytes += lengthAt(journal, index);
    } else {
      row.arrived++;
      if (arrivedIds.add(id)) row.lost--;
    }
  });
  return [...rows.values()].sort((a, b) => b.sent - a.sent);
}

function body(title: string, rows: readonly Row[]): Html {
  const n = (value: number) => value.toLocaleString("en");
  return html`<tbody><tr><th colspan="6">${title}</th></tr>${
    rows.length === 0
      ? html`
        <tr>
          <td colspan="6">none</td>
        </tr>
      `
      : rows.map(({ type, sent, arrived, lost, bytes }) =>
        html`
          <tr>
            <td>${type}</td>
            <td class="number">${n(sent)}</td>
            <td class="number">${n(arrived)}</td>
            <td class="number">${n(lost)}</td>
            <td class="number">${n(Math.round(bytes / sent))}</td>
            <td class="number">${n(bytes)}</td>
          </tr>
        `
      )
  }</tbody>`;
}
