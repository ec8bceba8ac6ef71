// A box in which another text can be given to the model.

import { ApiError } from "../api.js";
import { h, replace } from "../elements.js";
import { button, notice } from "./controls.js";

/** A button that opens the box. */
export function ownText(api) {
  const box = h("textarea", { rows: 7, "aria-label": "Your own text", placeholder: "Paste or type a text" });
  const file = h("input", { type: "file", "aria-label": "A file with a text" });
  const problem = h("div");
  const dialog = h("dialog", { class: "own", "aria-label": "Let the model read another text" },
    h("h2", {}, "Let the model read another text"),
    h("p", { class: "soft small" }, "It stays on this machine. Symbols that the model does not know are"
      + " outlined.", api.about.records === null ? "" : " Each line is a record, which is answered by itself."),
    box, file, problem,
    h("div", { class: "controls" },
      button({ label: "Read it", kind: "main", onClick: () => read() }),
      button({ label: "Cancel", onClick: () => dialog.close() })));

  async function read() {
    try {
      const [given] = file.files;
      const text = given ? await textOf(given) : box.value;
      await api.post("/api/text", { text, name: given ? given.name : "your own text" });
      dialog.close();
    } catch (error) {
      replace(problem, notice(error));
    }
  }

  return h("span", {}, button({ label: "Another text …", onClick: () => dialog.showModal() }), dialog);
}

/** The text of a file; an error where it holds none. */
async function textOf(file) {
  let text = "\0";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it cannot be read at all
  }
  if (!text.includes("\0")) return text;
  throw new ApiError(400, { what: `This is no text in UTF-8: ${file.name}.`,
    accepted: "text in UTF-8, without NUL bytes" });
}
