/** Draws operations over time, one row for each client. Also runs in the page. */
import {
  axisSvg,
  cutsSvg,
  hatchSvg,
  labelWidth,
  omittedSvg,
  rowLabelsSvg,
  scaleX,
  shownLabel,
} from "./axes.ts";
import type { Span } from "./cap.ts";
import { escapeText } from "./html.ts";
import type { Moment } from "./moments.ts";
import type { Call, View } from "./view.ts";

/** Jepsen's colours for operations; grey is one that never ended. */
export function callColour(type: Call["type"]): string {
  const colours = {
    ok: "#6DB6FE",
    info: "#FFAA26",
    fail: "#FEB5DA",
    open: "#C8C8D0",
  };
  return colours[type];
}

/** An operation as a few lines of text. */
export function callText(call: Call): string {
  const { f, asked, got, type, from, to, process, node } = call;
  const took = to === null
    ? "never ended"
    : `took ${((to - from) * 1e3).toFixed(3)} ms`;
  return `${f} ${asked}\nprocess ${process}, at ${node}, from ${
    from.toFixed(6)
  } s, ${took}\n${type === "open" ? "no completion" : type}: ${got}`;
}

/** Whether an operation is one that a moment refers to. */
export function isMeant(call: Call, { at, process, node }: Moment): boolean {
  if (process !== undefined && call.process !== process) return false;
  if (node !== undefined && call.node !== node) return false;
  // A moment is written to the millisecond.
  const near = (time: number | null) =>
    time !== null && Math.abs(time - at) < 0.000_75;
  return near(call.from) || near(call.to);
}

/** As much of a label as there is room for; an operation's name is not cut. */
export function cutLabel(label: string, f: string, letters: number): string {
  if (label.length <= letters) return label;
  return letters < f.length + 3 ? f : `${label.slice(0, letters - 1)}…`;
}

/** Draws the operations of a stretch of time, and marks the moment sought. */
export function timelineSvg(
  view: View,
  window: Span,
  width: number,
  sought: Moment | null,
): string {
  const left = labelWidth(width, view.workers), top = 22;
  const rowHeight = view.workers.length > 60 ? 8 : 18;
  const height = top + view.workers.length * rowHeight + 20;
  const x = scaleX(window, left, width);
  const visible = view.calls
    .map((call, index) => ({ call, index }))
    .filter(({ call }) =>
      call.from <= window.to && (call.to ?? view.to) >= window.from
    );
  const next = new Map<number, number>();
  const bars = visible.toReversed().map(({ call, index }) => {
    const y = top + call.row * rowHeight;
    const start = Math.max(left, x(call.from));
    const end = Math.min(width, x(call.to ?? view.to));
    const bar = Math.max(3, end - start);
    const meant = sought !== null && isMeant(call, sought);
    const label = `${call.f} ${call.asked === "" ? call.got : call.asked}`;
    const room = (next.get(call.row) ?? width) - start - 8;
    const inside = bar > 24 ? 0 : bar;
    const letters = Math.floor((room - inside) / 5.4);
    next.set(call.row, start);
    const text = rowHeight < 12 || letters < call.f.length
      ? ""
      : `<text x="${(start + inside + 2).toFixed(1)}" y="${
        y + rowHeight - 5
      }" font-size="9.5" fill="#333">${
        escapeText(cutLabel(label, call.f, letters))
      }</text>`;
    return `<g data-call="${index}"><rect x="${start.toFixed(1)}" y="${
      y + 2
    }" width="${bar.toFixed(1)}" height="${rowHeight - 4}" rx="1.5" fill="${
      callColour(call.type)
    }"${meant ? ' stroke="#b00020" stroke-width="2.5"' : ""}/>${text}</g>`;
  }).reverse();
  const labels = view.workers.map((label) => shownLabel(label, width));
  const line = sought === null
    ? ""
    : `<line x1="${x(sought.at).toFixed(1)}" x2="${
      x(sought.at).toFixed(1)
    }" y1="16" y2="${height}" stroke="#b00020" stroke-dasharray="3 3"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="10.5" role="img" aria-label="Operations of the clients over time">` +
    hatchSvg() + axisSvg(window, left, width, height) +
    omittedSvg(view.omitted.calls, window, left, width, height) +
    cutsSvg(view.cuts, window, left, width, height) +
    rowLabelsSvg(labels, top, rowHeight, left) + bars.join("") + line +
    "</svg>";
}
