// Which symbols of the text an answer hangs on.

import { h, printable } from "../elements.js";
import { controls, text } from "../widgets/controls.js";
import { present } from "../widgets/present.js";
import { records } from "../widgets/records.js";
import { scaleBar } from "../widgets/scale.js";
import { asLine, traced } from "../widgets/traced.js";

export default {
  name: "saliency",

  mount(element, api, view) {
    const options = { text: api.options.text || "" };
    const head = h("div");
    const result = h("section", { class: "panel" });
    element.append(head, result);

    function load() {
      api.setDownloads(options);
      return present(result, (asked) => api.view("saliency", options, asked), (found) => {
        head.replaceChildren(controls(text({ label: "Text", wide: true,
          value: asLine(found.text), onChange: (words) => {
            options.text = words;
            load();
          } }), records(api)));
        const parts = found.answers.map(printable);
        result.replaceChildren(h("h2", {}, `The model answers ${shorten(found.answer)}`), ...traced({
          parts, pieces: found.pieces, values: scaled(found.values), picked: found.chosen[0] || 0,
          scale: scaleBar("speaks against it", "speaks for it"), told: (part) => `What ${part} hangs on`,
        }));
        // Of one answer the picture would be the text once more.
        if (found.chosen.length > 1) {
          result.append(h("h3", {}, "All of it"), h("img", { class: "picture",
            src: api.fileUrl("saliency", "svg", options), alt: view.caption }));
        }
      });
    }

    return load();
  },
};

/** Numbers from -1 to 1, by the largest of all. */
function scaled(values) {
  let largest = 0;
  for (const row of values) for (const value of row) largest = Math.max(largest, Math.abs(value));
  return values.map((row) => row.map((value) => value / (largest || 1)));
}

function shorten(words) {
  return words.length > 80 ? `${words.slice(0, 79)}…` : words;
}
