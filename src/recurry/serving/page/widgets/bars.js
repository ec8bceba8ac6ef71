// Names with their shares as bars, such as what a model expects.

import { h, visible } from "../elements.js";

/** A row for each pair of a name and a share from 0 to 1. */
export function bars(pairs) {
  const rows = pairs.flatMap(([name, share]) => {
    const bar = h("i");
    bar.style.width = `${100 * share}%`;
    return [h("span", { class: "mono piece" }, visible(name)), h("span", { class: "bar" }, bar),
      h("span", {}, percent(share))];
  });
  return h("div", { class: "bars" }, rows);
}

/** A share in words, with two digits. */
export function percent(share) {
  return share >= 0.1 ? `${(100 * share).toFixed(0)} %` : `${(100 * share).toPrecision(2)} %`;
}
