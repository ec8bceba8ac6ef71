// Writing with the model: type, draw, go back, fork, and watch the cells.

import { h, replace, visible } from "../elements.js";
import { levelColours } from "../theme.js";
import { button, controls, layerSelect, notice, number, slider } from "../widgets/controls.js";
import { scale } from "../widgets/scale.js";
import { Written } from "../written.js";

export default {
  name: "write",

  async mount(element, api) {
    const view = new WriteView(element, api);
    await view.written.add({ typed: api.options.prime || "\n" });
    const stop = api.on("theme", () => view.draw());
    return () => {
      stop();
      view.written.close();
    };
  },
};

class WriteView {
  constructor(element, api) {
    this.element = element;
    this.api = api;
    this.chosen = { ...api.selection }; // the unit that colours the text
    this.written = new Written(api, {
      onChange: () => this.draw(),
      onError: (error) => {
        this.draw();
        replace(this.problem, notice(error));
      },
    });
    this.problem = h("div");
    this.texts = h("div");
    this.choices = h("section", { class: "panel" });
    this.cells = h("section", { class: "panel" });
    const texts = h("section", { class: "panel texts" }, this.texts, h("div", { class: "typing" }, this.typing()));
    element.append(this.head(), this.problem,
      h("div", { class: "split" }, h("div", {}, texts, this.cells), this.choices));
  }

  head() {
    const { written } = this;
    this.go = button({ label: "Let it write", kind: "main", onClick: () => written.toggle() });
    return controls(
      this.go,
      button({ label: "One symbol", onClick: () => written.add({ draw: 1 }) }),
      button({ label: "100 symbols", onClick: () => written.add({ draw: 100 }) }),
      button({ label: "Take back one", onClick: () => written.add({ back: 1 }) }),
      button({ label: "Fork", title: "go on in two ways from here", onClick: () => written.add({ fork: true }) }),
      slider({ label: "Temperature", min: 0, max: 2, step: 0.05, value: written.temperature,
        show: (value) => value.toFixed(2), onChange: (value) => {
          written.temperature = value;
          written.add({});
        } }),
    );
  }

