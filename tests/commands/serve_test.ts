/** `serve` shows what is in the store and nothing else. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { needs } from "../fixtures/permitted.ts";
import {
  listRuns,
  respond,
  serveStore,
} from "../../lib/workbench/commands/serve.ts";

const files = needs("read", "write", "net");

/** A store with three runs, beside a secret that is not in it. */
async function withStore(test: (store: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const store = join(folder, "store");
    const add = async (path: string, summary: object) => {
      await Deno.mkdir(join(store, path, "node-logs"), { recursive: true });
      const write = (name: string, text: string) =>
        Deno.writeTextFile(join(store, path, name), text);
      await write("results.json", JSON.stringify(summary));
      await write("report.html", `<p>report of ${path}</p>`);
      await write("node-logs/n0.log", "a line\n");
    };
    const run = { options: { rate: 5 }, seed: null, figures: {} };
    const valid = { "valid?": true }, invalid = { "valid?": false };
    await add("echo/20260101T000000.000Z", {
      ...run,
      program: null,
      workload: "echo",
      results: valid,
      strict: valid,
    });
    await add("echo/20260103T000000.000Z", {
      ...run,
      program: "echo-1",
      workload: "echo",
      seed: 7,
      faults: "chaos",
      machine: "busy",
      results: valid,
      strict: invalid,
    });
    await add("broadcast/20260102T000000.000Z", {
      ...run,
      program: "<b>",
      workload: "broadcast",
      results: { "valid?": "unknown" },
      strict: valid,
    });
    await Deno.mkdir(join(store, "echo", "20260104T000000.000Z"));
    await Deno.symlink("20260103T000000.000Z", join(store, "echo", "latest"));
    await Deno.writeTextFile(join(folder, "secret.txt"), "secret");
    await Deno.symlink(
      join(folder, "secret.txt"),
      join(store, "echo", "link.txt"),
    );
    await Deno.symlink(folder, join(store, "out"));
    await test(store);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function get(store: string, path: string, method = "GET"): Promise<Response> {
  return respond(
    store,
    new Request(`http://127.0.0.1:8080${path}`, { method }),
  );
}

Deno.test(
  "serve lists finished runs, the newest first, with the worse verdict of both judges",
  files,
  async () => {
    await withStore(async (store) => {
      const runs = await listRuns(store);
      assertEquals(
        runs.map((
          { time, name, verdict },
        ) => [time.slice(0, 8), name, verdict]),
        [
          ["20260103", "echo-1", false],
          ["20260102", "<b>", "unknown"],
          ["20260101", "echo", true],
        ],
      );
      assertEquals(
        runs[0]!.flags,
        "--rate 5, seed 7, chaos faults, busy machine",
      );
      const page = await (await get(store, "/")).text();
      assertStringIncludes(page, '<span class="badge invalid">invalid</span>');
      assertStringIncludes(page, "/echo/20260103T000000.000Z/report.html");
      assertStringIncludes(page, "&#60;b&#62;");
    });
  },
);

Deno.test(
  "serve says so when there is no run, or no store",
  files,
  async () => {
    const page = await (await get("/nowhere/at/all", "/")).text();
    assertStringIncludes(page, "There is no run yet");
    const { pathname: file } = new URL(import.meta.url);
    assertEquals(await listRuns(file), [], "a file is no store");
  },
);

Deno.test(
  "serve says on stderr that its store is not there yet",
  needs("run", "read"),
  async () => {
    const cli = new URL("../../lib/workbench/cli.ts", import.meta.url);
    const flags = ["--port", "0", "--store", "/nowhere/at/all"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", cli.href, "serve", ...flags],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stdout = child.stdout.getReader();
    await stdout.read(); // it listens
    child.kill("SIGKILL");
    await stdout.cancel();
    assertStringIncludes(
      await child.stderr.text(),
      "There is no folder /nowhere/at/all yet",
    );
    await child.status;
  },
);

Deno.test(
  "serve gives a run's report, its files and a list of them",
  files,
  async () => {
    await withStore(async (store) => {
      const run = "/echo/20260103T000000.000Z";
      const report = await get(store, `${run}/report.html`);
      assertEquals(
        report.headers.get("content-type"),
        "text/html; charset=utf-8",
      );
      assertStringIncludes(await report.text(), "report of echo");
      const latest = await get(store, "/echo/latest/report.html");
      assertEquals(latest.status, 200);
      assertStringIncludes(await latest.text(), "20260103");
      const folder = await (await get(store, `${run}/`)).text();
      for (const name of ["node-logs/", "report.html", "results.json"]) {
        assertStringIncludes(folder, `<a href="${name}">`);
      }
      const redirect = await get(store, run);
      assertEquals(redirect.status, 302);
      assert(redirect.headers.get("location")?.endsWith(`${run}/`));
      const head = await get(store, `${run}/report.html`, "HEAD");
      assertEquals(await head.text(), "");
      assertEquals(Number(head.headers.get("content-length")) > 0, true);
    });
  },
);

Deno.test(
  "serve gives nothing that is outside of the store: no dots, encoded or not, and no link leads out",
  files,
  async () => {
    await withStore(async (store) => {
      const outside = [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/echo/..%2f..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/echo/link.txt",
        "/out/secret.txt",
        "/out/",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/echo/%00",
        "/%",
        "/..%2f",
      ];
      for (const path of outside) {
        const response = await get(store, path);
        assertEquals(response.status, 404, path);
        assertEquals((await response.text()).includes("secret"), false, path);
      }
    });
  },
);

Deno.test("serve answers GET and HEAD only", files, async () => {
  await withStore(async (store) => {
    for (const method of ["POST", "PUT", "DELETE"]) {
      const response = await get(store, "/", method);
      assertEquals(response.status, 405);
      await response.body?.cancel();
    }
  });
});

Deno.test(
  "serve listens on this machine only, and says what to do when the port is taken",
  files,
  async () => {
    await withStore(async (store) => {
      const serving = serveStore(store, 0);
      try {
        const { hostname, port } = new URL(serving.url);
        assertEquals(hostname, "127.0.0.1");
        const response = await fetch(serving.url);
        assertStringIncludes(await response.text(), "echo-1");
        let message = "";
        try {
          serveStore(store, Number(port));
        } catch (error) {
          message = String(error);
        }
        assertStringIncludes(message, `Cannot listen on 127.0.0.1:${port}`);
        assertStringIncludes(message, `--port ${Number(port) + 1}`);
      } finally {
        await serving.stop();
      }
    });
  },
);
