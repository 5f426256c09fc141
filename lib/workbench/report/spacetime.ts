/**
 * Lamport's spacetime diagram: a row for each node, time running to the right, and for each
 * message a slanted line from its sending to its arrival. Also runs in the page.
 *
 * Leslie Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM 21
 * (1978); here turned by 90 degrees, so that time runs as in the other drawings.
 */
import {
  axisSvg,
  cutsSvg,
  hatchSvg,
  labelWidth,
  omittedSvg,
  rowLabelsSvg,
  scaleX,
} from "./axes.ts";
import type { Span } from "./cap.ts";
import type { Hop, View } from "./view.ts";

/** How many messages one drawing shows at most: more would blur together. */
export function drawnHops(): number {
  return 3_000;
}

/** The colour of a type of message, by its index among the types. */
export function typeColour(index: number): string {
  const colours = [
    "#1b66b5",
    "#b4481e",
    "#2f7d3a",
    "#7a3fa0",
    "#8a6d00",
    "#00777a",
    "#a3336c",
    "#4d5566",
    "#5b8c00",
    "#c77700",
    "#0097a7",
    "#6d4c41",
  ];
  return index < 0 ? "#8a8a96" : colours[index % colours.length]!;
}

/** A message as a few lines of text. */
export function hopText(hop: Hop): string {
  const { src, dest, type, body, sent, arrived, id } = hop;
  const came = arrived.length === 0
    ? "never arrived"
    : arrived.map((at) =>
      `arrived at ${at.toFixed(6)} s (${((at - sent) * 1e3).toFixed(1)} ms)`
    ).join(", again ");
  return `${type}: ${src} → ${dest} (message ${id})\nsent at ${
    sent.toFixed(6)
  } s, ${came}\n${body}`;
}

/** Which messages are drawn. */
export interface Choice {
  /** Types of messages between servers that are not drawn. */
  hidden: string[];
  /** Whether requests and replies of clients are marked. */
  clients: boolean;
}

/** Where a drawing has its rows, and its moments. */
export interface Plane {
  left: number;
  top: number;
  width: number;
  height: number;
  rowHeight: number;
  /** Whether an endpoint has a row. */
  has(id: string): boolean;
  /** The middle of an endpoint's row. */
  y(id: string): number;
  /** Where a moment is, which may be beyond both ends. */
  x(at: number): number;
  /** The same in an attribute, and not too far beyond them. */
  px(at: number): string;
}

/** Draws the messages of a stretch of time. */
export function spacetimeSvg(
  view: View,
  window: Span,
  width: number,
  choice: Choice,
): string {
  const labels = labelWidth(width, view.workers);
  const plane = planeOf(view.endpoints, window, width, labels);
  const { left, top, height, rowHeight, y } = plane;
  const lifelines = view.endpoints.map((id) =>
    `<line x1="${left}" x2="${width}" y1="${y(id)}" y2="${
      y(id)
    }" stroke="#c9c9d4"/>`
  );
  const downs = view.downs
    .filter(({ from, to }) => from < window.to && to > window.from)
    .map((down) => downSvg(plane, down));
  const hops = view.hops.map((hop, index) => ({ hop, index }))
    .filter(({ hop }) => isShown(hop, window, choice)).slice(0, drawnHops())
    .map(({ hop, index }) => {
      const colour = typeColour(view.types.indexOf(hop.type));
      return `<g data-hop="${index}">${hopSvg(plane, hop, colour)}</g>`;
    });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="10.5" role="img" aria-label="Messages between nodes over time">` +
    hatchSvg() + axisSvg(window, left, width, height) +
    omittedSvg(view.omitted.hops, window, left, width, height) +
    cutsSvg(view.cuts, window, left, width, height) +
    `<clipPath id="inside"><rect x="${left}" y="0" width="${
      width - left
    }" height="${height}"/></clipPath>` +
    lifelines.join("") + `<g clip-path="url(#inside)">` + downs.join("") +
    hops.join("") + "</g>" +
    rowLabelsSvg(view.endpoints, top, rowHeight, left) + "</svg>";
}

