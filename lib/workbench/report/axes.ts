/**
 * What all drawings over time share. These functions also run in the page, so they may use only
 * each other.
 */
import type { Span } from "./cap.ts";
import type { Cut } from "./cuts.ts";
import { escapeText } from "./html.ts";

/** Maps a time to pixels. */
export function scaleX(window: Span, left: number, width: number) {
  const perSecond = (width - left) / (window.to - window.from);
  return (at: number) => left + (at - window.from) * perSecond;
}

/**
 * The width of the row labels: the same in all drawings, so that their time axes line up, and at most
 * 0.3 of theirs.
 *
 * @param workers labels of clients, which have the nodes' names in them
 */
export function labelWidth(width: number, workers: readonly string[]): number {
  const letters = workers.map((label) => shownLabel(label, width).length);
  const needed = Math.max(0, ...letters) * 6 + 10;
  return Math.max(width < 600 ? 58 : 108, Math.min(needed, 0.3 * width));
}

/** A client's label, in fewer words where there is little room. */
export function shownLabel(worker: string, width: number): string {
  return width < 600 ? worker.replace(/^client (\d+) of/, "$1:") : worker;
}

/** Round times, about one for every 100 pixels. */
export function ticks(window: Span, width: number): number[] {
  const rough = (window.to - window.from) / Math.max(2, width / 100);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((n) => n * power >= rough)! * power;
  const first = Math.ceil(window.from / step - 1e-9);
  const count = Math.floor(window.to / step + 1e-9) - first + 1;
  return Array.from(
    { length: count },
    (_, i) => Number(((first + i) * step).toPrecision(12)),
  );
}

/** Vertical lines at round times, with the times above them. */
export function axisSvg(
  window: Span,
  left: number,
  width: number,
  height: number,
): string {
  const x = scaleX(window, left, width);
  return ticks(window, width - left).map((at) => {
    const px = x(at).toFixed(1);
    const anchor = Number(px) > width - 20
      ? "end"
      : Number(px) < 16
      ? "start"
      : "middle";
    return `<line x1="${px}" x2="${px}" y1="16" y2="${height}" stroke="#e3e3ea"/>` +
      `<text x="${px}" y="12" text-anchor="${anchor}" fill="#666">${at} s</text>`;
  }).join("");
}

/** Partitions as grey stretches, labelled with the parts where there is room. */
export function cutsSvg(
  cuts: readonly Cut[],
  window: Span,
  left: number,
  width: number,
  height: number,
  labelled = true,
): string {
  const x = scaleX(window, left, width);
  return cuts.filter(({ from, to }) => from < window.to && to > window.from)
    .map(({ from, to, text, empty }) => {
      const start = Math.max(left, x(from));
      const wide = Math.min(width, x(to)) - start;
      const label = escapeText(`partition: ${text}`);
      const fits = Math.floor(wide / 6) - 2;
      const shown = !labelled || fits < 12
        ? ""
        : label.length <= fits
        ? label
        : `${escapeText(`partition: ${text}`.slice(0, fits))}…`;
      return `<g class="cut"><title>${label}</title>` +
        `<rect x="${start.toFixed(1)}" y="16" width="${
          Math.max(1, wide).toFixed(1)
        }" height="${height - 16}" fill="#55556a" fill-opacity="${
          empty ? 0.05 : 0.13
        }"/>` +
        `<text x="${(start + 4).toFixed(1)}" y="${
          height - 4
        }" fill="#44445a">${shown}</text></g>`;
    }).join("");
}

/** Hatching where something is left out. Needs {@link hatchSvg} in the same drawing. */
export function omittedSvg(
  spans: readonly Span[],
  window: Span,
  left: number,
  width: number,
  height: number,
): string {
  const x = scaleX(window, left, width);
  return spans.filter(({ from, to }) => from < window.to && to > window.from)
    .map(({ from, to }) => {
      const start = Math.max(left, x(from));
      const wide = Math.max(2, Math.min(width, x(to)) - start);
      return `<rect x="${start.toFixed(1)}" y="16" width="${
        wide.toFixed(1)
      }" height="${height - 16}" fill="url(#omitted)"><title>` +
        `Something is left out here: the run is too large for one page</title></rect>`;
    }).join("");
}

/** The pattern that {@link omittedSvg} uses. */
export function hatchSvg(): string {
  return `<defs><pattern id="omitted" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<line x1="0" y1="0" x2="0" y2="6" stroke="#d8c9a0" stroke-width="3"/></pattern></defs>`;
}

/** The labels to the left of the rows. */
export function rowLabelsSvg(
  labels: readonly string[],
  top: number,
  rowHeight: number,
  left: number,
): string {
  const every = Math.ceil(10 / rowHeight);
  // Where a name is too long, its end often tells it from others.
  const letters = Math.floor((left - 8) / 6);
  return labels.map((label, i) =>
    i % every !== 0
      ? ""
      : `<text x="${left - 6}" y="${
        top + i * rowHeight + rowHeight / 2 + 3.5
      }" text-anchor="end" fill="#333">${
        escapeText(
          label.length > letters ? `…${label.slice(1 - letters)}` : label,
        )
      }<title>${escapeText(label)}</title></text>`
  ).join("");
}
