// The bar that says what the colours mean.

import { h } from "../elements.js";

/** The scale from blue to red with words at its ends and its middle. */
export function scale({ name, isGate, isSigned = name === "h" }) {
  const steps = [];
  for (let level = 0; level < 65; level += 2) steps.push(h("i", { class: `v${level}` }));
  const shown = isSigned ? name : `tanh(${name})`;
  const [low, high] = isGate ? [`${name} = 0, shut`, "1, open"] : [`${shown} = −1`, "+1"];
  return h("p", { class: "scale" }, h("span", {}, low),
    h("span", { class: "bar", "aria-hidden": "true" }, steps), h("span", {}, high));
}
