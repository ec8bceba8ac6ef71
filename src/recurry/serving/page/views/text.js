// The text as the model reads it, coloured by one cell; every other cell in small below.

import { h, replace } from "../elements.js";
import { answer } from "../widgets/answer.js";
import { button, controls, layerSelect, notice, number, select } from "../widgets/controls.js";
import { moment } from "../widgets/moment.js";
import { ownText } from "../widgets/own_text.js";
import { reader } from "../widgets/reader.js";
import { records } from "../widgets/records.js";
import { scale } from "../widgets/scale.js";
import { thumbnails } from "../widgets/thumbnails.js";

export default {
  name: "text",

  mount(element, api) {
    const chosen = begin(api);
    const source = () => ({ layer: chosen.layer, direction: chosen.direction, name: chosen.name,
      unit: chosen.unit });
    const head = h("div");
    const legend = h("div");
    const problem = h("div");
    const left = h("section", { class: "panel" });
    const answers = api.about.records !== null; // one to each record
    const answerPanel = answers ? h("section", { class: "panel" }) : null;
    const expects = answers ? "" : " what the model expects next and";
    const right = h("section", { class: "panel moment" },
      h("p", { class: "soft" }, "Point at a symbol, or move through the text with the arrow keys, to see",
        `${expects} what this cell does.`),
      h("p", { class: "soft" }, "Which cell knows whether it is inside quotes, or how long a line is? ",
        h("a", { href: "#/meaning" }, "Meaning"), " names it, and a click there colours the text with it."));
    const below = h("section", { class: "panel" }, h("h2", {}, "All cells of this layer over the same rows"));
    const marked = h("p", { class: "marked small" });
    left.append(legend, marked);
    element.append(head, problem, h("div", { class: "split" }, left, h("div", {}, answerPanel, right)),
      below);

    let inView = { start: 0, stop: 600 };
    const fail = (error) => replace(problem, notice(error));
    let answered = null;
    const panel = moment(right, api, { source, labels: (step) => answered?.label_shares[step] });
    if (answers) {
      answer(answerPanel, api).then((found) => {
        answered = found;
        panel.again();
      }).catch(fail);
    }
    const small = thumbnails(below, api, {
      source: () => ({ layer: chosen.layer, direction: chosen.direction, name: chosen.name,
        order: chosen.order }),
      onPick: (unit) => choose({ unit }),
      onError: fail,
    });
    const text = reader(left, api, {
      source, label: "The text, coloured by the chosen cell", onError: fail,
      onPoint: (step, piece) => panel.show(step, piece),
      onSeek: (range) => panel.follow(range),
      onView: (view) => {
        replace(problem);
        inView = view;
        setDownloads();
        small.update(view);
      },
      onBrush: (start, stop) => {
        api.select({ start, stop });
        showMarked();
      },
    });

    function choose(change) {
      Object.assign(chosen, change);
      api.select({ layer: chosen.layer, direction: chosen.direction, name: chosen.name,
        unit: chosen.unit });
      fillHead();
      panel.forget();
      text.refresh();
      if ("unit" in change && Object.keys(change).length === 1) small.mark(chosen.unit);
      else small.refresh();
    }

    function fillHead() {
      const { hidden_size: size } = layerOf(api, chosen);
      const names = api.about.names;
      replace(head, controls(
        layerSelect(api, (layer) => choose({ layer: layer.index, direction: layer.direction,
          unit: Math.min(chosen.unit, layer.hidden_size - 1) })),
        select({ label: "Value", options: names, value: chosen.name, onChange: (name) => choose({ name }) }),
        number({ label: `Unit, 0 to ${size - 1}`, min: 0, max: size - 1, value: chosen.unit,
          onChange: (unit) => choose({ unit }) }),
        button({ label: "‹ cell", title: "previous cell", onClick: () => move(-1) }),
        button({ label: "cell ›", title: "next cell", onClick: () => move(1) }),
        select({ label: "Order of cells", options: [["interest", "what varies most first"],
          ["number", "by number"]], value: chosen.order, onChange: (order) => choose({ order }) }),
        records(api),
        ownText(api),
      ));
      const { gates = [], signed = [] } = api.about;
      replace(legend, scale({ name: chosen.name, isGate: gates.includes(chosen.name),
        isSigned: signed.includes(chosen.name) }));
      setDownloads();
    }

    function setDownloads() {
      const back = chosen.direction === "backward" ? "b" : "";
      const isState = (api.about.states || []).includes(chosen.name);
      const cell = isState ? `${chosen.layer}${back}:${chosen.name}:${chosen.unit}` : "";
      api.setDownloads({ cell, start: inView.start, length: Math.max(1, inView.stop - inView.start) });
    }

    function move(by) {
      const { hidden_size: size } = layerOf(api, chosen);
      choose({ unit: (chosen.unit + by + size) % size });
    }

    function showMarked() {
      const { start, stop } = api.selection;
      text.mark(start, stop);
      if (stop <= start) {
        replace(marked, "Drag over a stretch of the text, or hold Shift with the arrow keys, to mark it.");
        return;
      }
      replace(marked, `Marked: ${stop - start} symbols. `,
        h("a", { href: "#/find" }, "Find cells and places with the same pattern"));
    }

    fillHead();
    showMarked();
    const stopListening = api.on("theme", () => small.refresh());
    if (api.options.step) text.show(Number(api.options.step)).catch(fail);
    return () => {
      stopListening();
      text.destroy();
    };
  },
};

/** What is shown first: what the address names, else what was looked at last. */
function begin(api) {
  const { options, selection, about } = api;
  const chosen = { order: "interest", ...selection };
  if (options.layer !== undefined) chosen.layer = Number(options.layer);
  if (options.direction) chosen.direction = options.direction;
  if (options.unit !== undefined) chosen.unit = Number(options.unit);
  chosen.name = options.name || selection.name || about.painted;
  api.select({ layer: chosen.layer, direction: chosen.direction, unit: chosen.unit });
  return chosen;
}

function layerOf(api, { layer, direction }) {
  const { layers } = api.about;
  return layers.find((one) => one.index === layer && one.direction === direction) || layers[0];
}
