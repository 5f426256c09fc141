/** What a node's author is told of an odd line or reply. */
import { assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../lib/workbench/history/json.ts";
import {
  type Asked,
  reply,
  runWriting,
  type Writer,
} from "../fixtures/written-nodes.ts";

const echo = (asked: Asked, more: JsonObject = {}) =>
  reply(asked, { echo: asked.body.echo!, ...more });

Deno.test("a message that was meant as a reply, but cannot be one, is explained", async () => {
  const explained = async (fields: JsonObject) => {
    const { strict } = await runWriting(
      "echo",
      (asked) => echo(asked, fields) + "\n",
    );
    return strict.anomalies.find(({ type }) => type === "unsolicited-reply")
      ?.because[0];
  };
  assertStringIncludes(
    await explained({ in_reply_to: "1" }) ?? "",
    "its in_reply_to is not an integer",
  );
  assertStringIncludes(
    await explained({ in_reply_to: null }) ?? "",
    "it has no in_reply_to",
  );
});

Deno.test("a violation says what is wrong with the line or the field", async () => {
  const said = async (write: Writer, name: string) => {
    const { strict } = await runWriting("echo", write);
    return strict.anomalies.find(({ type }) => type === name)?.because[0] ?? "";
  };
  const deep = (asked: Asked) =>
    echo(asked).replace("{", `{"x":${"[".repeat(2_000)}${"]".repeat(2_000)},`);
  assertStringIncludes(
    await said((asked) => deep(asked) + "\n", "protocol-violation"),
    "a line that is nested more than 1000 levels deep",
  );
  assertStringIncludes(
    await said((asked) => `\ufeff${echo(asked)}\n`, "protocol-violation"),
    "a line that begins with a byte order mark",
  );
  assertStringIncludes(
    await said(
      (asked) => echo(asked, { msg_id: "7" }) + "\n",
      "malformed-reply",
    ),
    '"msg_id" must be an integer',
  );
});
