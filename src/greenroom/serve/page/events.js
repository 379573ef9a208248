/** Server-sent events out of a stream of bytes. */

/**
 * @param {Response} answer
 * @returns {AsyncGenerator<{id: string, kind: string, data: object}>}
 */
export async function* serverEvents(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { id: "", kind: "message", data: "" };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (event.data) yield { ...event, data: JSON.parse(event.data) };
          event = { id: event.id, kind: "message", data: "" };
          continue;
        }
        // A line that begins with a colon is a sign of life; its field is empty and known to nobody.
        const [, field, said] = line.match(/^([^:]*)(?:: ?(.*))?$/s) ?? [];
        if (field === "id") event.id = said ?? "";
        else if (field === "event") event.kind = said ?? "";
        else if (field === "data") event.data += (event.data ? "\n" : "") + (said ?? "");
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
