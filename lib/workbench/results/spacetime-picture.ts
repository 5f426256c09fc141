/**
 * Draws the spacetime diagram of one gather-and-scatter period of a broadcast, for
 * challenges/README.md.
 *
 *     deno run -A lib/workbench/results/spacetime-picture.ts
 */
import { nodesOf } from "../history/options.ts";
import { record } from "../campaign/simulate.ts";
import { scaleX } from "../report/axes.ts";
import type { Span } from "../report/cap.ts";
import { spacetimeSvg } from "../report/spacetime.ts";
import { type Hop, type View, viewOf } from "../report/view.ts";

/** The program and the seed whose period is drawn. */
const NAME = "broadcast-3e";
const SEED = 1;

const WIDTH = 1000;

/** The share of nodes that a scatter speaks to at once. */
const SCATTERED = 0.8;

/** All messages of one scatter are sent within this time, in seconds. */
const AT_ONCE = 0.005;

/** The times at which a node sends to most of the others at once, in seconds. */
export function scatters(hops: readonly Hop[], nodes: number): number[] {
  const times: number[] = [];
  const bySender = Map.groupBy(
    hops.filter(({ client }) => !client),
    ({ src }) => src,
  );
  for (const sent of bySender.values()) {
    for (let i = 0; i < sent.length;) {
      const start = sent[i]!.sent;
      let end = i;
      while (end < sent.length && sent[end]!.sent - start < AT_ONCE) end++;
      if (end - i >= SCATTERED * (nodes - 1)) times.push(start);
      i = end;
    }
  }
  return times.sort((a, b) => a - b);
}

/** What is drawn: messages between nodes, and the requests that bring new values. */
function withoutReads(view: View): View {
  const hops = view.hops.filter(({ client, type }) =>
    !client || type === "broadcast"
  );
  return { ...view, hops };
}

/** A text above the drawing, centred over a stretch. */
function caption(window: Span, { from, to }: Span, text: string): string {
  const x = scaleX(window, 108, WIDTH);
  const [start, end] = [x(from), x(to)].map((px) =>
    Math.max(108, Math.min(WIDTH - 1, px))
  ) as [number, number];
  return `<path d="M${start.toFixed(1)} 4v6H${
    end.toFixed(1)
  }v-6" transform="translate(0 24)" fill="none" stroke="#333"/>` +
    `<text x="${
      ((start + end) / 2).toFixed(1)
    }" y="20" text-anchor="middle" font-family="system-ui, sans-serif" font-size="12" fill="#111">${text}</text>`;
}

/** One period: from the arrival of one scatter to the arrival of the next. */
async function spacetimePicture(): Promise<string> {
  const recording = await record({
    name: NAME,
    seed: SEED,
    faults: "official",
  });
  const view = withoutReads(viewOf(recording));
  const latency = Number(recording.options.latency) / 1e3;
  const nodes = nodesOf(recording.options).length;
  const [, , first, second] = scatters(view.hops, nodes);
  if (first === undefined || second === undefined) {
    throw new Error(`Cannot draw a period of ${NAME}: it scatters too seldom`);
  }
  const window = { from: first - 0.05, to: second + latency + 0.05 };
  const gathers = view.hops.filter(({ client, sent, arrived }) =>
    !client && sent > first + latency && (arrived[0] ?? 0) <= second
  );
  const gathered = {
    from: Math.min(...gathers.map(({ sent }) => sent)),
    to: second,
  };
  const drawing = spacetimeSvg(view, window, WIDTH, {
    hidden: [],
    clients: true,
  });
  const height = Number(/height="(\d+)"/.exec(drawing)![1]) + 34;
  const inner = drawing.replace("<svg ", '<svg y="34" ');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"><title>One period of ${NAME} (simulated, seed ${SEED})</title><rect width="100%" height="100%" fill="white"/>` +
    caption(
      window,
      { from: first + latency, to: gathered.from },
      "nodes collect what clients bring them (▾)",
    ) +
    caption(window, gathered, "gather") +
    caption(window, { from: second, to: second + latency }, "scatter") +
    `${inner}</svg>\n`;
}

if (import.meta.main) {
  const url = new URL("./pictures/", import.meta.url);
  await Deno.mkdir(url, { recursive: true });
  const file = new URL("spacetime-3e.svg", url);
  await Deno.writeTextFile(file, await spacetimePicture());
  console.log(file.pathname);
}
