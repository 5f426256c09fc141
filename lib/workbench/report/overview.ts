/**
 * A strip that shows the whole run, to choose the stretch of time that is drawn below it. Also
 * runs in the page.
 */
import { axisSvg, cutsSvg, scaleX } from "./axes.ts";
import type { Span } from "./cap.ts";
import { escapeText } from "./html.ts";
import { callColour } from "./timeline.ts";
import type { View } from "./view.ts";

/** Draws how many operations began when, how they ended, and a frame around the chosen stretch. */
export function overviewSvg(view: View, window: Span, width: number): string {
  const height = 82, base = 62, tall = 42;
  const whole = { from: view.from, to: view.to };
  const x = scaleX(whole, 0, width);
  const columns = view.density.length;
  const most = Math.max(1, ...view.density.map(({ ok, bad }) => ok + bad));
  const bars = view.density.map(({ ok, bad }, i) => {
    const at = (i * width / columns).toFixed(1);
    const wide = Math.max(1, width / columns - 1).toFixed(1);
    const okTall = ok / most * tall;
    const badTall = bad === 0 ? 0 : Math.max(3, bad / most * tall);
    const bar = (y: number, height: number, colour: string) =>
      height === 0
        ? ""
        : `<rect x="${at}" y="${y.toFixed(1)}" width="${wide}" height="${
          height.toFixed(1)
        }" fill="${colour}"/>`;
    return bar(base - okTall, okTall, callColour("ok")) +
      bar(base - okTall - badTall, badTall, "#e2553d");
  });
  // A phase's name is written to the right of its line or, if there is no room, to the left. On a
  // narrow screen there may be room on neither side, so the line also has the name as its title.
  let written = 0;
  const phases = view.phases.map(({ name, from, to }) => {
    const start = x(from);
    const wide = name.length * 6.2 + 4;
    const right = x(to) - start > wide;
    const left = !right && start - wide > written;
    if (right) written = start + wide;
    else if (left) written = start;
    const text = `<text x="${(start + (right ? 4 : -4)).toFixed(1)}" y="${
      base + 13
    }" text-anchor="${right ? "start" : "end"}" fill="#333">${name}</text>`;
    return `<line x1="${start.toFixed(1)}" x2="${
      start.toFixed(1)
    }" y1="16" y2="${
      base + 16
    }" stroke="#8a8a96"><title>${name}</title></line>${
      right || left ? text : ""
    }`;
  });
  const marks = view.marks.filter(({ at }) => at >= view.from).map((mark) =>
    `<path d="M${
      x(mark.at).toFixed(1)
    } ${base}l-4 8h8z" fill="#b00020"><title>${
      escapeText(`${mark.at.toFixed(3)} s: ${mark.text}`)
    }</title></path>`
  );
  const start = x(window.from), wide = Math.max(4, x(window.to) - start);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="10.5" role="img" aria-label="The whole run; its framed part is drawn below">` +
    axisSvg(whole, 0, width, base) +
    cutsSvg(view.cuts, whole, 0, width, base, false) +
    bars.join("") + phases.join("") + marks.join("") +
    `<rect x="${start.toFixed(1)}" y="15" width="${wide.toFixed(1)}" height="${
      base - 15
    }" fill="#1b66b5" fill-opacity="0.12" stroke="#1b66b5" stroke-width="2" rx="2"/></svg>`;
}
