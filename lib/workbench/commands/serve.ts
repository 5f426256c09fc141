/**
 * The `serve` command: the runs of a store in a browser. It listens on this machine only,
 * unless told otherwise, and serves nothing outside the store.
 */
import { dirname, extname, join, sep } from "node:path";
import { type Validity, verdictText, worst } from "../checkers/verdict.ts";
import { flagsText, type Options, shellWord } from "../history/options.ts";
import { type Figures, figureText } from "../scenarios/limits.ts";
import { invocation } from "../executable/invocation.ts";
import { type Html, Html as Raw, html } from "../report/html.ts";
import style from "../report/page.css" with { type: "text" };
import { REPORT_FILE } from "../report/report.ts";
import { RESULTS_FILE } from "../recording.ts";
import { titleOf } from "../scenarios/standards.ts";
import { print } from "../terminal/print.ts";
import { noWords, parseFlags, PORT } from "./flags.ts";
import { isFolder, STORE } from "./store.ts";

/** Where the server listens by default: on this machine alone. */
const HOST = "127.0.0.1";

/** `serve`; returns the exit status. */
export async function serve(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(args, {
    port: "number",
    host: "text",
    store: "text",
  }, { p: "port" });
  noWords(parsed, "A store is named with --store DIR");
  const { store = STORE, host = HOST } = parsed.texts;
  const { url, finished } = serveStore(store, parsed.numbers.port, host);
  if (!isFolder(store)) {
    console.error(
      `There is no folder ${store} yet: it is made by the first run`,
    );
  }
  if (!isLoopback(host)) {
    console.error(
      `Whoever reaches ${host} can read the runs, and nothing protects them`,
    );
  }
  print(`The runs of ${store}/ are at ${url} until Ctrl-C`);
  await finished;
  return 0;
}

/** Content types by file extension; other files are offered for download. */
const TYPES: { readonly [end: string]: string } = {
  ".html": "text/html; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".jsonl": "text/plain; charset=utf-8",
  ".log": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".gz": "application/gzip",
};

/** Pages may use only what is in them. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

/** A run in the list. */
export interface ListedRun {
  /** Its folder, relative to the store: `"broadcast/20260101T120000.000Z"`. */
  path: string;
  /** When it began: its folder's name. */
  time: string;
  /** The program, or the workload if no program is known. */
  name: string;
  verdict: Validity;
  /** Its flags, and seed, faults and machine if it was simulated. */
  flags: string;
  /** Messages between servers for each operation. */
  msgsPerOp: number | undefined;
}

/** A running server. */
export interface Serving {
  /** Its address. */
  url: string;
  /** Resolves when it has ended. */
  finished: Promise<void>;
  /** Ends it. */
  stop(): Promise<void>;
}

/**
 * Serves a store.
 *
 * @param port 0 takes any that is free
 * @throws {Error} the port cannot be used; the message says what to do
 */
export function serveStore(
  store: string,
  port: number = PORT,
  hostname: string = HOST,
): Serving {
  const onListen = () => {};
  try {
    const options = { hostname, port, onListen };
    const server = Deno.serve(options, (request) => respond(store, request));
    const shown = hostname.includes(":") ? `[${hostname}]` : hostname;
    const url = `http://${shown}:${server.addr.port}/`;
    const { finished } = server;
    return { url, finished, stop: () => server.shutdown() };
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new Error(
        `Cannot listen on ${hostname}:${port}: something else does. End it, or take another port, as in ${invocation()} serve --port ${
          port + 1
        }`,
      );
    }
    if (!(error instanceof Error)) throw error;
    throw new Error(
      `Cannot listen on ${hostname}:${port}: ${error.message}. Name an address of this machine`,
      { cause: error },
    );
  }
}

/** Whether only this machine can reach an address. */
function isLoopback(hostname: string): boolean {
  return /^(127\.|localhost$|::1$)/.test(hostname);
}

/** Answers one request: the list for `/`, otherwise a file of the store, or a folder's files. */
export async function respond(
  store: string,
  request: Request,
): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return text(405, "Only GET and HEAD are answered here");
  }
  const { pathname } = new URL(request.url);
  if (pathname === "/") return page(listPage(await listRuns(store)));
  const path = await insideStore(store, pathname);
  if (path === null) return text(404, "There is no such file in the store");
  const { isDirectory, size } = await Deno.stat(path);
  if (isDirectory) {
    // Links in the list of files are relative to the folder.
    return pathname.endsWith("/")
      ? page(await folderPage(path, pathname))
      : Response.redirect(new URL(pathname + "/", request.url));
  }
  const type = TYPES[extname(path)] ?? "application/octet-stream";
  const headers = {
    ...HEADERS,
    "content-type": type,
    "content-length": `${size}`,
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  const file = await Deno.open(path);
  return new Response(file.readable, { headers });
}

/**
 * The real path of a file or folder that a URL names, if it is inside the store: dots, even
 * encoded ones, and links lead nowhere else.
 */
async function insideStore(
  store: string,
  pathname: string,
): Promise<string | null> {
  try {
    const root = await Deno.realPath(store);
    const path = await Deno.realPath(join(root, decodeURIComponent(pathname)));
    return path.startsWith(root + sep) ? path : null;
  } catch {
    // No such file, or a name that no file can have.
    return null;
  }
}

