// Cells that are on over a marked stretch, and the other places where the same cells are on.

import { calm, h, printable, replace } from "../elements.js";
import { checkbox, controls, layerSelect, notice, select, slider } from "../widgets/controls.js";
import { plot } from "../widgets/plot.js";
import { present } from "../widgets/present.js";
import { reader } from "../widgets/reader.js";
import { table } from "../widgets/table.js";

export default {
  name: "find",

  mount(element, api) {
    const view = new FindView(element, api);
    view.look();
    return () => view.end();
  },
};

class FindView {
  constructor(element, api) {
    this.api = api;
    this.chosen = { ...api.selection, threshold: 0.3, is_exact: true, share: 1, isEveryLayer: true };
    this.chart = null;
    this.isFirst = true; // until the reader has been moved to the stretch
    const left = h("section", { class: "panel" },
      h("p", { class: "soft small" }, "Drag over a stretch of the text, or mark it with Shift and the arrow keys."));
    const panel = () => h("section", { class: "panel" });
    [this.cells, this.places, this.profile] = [panel(), panel(), panel()];
    this.look = calm(120, () => this.ask());
    element.append(this.head(), h("div", { class: "split" }, left, this.cells), this.profile, this.places);
    this.text = this.reader(left);
  }

  head() {
    const { chosen } = this;
    const choose = (name) => (value) => {
      chosen[name] = value;
      this.look();
    };
    return controls(
      layerSelect(this.api, (layer) => {
        this.colour({ layer: layer.index, direction: layer.direction,
          unit: Math.min(chosen.unit, layer.hidden_size - 1) });
        this.look();
      }),
      select({ label: "Cells of", options: [["all", "all layers"], ["one", "this layer"]], value: "all",
        onChange: (value) => choose("isEveryLayer")(value === "all") }),
      slider({ label: "On from", min: 0.05, max: 0.95, step: 0.05, value: chosen.threshold,
        show: (value) => value.toFixed(2), onChange: choose("threshold") }),
      slider({ label: "Share of the cells elsewhere", min: 0.1, max: 1, step: 0.05, value: chosen.share,
        show: (value) => `${Math.round(100 * value)} %`, onChange: choose("share") }),
      checkbox({ label: "off right before and behind", value: chosen.is_exact, onChange: choose("is_exact") }),
    );
  }

  reader(left) {
    const { api, chosen } = this;
    return reader(left, api, {
      source: () => ({ layer: chosen.layer, direction: chosen.direction, unit: chosen.unit }),
      label: "The text, coloured by the chosen cell", height: "20rem",
      onPoint: () => {}, onView: () => {}, onError: (error) => replace(this.cells, notice(error)),
      onBrush: (start, stop) => {
        Object.assign(chosen, { start, stop });
        api.select({ start, stop });
        this.look();
      },
    });
  }

  /** Colours the text with another cell. */
  colour(cell) {
    Object.assign(this.chosen, cell);
    this.api.select(cell);
    this.text.refresh();
  }

  ask() {
    const { start, stop, threshold, is_exact, share, isEveryLayer, layer } = this.chosen;
    const options = { start, stop, threshold, is_exact, share, layer: isEveryLayer ? -1 : layer, most: 100 };
    this.api.setDownloads(options);
    return present(this.cells, (asked) => this.api.view("find", options, asked), (finding) => this.show(finding));
  }

  show(finding) {
    Object.assign(this.chosen, { start: finding.start, stop: finding.stop });
    this.text.mark(finding.start, finding.stop);
    this.showCells(finding);
    this.showPlaces(finding);
    this.showProfile(finding);
    if (this.isFirst) this.text.show(finding.start).catch(() => {});
    this.isFirst = false;
  }

  showCells({ cells: found, stop, start }) {
    if (!found.length) {
      replace(this.cells, h("h2", {}, "No cell is on all over this stretch"),
        h("p", {}, "Mark a shorter stretch, lower the threshold, or allow cells that are on around it, too."));
      return;
    }
    const name = (unit, one) => `${one.layer}:${unit}${one.direction === "backward" ? " b" : ""}`;
    replace(this.cells, h("h2", {}, `${found.length === 1 ? "1 cell is" : `${found.length} cells are`} on over these `
      + `${stop - start} symbols`), table({
      caption: "Pick a cell to colour the text with it", rows: found,
      columns: [
        { key: "unit", title: "cell", show: name },
        { key: "sign", title: "on at", show: (sign) => (sign > 0 ? "+ red" : "− blue") },
        { key: "mean", title: "mean", isNumber: true, show: (mean) => mean.toFixed(2) },
      ],
      isPicked: (one) => one.unit === this.chosen.unit && one.layer === this.chosen.layer,
      onPick: (one) => this.colour({ layer: one.layer, direction: one.direction, unit: one.unit }),
    }));
  }

  showPlaces({ places: found, num_places: count }) {
    const rows = found.map((place) => h("li", {}, h("button", {
      type: "button", class: "place", title: "show it in the text",
      on: { click: () => this.text.show(place.start) },
    }, h("span", { class: "before soft" }, h("bdi", { dir: "ltr" }, oneLine(place.before))),
    h("span", { class: "behind" }, h("mark", {}, oneLine(place.text)),
      h("span", { class: "soft" }, oneLine(place.after))))));
    const several = count === 1 ? "1 other place" : `${count.toLocaleString("en")} other places`;
    replace(this.places, h("h2", {}, count ? several : "No other place"),
      count ? h("p", { class: "soft small" }, "What these have in common is what the cells stand for.") : null,
      h("ol", { class: "places beside" }, rows));
  }

  showProfile({ profile: { mean, largest } }) {
    this.chart?.destroy();
    const size = this.api.about.num_symbols / mean.length;
    replace(this.profile, h("h2", {}, "Over the whole text"), h("p", { class: "soft small" },
      `The share of the cells that is on: of each ${Math.ceil(size).toLocaleString("en")} symbols the mean, and`
        + " as a line the largest."));
    this.chart = plot(this.profile, {
      label: "The share of the cells that is on, along the text", x: "symbol", y: "share on",
      data: [mean.map((_, place) => Math.round(place * size)), mean, largest], height: 170, limits: [0, 1],
      series: [{ label: "mean", isFilled: true, width: 1 }, { label: "largest", width: 1 }],
      onPick: (place) => this.text.show(Math.round(place * size)),
    });
  }

  end() {
    this.text.destroy();
    this.chart?.destroy();
  }
}

function oneLine(text) {
  return printable(text.replaceAll("\n", "↵").replaceAll("\t", " "));
}
