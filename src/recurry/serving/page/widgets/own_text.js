// A box in which another text can be given to the model.

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
      + " outlined."),
    box, file, problem,
    h("div", { class: "controls" },
      button({ label: "Read it", kind: "main", onClick: () => read() }),
      button({ label: "Cancel", onClick: () => dialog.close() })));

  async function read() {
    try {
      const [given] = file.files;
      const text = given ? await given.text() : box.value;
      await api.post("/api/text", { text, name: given ? given.name : "your own text" });
      dialog.close();
    } catch (error) {
      replace(problem, notice(error));
    }
  }

  return h("span", {}, button({ label: "Another text …", onClick: () => dialog.showModal() }), dialog);
}