  typing() {
    const typed = h("input", { type: "text", placeholder: "Type here; Enter is a line's end",
      "aria-label": "Type a text", autocomplete: "off", spellcheck: "false" });
    typed.addEventListener("input", () => {
      if (typed.value) this.written.add({ typed: typed.value });
      typed.value = "";
    });
    typed.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.written.add({ typed: "\n" });
      else if (event.key === "Backspace") this.written.add({ back: 1 });
      else return;
      event.preventDefault();
    });
    return typed;
  }

  draw() {
    replace(this.problem);
    this.go.textContent = this.written.isWriting ? "Stop" : "Let it write";
    if (!this.written.line.now.length) return; // nothing has been answered yet
    this.drawTexts();
    this.drawChoices();
    this.drawCells();
  }

  drawTexts() {
    const { lines, line, active } = this.written;
    const forks = lines.map((each, place) => {
      const isActive = place === active;
      const text = h("div", { class: "written", tabindex: "0", role: "region", "aria-label": `Text ${place + 1}` },
        each.pieces.map((piece, at) => this.symbol(each, piece, at)),
        isActive ? h("span", { class: "caret" }) : null);
      const open = isActive ? null
        : button({ label: `Go on with text ${place + 1}`, onClick: () => this.written.add({ open: place }) });
      return h("div", { class: isActive ? "line active" : "line" }, open, text);
    });
    replace(this.texts, scale({ name: line.painted || "c" }), forks);
    const last = this.texts.querySelector(".active .written");
    last.scrollTop = last.scrollHeight;
  }

  symbol(line, piece, at) {
    const level = line.cells[at][this.layerNumber()][this.chosen.unit];
    const shown = piece === "\n" ? "↵\n" : visible(piece).replaceAll("␣", " ");
    return h("i", { class: `v${level}` }, shown);
  }

  layerNumber() {
    return Math.max(0, this.api.about.layers.findIndex((one) => one.index === this.chosen.layer));
  }

  drawChoices() {
    const { expected, entropy } = this.written.line;
    const rows = expected.flatMap(({ id, symbol: name, share }) => {
      const bar = h("i");
      bar.style.width = `${100 * share}%`;
      const take = id === null ? h("span", { class: "soft" }, name)
        : h("button", { type: "button", class: "mono choice", "aria-label": `write ${visible(name)}`,
          on: { click: () => this.written.add({ symbol: id }) } }, visible(name));
      return [take, h("span", { class: "bar" }, bar), h("span", {}, `${(100 * share).toFixed(1)} %`)];
    });
    replace(this.choices, h("h2", {}, "What may come next"), h("div", { class: "bars" }, rows),
      h("p", { class: "soft small" }, `Uncertainty: ${entropy.toFixed(2)} nats, as if choosing among `
        + `${Math.exp(entropy).toFixed(1)} equal symbols.`),
      h("p", { class: "soft small" }, "Pick a symbol to write it."));
  }

  drawCells() {
    const { now } = this.written.line;
    const { layers } = this.api.about;
    const colours = levelColours();
    const unit = number({ label: "Unit that colours the text", min: 0, value: this.chosen.unit,
      max: layers[this.layerNumber()].hidden_size - 1, onChange: (value) => this.choose({ unit: value }) });
    const layer = layerSelect(this.api, ({ index, direction, hidden_size: size }) => (
      this.choose({ layer: index, direction, unit: Math.min(this.chosen.unit, size - 1) })));
    replace(this.cells, h("h2", {}, "Cells after the last symbol"), controls(layer, unit),
      layers.map((one, place) => this.cellsOf(one, place, now[place], colours)));
  }

  choose(change) {
    Object.assign(this.chosen, change);
    this.api.select(change);
    this.draw();
  }

  /** All cells of a layer as squares, of which one can be picked. */
  cellsOf(layer, place, levels, colours) {
    const chosen = place === this.layerNumber() ? this.chosen.unit : null;
    const canvas = cellsPicture(layer, levels, { colours, chosen, ink: getComputedStyle(this.element).color });
    canvas.addEventListener("click", (event) => {
      const { across, down } = gridOf(layer);
      const box = canvas.getBoundingClientRect();
      const x = Math.floor(((event.clientX - box.left) / box.width) * across);
      const y = Math.floor(((event.clientY - box.top) / box.height) * down);
      const unit = y * across + x;
      if (unit < layer.hidden_size) this.choose({ layer: layer.index, direction: layer.direction, unit });
    });
    return h("figure", { class: "cells" }, canvas, h("figcaption", { class: "soft small" }, `layer ${layer.label}`));
  }
}

const SIZE = 10; // pixels of a cell

function gridOf({ hidden_size: size }) {
  const across = Math.min(64, Math.ceil(Math.sqrt(size * 4)));
  return { across, down: Math.ceil(size / across) };
}

function cellsPicture(layer, levels, { colours, chosen, ink }) {
  const { across, down } = gridOf(layer);
  const canvas = h("canvas", { width: across * SIZE, height: down * SIZE, class: "cells", role: "img",
    "aria-label": `The ${layer.hidden_size} cells of layer ${layer.label}` });
  const pen = canvas.getContext("2d");
  const corner = (unit) => [(unit % across) * SIZE, Math.floor(unit / across) * SIZE];
  levels.forEach((level, unit) => {
    pen.fillStyle = `rgb(${colours[level].join(" ")})`;
    pen.fillRect(...corner(unit), SIZE - 1, SIZE - 1);
  });
  if (chosen !== null) {
    pen.strokeStyle = ink;
    pen.lineWidth = 2;
    pen.strokeRect(...corner(chosen), SIZE - 1, SIZE - 1);
  }
  return canvas;
}