/** The runs of a store, the newest first. A folder without results is not a finished run. */
export async function listRuns(store: string): Promise<ListedRun[]> {
  const folders = (await Promise.all(
    (await names(store, "isDirectory")).map(async (workload) =>
      (await names(join(store, workload), "isDirectory"))
        .map((time) => ({ workload, time }))
    ),
  )).flat();
  const runs = await Promise.all(folders.map(async ({ workload, time }) => {
    try {
      const file = join(store, workload, time, RESULTS_FILE);
      const summary = JSON.parse(await Deno.readTextFile(file));
      return [listed(`${workload}/${time}`, time, summary)];
    } catch {
      return [];
    }
  }));
  return runs.flat().sort((a, b) => a.time < b.time ? 1 : -1);
}

/** The part of a run's `results.json` that the list shows. */
interface Summary {
  label?: string | null;
  program: string | null;
  workload: string;
  bin?: string | null;
  args?: string[];
  options: Options;
  seed: number | null;
  faults?: string | null;
  machine?: string | null;
  figures: Figures;
  results: { "valid?": Validity };
  strict: { "valid?": Validity };
}

function listed(path: string, time: string, summary: Summary): ListedRun {
  const { options, seed, faults, machine, results, strict, bin, args } =
    summary;
  const name = titleOf(summary);
  const shown = [bin ?? "", ...args ?? []].map(shellWord).join(" ");
  const flags = [
    ...(bin && shown !== `bin/${name}` ? [shown] : []),
    flagsText(options),
    ...(seed === null ? [] : [`seed ${seed}`]),
    ...(faults && faults !== "official" ? [`${faults} faults`] : []),
    ...(machine && machine !== "quiet" ? [`${machine} machine`] : []),
  ];
  return {
    path,
    time,
    name,
    verdict: worst(results["valid?"], strict["valid?"]),
    flags: flags.join(", "),
    msgsPerOp: summary.figures["servers.msgs-per-op"],
  };
}

/** The names in a folder, links left out; none when there is no such folder. */
async function names(
  folder: string,
  kind: "isDirectory" | "isFile",
): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder)))
      .filter((entry) => entry[kind]).map(({ name }) => name).sort();
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isNone) return [];
    throw error;
  }
}

function listPage(runs: readonly ListedRun[]): Html {
  return document(
    "Runs",
    html`
      <h1>Runs</h1>
      <p
        class="lead">The newest first. The colour is the worse of both judges' verdicts; S is messages between servers for each request of a client.</p>
      ${runs.length === 0
        ? html`<p class="missing">There is no run yet. Try: make broadcast-3e</p>`
        : html`
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th>verdict</th>
                  <th>program</th>
                  <th class="number">S</th>
                  <th>began (UTC)</th>
                  <th>flags</th>
                  <th></th>
                </tr>
              </thead>
              <tbody>${runs.map(runRow)}</tbody>
            </table>
          </div>
        `}
    `,
  );
}

function runRow(run: ListedRun): Html {
  const { path, time, name, verdict, flags, msgsPerOp } = run;
  const word = verdictText(verdict);
  return html`
    <tr>
      <td><span class="badge ${word}">${word}</span></td>
      <td class="name"><a href="/${path}/${REPORT_FILE}">${name}</a></td>
      <td class="number">${msgsPerOp === undefined
        ? "–"
        : figureText(msgsPerOp)}</td>
      <td class="number">${readable(time)}</td>
      <td class="wide">${flags}</td>
      <td><a href="/${path}/">files</a></td>
    </tr>
  `;
}

/** A folder's name as a date and a time, if it is one. */
function readable(time: string): string {
  return time.replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d).*$/,
    "$1-$2-$3 $4:$5:$6",
  );
}

async function folderPage(path: string, pathname: string): Promise<Html> {
  const files = await names(path, "isFile");
  const folders = await names(path, "isDirectory");
  const links = [...folders.map((name) => `${name}/`), ...files];
  const up = pathname.split("/").length > 3 ? `${dirname(pathname)}/` : "/";
  return document(
    pathname,
    html`
      <h1>${decodeURIComponent(pathname)}</h1>
      <p><a href="${up.replace(
        "//",
        "/",
      )}">up</a> · <a href="/">all runs</a></p>
      <ul>${links.map((name) =>
        html`<li><a href="${
          name.split("/").map(encodeURIComponent).join("/")
        }">${name}</a></li>`
      )}</ul>
    `,
  );
}

function document(title: string, body: Html): Html {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <link rel="icon" href="data:,">
        <title>${title}</title>
        <style>${new Raw(style)}</style>
      </head>
      <body>${body}</body>
    </html>
  `;
}

function page(content: Html): Response {
  const headers = { ...HEADERS, "content-type": TYPES[".html"]! };
  return new Response(content.text, { headers });
}

function text(status: number, message: string): Response {
  const headers = { ...HEADERS, "content-type": "text/plain; charset=utf-8" };
  return new Response(`${message}\n`, { status, headers });
}
