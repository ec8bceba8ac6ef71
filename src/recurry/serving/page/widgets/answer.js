// What a classifier, a tagger or a translator answers to the text that it reads.

import { h, replace } from "../elements.js";
import { bars } from "./bars.js";
import { present } from "./present.js";

/** Asks for the answer and shows it in `element`; gives a promise of it. */
export async function answer(element, api) {
  let found = null;
  await present(element, ({ signal }) => api.get("/api/answer", {}, { signal }), (given) => {
    found = given;
    replace(element, h("h2", {}, "The model answers"), told(given));
  });
  return found;
}

function told({ words, shares, labels }) {
  if (labels.length) {
    return h("p", { class: "soft" }, `A label for each of ${labels.length.toLocaleString("en")} words: point at one.`);
  }
  if (shares.length) return bars(shares);
  return h("p", { class: "written", tabindex: "0", role: "region", "aria-label": "The answer" },
    words || "nothing: an empty text");
}
