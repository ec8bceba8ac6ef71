// The bar that says what the colours mean.

import { h } from "../elements.js";

const LEVELS = 65; // of colours, from blue over white to red

/** The scale of a named value with words at its ends. */
export function scale({ name, isGate, isSigned = name === "h" }) {
  const shown = isSigned ? name : `tanh(${name})`;
  const [low, high] = isGate ? [`${name} = 0, shut`, "1, open"] : [`${shown} = −1`, "+1"];
  return scaleBar(low, high);
}

/** The colours between two words; of values that are never negative only those from white to red. */
export function scaleBar(low, high, { isSigned = true } = {}) {
  const steps = [];
  for (let level = isSigned ? 0 : (LEVELS - 1) / 2; level < LEVELS; level += 2) {
    steps.push(h("i", { class: `v${level}` }));
  }
  return h("p", { class: "scale" }, h("span", {}, low),
    h("span", { class: "bar", "aria-hidden": "true" }, steps), h("span", {}, high));
}
