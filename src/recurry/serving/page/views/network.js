// The network rolled up and unrolled, its weights, and the cell whose named values can be picked.

import { drawing, h, replace, visible } from "../elements.js";
import { controls, slider } from "../widgets/controls.js";
import { present } from "../widgets/present.js";
import { scale } from "../widgets/scale.js";
import { table } from "../widgets/table.js";

export default {
  name: "network",

  async mount(element, api) {
    const cell = h("section", { class: "panel" });
    const values = h("section", { class: "panel values" });
    const rolled = h("section", { class: "panel" });
    const unrolled = h("section", { class: "panel" });
    const weights = h("section", { class: "panel" });
    element.append(cell, values, h("div", { class: "panels network-forms" }, rolled, unrolled), weights);
    let steps = Number(api.options.steps || 4);

    function load(asked) {
      api.setDownloads({ steps });
      return api.view("network", { steps }, asked);
    }

    await present(cell, load, (finding) => {
      replace(rolled, h("h2", {}, "Rolled up"), picture(finding.rolled,
        "Loops carry the state from one step to the next."));
      drawUnrolled(finding);
      replace(weights, weightTable(finding));
      replace(cell, showCell(finding.cell, (name) => showValues(name)));
      return showValues(finding.cell.states[0] || "h");
    });

    function drawUnrolled(finding) {
      const holder = h("div", {}, picture(finding.unrolled,
        "All boxes in one row have the same weights."));
      const change = (value) => {
        steps = value;
        present(holder, load, (changed) => replace(holder, picture(changed.unrolled, "")));
      };
      replace(unrolled, h("h2", {}, "Unrolled"), controls(
        slider({ label: "Steps", min: 1, max: 12, value: steps, onChange: change })), holder);
    }

    function showValues(name) {
      const { layer, direction, start } = api.selection;
      const where = { name, layer, direction, start, count: 40 };
      return present(values, (asked) => api.get("/api/named", where, asked),
        (found) => replace(values, valueTable(name, found, layer, api.about)));
    }
  },
};

function picture(svg, words) {
  if (!svg) return h("p", { class: "soft" }, "There are too many layers to draw.");
  return h("div", {}, h("div", { class: "drawing" }, drawing(svg)), h("p", { class: "soft small" }, words));
}

function showCell(cell, onPick) {
  const shown = h("div", { class: "drawing" }, drawing(cell.drawing));
  const known = new Set(cell.named);
  shown.firstElementChild.setAttribute("role", "group");
  shown.firstElementChild.setAttribute("aria-label", `The cell ${cell.name}`);
  for (const node of shown.querySelectorAll("[data-name]")) {
    const { name } = node.dataset;
    if (!known.has(name)) continue;
    node.classList.add("node");
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    const pick = () => {
      shown.querySelectorAll(".node.picked").forEach((other) => other.classList.remove("picked"));
      node.classList.add("picked");
      onPick(name);
    };
    node.addEventListener("click", pick);
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        pick();
      }
    });
  }
  const math = new DOMParser().parseFromString(cell.math, "application/xml").documentElement;
  return [
    h("h2", {}, `One step of the cell: ${cell.name}`),
    h("p", { class: "soft small" }, "Pick a box to see its values on the text below."),
    shown,
    h("div", { class: "panels formulas" },
      h("div", {}, h("h3", {}, "As mathematics"), h("div", { class: "math" }, document.importNode(math, true))),
      h("div", {}, h("h3", {}, "As equations"), h("pre", { class: "code", tabindex: "0" }, cell.equations))),
    cell.source ? h("p", { class: "soft small" }, cell.source) : null,
  ];
}

function valueTable(name, { pieces, levels, units }, layer, { gates = [], signed = [] }) {
  const head = h("tr", {}, h("th", { scope: "col" }, "unit"),
    pieces.map((piece) => h("th", { scope: "col", class: "piece" }, visible(piece))));
  const rows = levels.map((row, place) => h("tr", {}, h("th", { scope: "row" }, String(units[place])),
    row.map((level) => h("td", { class: `v${level}` }))));
  return [
    h("h2", {}, `${name} while the model reads`),
    h("p", { class: "soft small" }, `Layer ${layer}: a row for each of the first units, a column for each`
      + " symbol of the text."), scale({ name, isGate: gates.includes(name), isSigned: signed.includes(name) }),
    h("div", { class: "matrix", tabindex: "0", role: "region", "aria-label": `Values of ${name}` },
      h("table", {}, h("thead", {}, head), h("tbody", {}, rows))),
  ];
}

function weightTable({ rows, total }) {
  return [
    h("h2", {}, `${total.toLocaleString("en")} weights`),
    table({
      caption: "Every tensor of the model",
      rows,
      columns: [
        { key: "part", title: "part" },
        { key: "name", title: "name" },
        { key: "shape", title: "shape" },
        { key: "weights", title: "weights", isNumber: true, show: (n) => n.toLocaleString("en") },
        { key: "starts_as", title: "starts as" },
      ],
    }),
  ];
}
