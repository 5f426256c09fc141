/** What a bare echo node answers: no library, no checks, no errors. */
let id = "";

/** The reply to a line, without its newline. */
export function answer(line: string): string {
  const { src, body } = JSON.parse(line);
  if (body.type === "init") id = body.node_id;
  const reply = body.type === "init"
    ? { type: "init_ok", in_reply_to: body.msg_id }
    : { type: "echo_ok", in_reply_to: body.msg_id, echo: body.echo };
  return JSON.stringify({ src: id, dest: src, body: reply });
}
