// Writing with the model: type, draw, go back, fork, and watch the cells.

import { h, replace, visible } from "../elements.js";
import { levelColours } from "../theme.js";
import { button, controls, layerSelect, notice, number, slider } from "../widgets/controls.js";
import { scale } from "../widgets/scale.js";

export default {
  name: "write",

  async mount(element, api) {
    const lines = [newLine()]; // forks, each a text of its own
    let active = 0;
    let temperature = 0.8;
    let isBusy = false;
    let isStopped = true;
    const chosen = { ...api.selection };

    const problem = h("div");
    const texts = h("section", { class: "panel texts" });
    const choices = h("section", { class: "panel" });
    const cells = h("section", { class: "panel" });
    const head = h("div");
    element.append(head, problem, h("div", { class: "split" }, h("div", {}, texts, cells), choices));

    const line = () => lines[active];

    /** Asks the server for a step and puts what comes back at the end of the text. */
    async function step(what) {
      if (isBusy) return false;
      isBusy = true;
      const mine = line();
      try {
        const answer = await api.post("/api/write", { ids: mine.ids, temperature, seed: mine.seed, ...what });
        take(mine, answer);
        replace(problem);
        draw();
        return true;
      } catch (error) {
        replace(problem, notice(error));
        return false;
      } finally {
        isBusy = false;
      }
    }

    function take(mine, answer) {
      const layers = answer.cells.map((text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)));
      answer.ids.forEach((id, place) => {
        mine.ids.push(id);
        mine.pieces.push(answer.pieces[place]);
        mine.cells.push(layers.map((bytes, layer) => part(bytes, place, sizeOf(layer))));
      });
      if (!answer.ids.length) mine.now = layers.map((bytes, layer) => part(bytes, 0, sizeOf(layer)));
      else mine.now = mine.cells.at(-1);
      mine.expected = answer.expected;
      mine.entropy = answer.entropy_nats;
      mine.painted = answer.painted;
    }

    const sizeOf = (layer) => api.about.layers[layer].hidden_size;

    async function back(count) {
      const mine = line();
      const kept = Math.max(0, mine.ids.length - count);
      for (const list of [mine.ids, mine.pieces, mine.cells]) list.length = kept;
      await step({});
    }

    function fork(at) {
      const mine = line();
      const copy = newLine(lines.length);
      for (const list of ["ids", "pieces", "cells"]) copy[list] = mine[list].slice(0, at ?? mine[list].length);
      lines.push(copy);
      active = lines.length - 1;
      step({});
    }

    async function run() {
      isStopped = !isStopped;
      fillHead();
      while (!isStopped && element.isConnected && line().ids.length < 4900) {
        if (!(await step({ draw: 1 }))) break;
        await new Promise((done) => setTimeout(done, 60));
      }
      isStopped = true;
      fillHead();
    }

    function fillHead() {
      replace(head, controls(
        button({ label: isStopped ? "Let it write" : "Stop", kind: "main", onClick: () => run() }),
        button({ label: "One symbol", onClick: () => step({ draw: 1 }) }),
        button({ label: "100 symbols", onClick: () => step({ draw: 100 }) }),
        button({ label: "Take back one", onClick: () => back(1) }),
        button({ label: "Fork", title: "go on in two ways from here", onClick: () => fork() }),
        slider({ label: "Temperature", min: 0, max: 2, step: 0.05, value: temperature,
          show: (value) => value.toFixed(2), onChange: (value) => {
            temperature = value;
            later();
          } }),
      ));
    }

    let timer = 0;
    function later() {
      clearTimeout(timer);
      timer = setTimeout(() => step({}), 150);
    }

    const typed = h("input", { type: "text", placeholder: "Type here; Enter is a line's end",
      "aria-label": "Type a text", autocomplete: "off", spellcheck: "false" });
    typed.addEventListener("input", async () => {
      const text = typed.value;
      typed.value = "";
      if (text) await queue(text);
    });
    typed.addEventListener("keydown", async (event) => {
      if (event.key === "Enter") await queue("\n");
      else if (event.key === "Backspace") await back(1);
      else return;
      event.preventDefault();
    });

    let waiting = "";
    async function queue(text) {
      waiting += text;
      while (waiting && !isBusy) {
        const next = waiting;
        waiting = "";
        if (!(await step({ typed: next }))) return;
      }
    }

    function draw() {
      drawTexts();
      drawChoices();
      drawCells();
    }

    function drawTexts() {
      const forks = lines.map((each, place) => {
        const text = h("div", { class: "written", tabindex: "0", role: "region", "aria-label": `Text ${place + 1}` },
          each.pieces.map((piece, at) => symbol(each, piece, at)),
          place === active ? h("span", { class: "caret" }) : null);
        const open = place === active ? null
          : button({ label: `Go on with text ${place + 1}`, onClick: () => {
            active = place;
            step({});
          } });
        return h("div", { class: place === active ? "line active" : "line" }, open, text);
      });
      const shown = document.activeElement === typed;
      replace(texts, scale({ name: line().painted || "c" }), forks, h("div", { class: "typing" }, typed));
      if (shown) typed.focus();
      const last = texts.querySelector(".active .written");
      last.scrollTop = last.scrollHeight;
    }

    function symbol(mine, piece, at) {
      const level = mine.cells[at][layerNumber()][chosen.unit];
      const shown = piece === "\n" ? "↵\n" : visible(piece).replaceAll("␣", " ");
      return h("i", { class: `v${level}` }, shown);
    }

    const layerNumber = () => Math.max(0, api.about.layers.findIndex((one) => one.index === chosen.layer));

    function drawChoices() {
      const mine = line();
      const rows = (mine.expected || []).flatMap(({ id, symbol: name, share }) => {
        const bar = h("i");
        bar.style.width = `${100 * share}%`;
        const take = id === null ? h("span", { class: "soft" }, name)
          : h("button", { type: "button", class: "mono choice", "aria-label": `write ${visible(name)}`,
            on: { click: () => step({ symbol: id }) } }, visible(name));
        return [take, h("span", { class: "bar" }, bar), h("span", {}, `${(100 * share).toFixed(1)} %`)];
      });
      const sure = mine.entropy === undefined ? "" : `Uncertainty: ${mine.entropy.toFixed(2)} nats, as if choosing`
        + ` among ${Math.exp(mine.entropy).toFixed(1)} equal symbols.`;
      replace(choices, h("h2", {}, "What may come next"), h("div", { class: "bars" }, rows),
        h("p", { class: "soft small" }, sure), h("p", { class: "soft small" }, "Pick a symbol to write it."));
    }

    function drawCells() {
      const { now } = line();
      const colours = levelColours();
      const { layers } = api.about;
      const pictures = layers.map((layer, place) => grid(now[place], colours, layer, place));
      const unit = number({ label: "Unit that colours the text", min: 0, max: layers[layerNumber()].hidden_size - 1,
        value: chosen.unit, onChange: (value) => choose({ unit: value }) });
      replace(cells, h("h2", {}, "Cells after the last symbol"), controls(
        layerSelect(api, (layer) => choose({ layer: layer.index, direction: layer.direction,
          unit: Math.min(chosen.unit, layer.hidden_size - 1) })), unit), pictures);
    }

    function choose(change) {
      Object.assign(chosen, change);
      api.select(change);
      draw();
    }

    function grid(levels, colours, layer, place) {
      const across = Math.min(64, Math.ceil(Math.sqrt(layer.hidden_size * 4)));
      const down = Math.ceil(layer.hidden_size / across);
      const size = 10;
      const canvas = h("canvas", { width: across * size, height: down * size, class: "cells",
        role: "img", "aria-label": `The ${layer.hidden_size} cells of layer ${layer.label}` });
      const pen = canvas.getContext("2d");
      levels.forEach((level, unit) => {
        pen.fillStyle = `rgb(${colours[level].join(" ")})`;
        pen.fillRect((unit % across) * size, Math.floor(unit / across) * size, size - 1, size - 1);
      });
      if (place === layerNumber()) {
        pen.strokeStyle = getComputedStyle(element).color;
        pen.lineWidth = 2;
        pen.strokeRect((chosen.unit % across) * size, Math.floor(chosen.unit / across) * size, size - 1, size - 1);
      }
      canvas.addEventListener("click", (event) => {
        const box = canvas.getBoundingClientRect();
        const x = Math.floor(((event.clientX - box.left) / box.width) * across);
        const y = Math.floor(((event.clientY - box.top) / box.height) * down);
        const unit = y * across + x;
        if (unit < layer.hidden_size) choose({ layer: layer.index, direction: layer.direction, unit });
      });
      return h("figure", { class: "cells" }, canvas, h("figcaption", { class: "soft small" }, `layer ${layer.label}`));
    }

    fillHead();
    await step({ typed: api.options.prime || "\n" });
    const stop = api.on("theme", draw);
    return () => {
      isStopped = true;
      stop();
    };
  },
};

function newLine(seed = Math.floor(Math.random() * 1e6)) {
  return { ids: [], pieces: [], cells: [], now: [], expected: [], seed };
}

function part(bytes, place, size) {
  return bytes.subarray(place * size, (place + 1) * size);
}
