// All cells of a layer over the rows in view, each as a small picture of the same text.

import { calm, h, replace } from "../elements.js";
import { levelColours } from "../theme.js";
import { button } from "./controls.js";

const ACROSS = 2; // pixels of a symbol
const DOWN = 4;
const AT_ONCE = 24;

/** Shows thumbnails in `element`; `source()` names the layer and value, `onPick(unit)` hears a choice. */
export function thumbnails(element, api, { source, onPick, onError }) {
  const grid = h("div", { class: "thumbnails" });
  const count = h("p", { class: "soft small" });
  const more = button({ label: "Show more cells", onClick: () => grow() });
  element.append(count, grid, more);
  let view = null;
  let number = AT_ONCE;
  let turn = 0;

  function grow() {
    number += 2 * AT_ONCE;
    draw();
  }

  async function draw() {
    if (!view) return;
    const mine = ++turn;
    try {
      const parts = [];
      for (let offset = 0; offset < number; offset += 128) {
        const options = { ...source(), start: view.start, stop: view.stop, offset,
          count: Math.min(128, number - offset) };
        parts.push(await api.get("/api/strips", options));
        if (mine !== turn) return;
      }
      show(parts);
    } catch (error) {
      if (mine === turn) onError(error);
    }
  }

  function show(parts) {
    const colours = levelColours();
    const { unit } = api.selection;
    const pictures = parts.flatMap((part) => {
      const bytes = Uint8Array.from(atob(part.levels), (sign) => sign.charCodeAt(0));
      return part.units.map((each, place) => {
        const levels = bytes.subarray(place * part.length, (place + 1) * part.length);
        return thumbnail(each, levels, colours, each === unit);
      });
    });
    const { total } = parts[0];
    count.textContent = `${Math.min(number, total)} of ${total} cells; pick one to colour the text with it.`;
    more.hidden = number >= total;
    replace(grid, pictures);
  }

  function thumbnail(unit, levels, colours, isChosen) {
    const canvas = h("canvas", { width: view.columns * ACROSS, height: view.starts.length * DOWN });
    paint(canvas, levels, colours);
    return h("button", {
      type: "button", class: "thumbnail", "aria-pressed": String(isChosen),
      on: { click: () => onPick(unit) },
    }, canvas, h("span", {}, `unit ${unit}`));
  }

  function paint(canvas, levels, colours) {
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(canvas.width, canvas.height);
    for (let row = 0; row + 1 < view.starts.length; row += 1) {
      const first = view.starts[row];
      const last = Math.min(view.starts[row + 1], first + view.columns);
      for (let step = first; step < last; step += 1) {
        const level = levels[step - view.start];
        if (level === undefined) continue;
        dot(image, (step - first) * ACROSS, row * DOWN, colours[level]);
      }
    }
    pen.putImageData(image, 0, 0);
  }

  return {
    /** Draws the rows that are in view now. */
    update: calm(150, (next) => {
      view = next;
      draw();
    }),
    refresh: draw,
    mark(unit) {
      for (const each of grid.children) {
        each.setAttribute("aria-pressed", String(each.textContent === `unit ${unit}`));
      }
    },
  };
}

function dot(image, left, top, [red, green, blue]) {
  for (let y = top; y < top + DOWN - 1; y += 1) {
    for (let x = left; x < left + ACROSS; x += 1) {
      const place = 4 * (y * image.width + x);
      image.data[place] = red;
      image.data[place + 1] = green;
      image.data[place + 2] = blue;
      image.data[place + 3] = 255;
    }
  }
}
