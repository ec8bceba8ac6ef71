// Which symbols of the source each written symbol was made from.

import { h, printable } from "../elements.js";
import { controls, text } from "../widgets/controls.js";
import { present } from "../widgets/present.js";
import { records } from "../widgets/records.js";
import { scaleBar } from "../widgets/scale.js";
import { asLine, traced } from "../widgets/traced.js";

export default {
  name: "attention",

  mount(element, api, view) {
    const options = { text: api.options.text || "" };
    const head = h("div");
    const result = h("section", { class: "panel" });
    const picture = h("section", { class: "panel" });
    element.append(head, result, picture);

    function load() {
      api.setDownloads(options);
      return present(result, (asked) => api.view("attention", options, asked), (found) => {
        head.replaceChildren(controls(text({ label: "Source", value: asLine(found.text), wide: true,
          onChange: (words) => {
            options.text = words;
            load();
          } }), records(api)));
        result.replaceChildren(h("h2", {}, "What was written"), ...traced({
          parts: found.target.map(printable), pieces: found.source, values: found.weights,
          scale: scaleBar("not looked at", "looked at alone", { isSigned: false }),
          told: (part) => `What the model looked at when it wrote ${part}`,
        }));
        picture.replaceChildren(h("h2", {}, "All of it"), h("img", { class: "picture",
          src: api.fileUrl("attention", "svg", options), alt: view.caption }));
      });
    }

    return load();
  },
};
