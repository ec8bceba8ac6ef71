// A short stretch of text on the colours of a cell, with a line under what has a label.

import { h, printable } from "../elements.js";

/** `levels` are from -127 to 127; `labels` says for each piece whether it is underlined, `titles` what
 * it says when it is pointed at. */
export function passage({ pieces, levels, labels, titles = [], caption }) {
  const symbols = pieces.map((piece, number) => {
    const level = Math.round(((levels[number] + 127) / 254) * 64);
    const shown = printable(piece.replaceAll("\n", "↵\n").replaceAll("\t", "→"));
    return h("i", { class: `v${level}${labels && labels[number] ? " labelled" : ""}`, title: titles[number] }, shown);
  });
  return h("div", { class: "written passage", tabindex: "0", role: "region", "aria-label": caption },
    symbols);
}