/** The plane for these endpoints and a stretch of time, with so much room for labels. */
export function planeOf(
  endpoints: readonly string[],
  window: Span,
  width: number,
  left: number,
): Plane {
  const top = 22;
  const many = endpoints.length;
  const rowHeight = many <= 3 ? 70 : many <= 8 ? 44 : many <= 40 ? 22 : 12;
  const x = scaleX(window, left, width);
  const rows = new Map(endpoints.map((id, i) => [id, i]));
  return {
    left,
    top,
    width,
    height: top + many * rowHeight + 22,
    rowHeight,
    has: (id) => rows.has(id),
    y: (id) => top + ((rows.get(id) ?? 0) + 0.5) * rowHeight,
    x,
    px: (at) => Math.min(width + 200, Math.max(left - 200, x(at))).toFixed(1),
  };
}

/** Whether a message is drawn. */
export function isShown(
  { sent, arrived, client, type }: Hop,
  window: Span,
  { hidden, clients }: Choice,
): boolean {
  return sent <= window.to && (arrived.at(-1) ?? sent) >= window.from &&
    (client ? clients : !hidden.includes(type));
}

/** A bar while a node is down. */
export function downSvg(
  { left, width, rowHeight, x, y }: Plane,
  { node, from, to }: View["downs"][number],
): string {
  const start = Math.max(left, x(from));
  const wide = Math.max(2, Math.min(width, x(to)) - start);
  return `<rect x="${start.toFixed(1)}" y="${
    y(node) - rowHeight * 0.3
  }" width="${wide.toFixed(1)}" height="${
    rowHeight * 0.6
  }" fill="#3a3a48" fill-opacity="0.75"><title>${node} is down</title></rect>`;
}

/** A message: a mark at its node if it is a client's, else its arrivals or its loss. */
export function hopSvg(plane: Plane, hop: Hop, colour: string): string {
  if (hop.client) return stubSvg(plane, hop);
  if (hop.arrived.length === 0) return lostSvg(plane, hop);
  return hop.arrived.map((at, i) => arrowSvg(plane, hop, at, colour, i > 0))
    .join("");
}

/** A line from a sending to an arrival, with a dot at the arrival, and a broad invisible one to point at. */
export function arrowSvg(
  { px, y }: Plane,
  hop: Hop,
  at: number,
  colour: string,
  again: boolean,
): string {
  const points = `x1="${px(hop.sent)}" y1="${y(hop.src)}" x2="${px(at)}" y2="${
    y(hop.dest)
  }"`;
  const dash = again ? ' stroke-dasharray="4 3"' : "";
  return `<line ${points} stroke="${colour}" stroke-width="1.2"${dash}/>` +
    `<circle cx="${px(at)}" cy="${y(hop.dest)}" r="2.6" fill="${colour}"/>` +
    `<line ${points} stroke="transparent" stroke-width="7"/>`;
}

/** A line that ends on its way, with a cross. */
export function lostSvg({ px, y, rowHeight }: Plane, hop: Hop): string {
  const from = y(hop.src), toward = y(hop.dest);
  const flown = Math.sign(toward - from) *
    Math.min(Math.abs(toward - from) * 0.45, rowHeight * 0.8);
  const x1 = Number(px(hop.sent)), x2 = x1 + 10, end = from + flown;
  const d = `M${x1} ${from}L${x2} ${end.toFixed(1)}m-3.5 -3.5l7 7m0 -7l-7 7`;
  return `<path d="${d}" stroke="#d81b60" stroke-width="1.4" fill="none"/>` +
    `<path d="${d}" stroke="transparent" stroke-width="8" fill="none"/>`;
}

/** A client's request points down to its node's line, a reply up from it. */
export function stubSvg({ px, y, has }: Plane, hop: Hop): string {
  const request = has(hop.dest);
  const at = Number(px(request ? hop.arrived[0] ?? hop.sent : hop.sent));
  const line = y(request ? hop.dest : hop.src);
  const tip = request ? 0 : -7, base = request ? -7 : 0;
  const colour = hop.type === "error"
    ? "#d81b60"
    : request
    ? "#8a8a96"
    : "#6DB6FE";
  return `<path d="M${at} ${line + tip}l-3 ${
    base - tip
  }h6z" fill="${colour}"/>`;
}
