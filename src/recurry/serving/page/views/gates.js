// How long each gate of each unit is shut or open: a disc a unit, and a histogram a layer.

import { h, replace } from "../elements.js";
import { controls, notice, number, select } from "../widgets/controls.js";
import { histogram } from "../widgets/plot.js";
import { present } from "../widgets/present.js";
import { scatter } from "../widgets/scatter.js";
import { table } from "../widgets/table.js";

export default {
  name: "gates",

  async mount(element, api) {
    const chosen = { name: api.options.gate || "", symbols: Number(api.options.symbols) || 20000 };
    const head = h("div");
    const discs = h("section", { class: "panel" });
    const picked = h("section", { class: "panel" });
    const below = h("div", { class: "panels" });
    element.append(head, h("div", { class: "split" }, discs, picked), below);
    let charts = [];
    let finding = null;

    function load() {
      const options = { symbols: chosen.symbols };
      api.setDownloads(options);
      return present(discs, (asked) => api.view("gates", options, asked), (answer) => {
        finding = answer;
        if (!names().includes(chosen.name)) [chosen.name] = names();
        fillHead();
        draw();
      });
    }

    const names = () => [...new Set(finding.gates.map((gate) => gate.name))];
    const shown = () => finding.gates.filter((gate) => gate.name === chosen.name);

    function fillHead() {
      replace(head, controls(
        select({ label: "Gate", options: names(), value: chosen.name, onChange: (name) => {
          chosen.name = name;
          draw();
        } }),
        number({ label: "Symbols that are counted", min: 100, max: 1000000, step: 100,
          value: chosen.symbols, onChange: (symbols) => {
            chosen.symbols = symbols;
            load();
          } }),
      ));
    }

    function draw() {
      const groups = shown().map((gate) => ({ label: layerName(gate), points: gate.shut.map(
        (shut, unit) => ({ x: shut, y: gate.open[unit], gate, unit,
          title: `${layerName(gate)}, unit ${unit}: shut ${percent(shut)}, open ${percent(gate.open[unit])}` }),
      ) }));
      replace(discs, h("h2", {}, `Gate ${chosen.name}, over ${finding.num_symbols.toLocaleString("en")} symbols`),
        scatter({
          label: `Share of time that gate ${chosen.name} of each unit is shut and open`,
          x: "share of time below 0.1 (shut)", y: "share of time above 0.9 (open)",
          limits: [[0, 1], [0, 1]], groups, onPick: ({ gate, unit }) => show(gate, unit),
        }));
      fillTable();
      fillHistograms();
    }

    function fillTable() {
      const rows = shown().flatMap((gate) => gate.shut.map((shut, unit) => (
        { gate, unit, layer: layerName(gate), cell: `${gate.layer}:${unit}`, shut, open: gate.open[unit] })));
      rows.sort((a, b) => b.open - a.open);
      replace(picked, h("h2", {}, "Units"), h("p", { class: "soft small" },
        "Pick one to see it over the text."), table({
        caption: `Gate ${chosen.name}: the longest open first`, rows, most: 60,
        onPick: (row) => show(row.gate, row.unit),
        columns: [
          { key: "cell", title: "unit", show: (cell, row) => `${cell}${row.gate.direction === "backward" ? " b" : ""}` },
          { key: "shut", title: "shut", isNumber: true, show: percent },
          { key: "open", title: "open", isNumber: true, show: percent },
        ],
      }));
    }

    function fillHistograms() {
      for (const chart of charts) chart.destroy();
      const panels = shown().map((gate) => h("section", { class: "panel" },
        h("h2", {}, `Values of ${chosen.name}, ${layerName(gate)}`)));
      replace(below, panels);
      charts = shown().map((gate, place) => {
        const total = gate.counts.reduce((sum, count) => sum + count, 0) || 1;
        return histogram(panels[place], {
          label: `How often gate ${chosen.name} of ${layerName(gate)} has each value`, x: "value",
          y: "share", edges: finding.edges, counts: gate.counts.map((count) => count / total),
        });
      });
    }

    function show(gate, unit) {
      api.select({ layer: gate.layer, direction: gate.direction, name: gate.name, unit });
      location.hash = "#/text";
    }

    if (api.about.gates && !api.about.gates.length) {
      replace(element, notice({ what: "This cell has no gates: none of its values is kept between 0 and 1.",
        accepted: "a cell with a named sigmoid, such as lstm or gru" }));
      return null;
    }
    await load();
    return () => {
      for (const chart of charts) chart.destroy();
    };
  },
};

function layerName({ layer, direction }) {
  return direction === "backward" ? `layer ${layer} backward` : `layer ${layer}`;
}

function percent(share) {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}
