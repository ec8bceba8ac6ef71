// A text on the colours of how much each of its symbols has to do with one part of the answer.

import { h, replace } from "../elements.js";
import { passage } from "./passage.js";

/**
 * A button for each part of the answer, and the text under them, coloured for the part that is
 * pointed at or picked. `values` has a row for each part and a number from -1 to 1 for each of
 * `pieces`; `scale` says what the colours mean, `told(part)` in words what is shown.
 */
export function traced({ parts, pieces, values, picked = 0, scale, told }) {
  const heading = h("p", { class: "small soft", "aria-live": "polite" });
  const text = h("div");
  const buttons = parts.map((name, row) => h("button", {
    type: "button",
    on: { click: () => pick(row), pointerenter: () => pick(row) },
  }, name));

  function pick(row) {
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(place === row)));
    replace(heading, told(parts[row]));
    replace(text, passage({
      pieces, levels: values[row].map((value) => 127 * value), caption: told(parts[row]),
      titles: values[row].map((value) => value.toPrecision(2)),
    }));
  }

  if (parts.length) pick(Math.min(picked, parts.length - 1));
  return [h("div", { class: "parts" }, buttons), heading, scale, text];
}

/** The text of some pieces as a field of one line can hold it. */
export function asLine(pieces) {
  return pieces.join("").replace(/\s*\n\s*/g, " ").trim();
}
