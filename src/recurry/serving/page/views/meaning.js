// The neuron finder: which cell knows which property of the text, and whether that can be believed.

import { h, replace } from "../elements.js";
import { button, controls, notice, number, text } from "../widgets/controls.js";
import { passage } from "../widgets/passage.js";
import { present } from "../widgets/present.js";
import { scale } from "../widgets/scale.js";
import { table } from "../widgets/table.js";

export default {
  name: "meaning",

  async mount(element, api) {
    const chosen = { pattern: api.options.pattern || "", symbols: Number(api.options.symbols) || 50000 };
    const head = h("div");
    const list = h("section", { class: "panel" });
    const detail = h("section", { class: "panel" });
    element.append(head, h("div", { class: "split" }, list, detail));
    let found = [];

    function load() {
      const options = { symbols: chosen.symbols, top: 8, pattern: chosen.pattern };
      api.setDownloads(options);
      return present(list, (asked) => api.view("meaning", options, asked), draw);
    }

    function draw(finding) {
      found = finding.properties;
      replace(list, h("h2", {}, `What ${finding.num_cells.toLocaleString("en")} cells know of
        ${finding.num_symbols.toLocaleString("en")} symbols`), overview());
      const first = [...found].filter(isFound).sort((a, b) => b.cells[0].score - a.cells[0].score)[0];
      show(first || found[0]);
    }

    function overview() {
      const rows = found.map((one) => ({ ...one, one, best: one.cells.length ? one.cells[0].score : null,
        cell: one.cells.length ? one.cells[0].address : null }));
      return table({
        caption: "Pick a property to see its cells on the text", rows, onPick: (row) => show(row.one),
        columns: [
          { key: "name", title: "property" },
          { key: "cell", title: "best cell", show: (cell, row) => (isFound(row) ? cell : "–") },
          { key: "best", title: "score", isNumber: true, show: (score) => (score === null ? "–" : score.toFixed(3)) },
          { key: "baseline", title: "by chance, up to", isNumber: true,
            show: (score) => (score === null ? "–" : score.toFixed(3)) },
          { key: "share", title: "of the text", isNumber: true, show: (share) => `${(100 * share).toFixed(1)} %` },
          { key: "cells", title: "does it know?", show: (_, row) => verdict(row) },
        ],
      });
    }

    function show(one) {
      if (!one.cells.length) {
        replace(detail, h("h2", {}, one.name), h("p", {}, verdict(one)));
        return;
      }
      const [best] = one.cells;
      replace(detail,
        h("h2", {}, isFound(one) ? `Cell ${best.address}: ${one.name}` : `${one.name}: ${verdict(one)}`),
        h("p", { class: "small" }, isFound(one) ? explain(one, best) : `The best cell scores
          ${best.score.toFixed(3)}; cells chosen by labels moved to the wrong places reach up to
          ${one.baseline.toFixed(3)}, so this may well be chance.`),
        button({ label: "Colour the text with this cell", kind: "main", onClick: () => open(best) }),
        h("h3", {}, "On the text"), scale({ name: api.about.painted }),
        passage({ ...one.excerpt, caption: `Text on the colours of cell ${best.address}` }),
        h("p", { class: "soft small" }, `Underlined: where it holds (${one.says}).`),
        h("h3", {}, "The best cells"), cellsTable(one));
    }

    function cellsTable(one) {
      return table({
        caption: "Pick a cell to colour the whole text with it", rows: one.cells, onPick: open,
        columns: [
          { key: "address", title: "cell" },
          { key: "score", title: "score", isNumber: true, show: (score) => score.toFixed(3) },
          { key: "threshold", title: "on", show: (level, cell) => `${cell.is_reversed ? "below" : "from"} ${level.toFixed(2)}` },
          { key: "is_claimed", title: "knows it", show: (_, cell) => strength(cell) },
        ],
      });
    }

    function open(cell) {
      api.select({ layer: cell.layer, direction: cell.direction, unit: cell.unit, name: api.about.painted });
      location.hash = "#/text";
    }

    replace(head, controls(
      text({ label: "Your own property: a regular expression", value: chosen.pattern, wide: true,
        placeholder: 'such as "[^"]*" or \\bKing\\b', onChange: (pattern) => {
          chosen.pattern = pattern;
          load();
        } }),
      number({ label: "Symbols that are read", min: 200, max: 1000000, step: 100, value: chosen.symbols,
        onChange: (symbols) => {
          chosen.symbols = symbols;
          load();
        } }),
    ));
    if (!api.about.num_symbols) {
      replace(list, notice({ what: "There is no text to look at." }));
      return;
    }
    await load();
  },
};

function isFound(one) {
  return one.cells.length > 0 && one.cells[0].is_claimed;
}

function verdict(one) {
  return one.cells.length ? strength(one.cells[0]) : one.why_not;
}

/** How well one cell knows it, in words. */
function strength({ is_claimed: isClaimed, score }) {
  if (!isClaimed) return "no better than chance";
  if (score >= 0.9) return "found";
  return score >= 0.7 ? "in part" : "a little";
}

function explain(one, best) {
  const side = best.is_reversed ? `below ${best.threshold.toFixed(2)}` : `from ${best.threshold.toFixed(2)} on`;
  return `It tells whether the model has just read ${one.says}: right in ${(100 * best.score).toFixed(1)} %
    of all pairs of a symbol with and one without, where 50 % is chance. It is on ${side}.`;
}
