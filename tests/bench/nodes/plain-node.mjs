/** Echo on Node.js alone: chunks from stdin, the answers of each written at once. */
import process from "node:process";

let id = "";
let tail = "";

function answer(line) {
  const { src, body } = JSON.parse(line);
  if (body.type === "init") id = body.node_id;
  const reply = body.type === "init"
    ? { type: "init_ok", in_reply_to: body.msg_id }
    : { type: "echo_ok", in_reply_to: body.msg_id, echo: body.echo };
  return JSON.stringify({ src: id, dest: src, body: reply });
}

process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  const lines = (tail + text).split("\n");
  tail = lines.pop();
  let replies = "";
  for (const line of lines) replies += answer(line) + "\n";
  process.stdout.write(replies);
});
