// A text on the colours of how much each of its symbols has to do with one part of the answer.

import { h, replace } from "../elements.js";
import { passage } from "./passage.js";

/**
 * A button for each part of the answer, and the text under them, coloured for the part that is
 * pointed at, or else for the one that was picked. `values` has a row for each part and a number from -1 to 1 for each of
 * `pieces`; `scale` says what the colours mean, `told(part)` in words what is shown.
 */
export function traced({ parts, pieces, values, picked: first = 0, scale, told }) {
  const heading = h("p", { class: "small soft", "aria-live": "polite" });
  const text = h("div");
  let picked = Math.min(first, parts.length - 1);
  const buttons = parts.map((name, row) => h("button", {
    type: "button",
    on: { click: () => pick(row), pointerenter: () => show(row) },
  }, name));

  function pick(row) {
    picked = row;
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(place === row)));
    show(row);
  }

  function show(row) {
    replace(heading, told(parts[row]));
    replace(text, passage({
      pieces, levels: values[row].map((value) => 127 * value), caption: told(parts[row]),
      titles: values[row].map((value) => value.toPrecision(2)),
    }));
  }

  if (parts.length) pick(picked);
  return [h("div", { class: "parts", on: { pointerleave: () => show(picked) } }, buttons), heading, scale, text];
}

/** A text as a field of one line can hold it. */
export function asLine(text) {
  return text.replace(/\s*\n\s*/g, " ").trim();
}
