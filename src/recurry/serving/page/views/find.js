// Cells that are on over a marked stretch, and the other places where the same cells are on.

import { calm, h, printable, replace } from "../elements.js";
import { checkbox, controls, layerSelect, notice, select, slider } from "../widgets/controls.js";
import { plot } from "../widgets/plot.js";
import { reader } from "../widgets/reader.js";
import { table } from "../widgets/table.js";

export default {
  name: "find",

  mount(element, api) {
    const chosen = { ...api.selection, threshold: 0.3, is_exact: true, share: 1, all: true };
    const head = h("div");
    const left = h("section", { class: "panel" },
      h("p", { class: "soft small" }, "Drag over a stretch of the text, or mark it with Shift and the arrow keys."));
    const cells = h("section", { class: "panel" });
    const places = h("section", { class: "panel" });
    const profile = h("section", { class: "panel" });
    element.append(head, h("div", { class: "split" }, left, cells), profile, places);
    let chart = null;
    let turn = 0;
    let isFirst = true;

    const text = reader(left, api, {
      source: () => ({ layer: chosen.layer, direction: chosen.direction, unit: chosen.unit }),
      label: "The text, coloured by the chosen cell", height: "20rem",
      onPoint: () => {}, onView: () => {}, onError: (error) => replace(cells, notice(error)),
      onBrush: (start, stop) => {
        Object.assign(chosen, { start, stop });
        api.select({ start, stop });
        look();
      },
    });

    const look = calm(120, async () => {
      const mine = ++turn;
      const options = {
        start: chosen.start, stop: chosen.stop, threshold: chosen.threshold, is_exact: chosen.is_exact,
        share: chosen.share, layer: chosen.all ? -1 : chosen.layer, most: 100,
      };
      api.setDownloads(options);
      try {
        const finding = await api.view("find", options);
        if (mine === turn) show(finding);
      } catch (error) {
        if (mine === turn) replace(cells, notice(error));
      }
    });

    function show(finding) {
      Object.assign(chosen, { start: finding.start, stop: finding.stop });
      text.mark(finding.start, finding.stop);
      showCells(finding);
      showPlaces(finding);
      showProfile(finding);
      if (isFirst) text.show(finding.start).catch(() => {});
      isFirst = false;
    }

    function showCells({ cells: found, stop, start }) {
      if (!found.length) {
        replace(cells, h("h2", {}, "No cell is on all over this stretch"),
          h("p", {}, "Mark a shorter stretch, lower the threshold, or allow cells that are on around it, too."));
        return;
      }
      replace(cells, h("h2", {}, `${found.length === 1 ? "1 cell is" : `${found.length} cells are`} on over these `
        + `${stop - start} symbols`), table({
        caption: "Pick a cell to colour the text with it",
        rows: found,
        columns: [
          { key: "unit", title: "cell", show: (unit, one) => `${one.layer}:${unit}${one.direction === "backward" ? " b" : ""}` },
          { key: "sign", title: "on at", show: (sign) => (sign > 0 ? "+ red" : "− blue") },
          { key: "mean", title: "mean", isNumber: true, show: (mean) => mean.toFixed(2) },
        ],
        isPicked: (one) => one.unit === chosen.unit && one.layer === chosen.layer,
        onPick: (one) => {
          const change = { layer: one.layer, direction: one.direction, unit: one.unit };
          Object.assign(chosen, change);
          api.select(change);
          text.refresh();
        },
      }));
    }

    function showPlaces({ places: found, num_places: count }) {
      const rows = found.map((place) => h("li", {}, h("button", {
        type: "button", class: "place", title: "show it in the text",
        on: { click: () => text.show(place.start) },
      }, h("span", { class: "soft" }, oneLine(place.before)), h("mark", {}, oneLine(place.text)),
      h("span", { class: "soft" }, oneLine(place.after)))));
      replace(places, h("h2", {}, count ? `${count.toLocaleString("en")} other places` : "No other place"),
        count ? h("p", { class: "soft small" }, "What these have in common is what the cells stand for.") : null,
        h("ol", { class: "places" }, rows));
    }

    function showProfile({ profile: shares }) {
      if (chart) chart.destroy();
      const size = api.about.num_symbols / shares.length;
      replace(profile, h("h2", {}, "Over the whole text"));
      chart = plot(profile, {
        label: "The largest share of the cells that is on, along the text", x: "symbol", y: "share of cells on",
        data: [shares.map((_, place) => Math.round(place * size)), shares], height: 150,
        series: [{ label: "share", isFilled: true, width: 1 }],
        onPick: (place) => text.show(Math.round(place * size)),
      });
    }

    replace(head, controls(
      layerSelect(api, (layer) => {
        Object.assign(chosen, { layer: layer.index, direction: layer.direction,
          unit: Math.min(chosen.unit, layer.hidden_size - 1) });
        text.refresh();
        look();
      }),
      select({ label: "Cells of", options: [["all", "all layers"], ["one", "this layer"]], value: "all",
        onChange: (value) => {
          chosen.all = value === "all";
          look();
        } }),
      slider({ label: "On from", min: 0.05, max: 0.95, step: 0.05, value: chosen.threshold,
        show: (value) => value.toFixed(2), onChange: (value) => {
          chosen.threshold = value;
          look();
        } }),
      slider({ label: "Share of the cells elsewhere", min: 0.1, max: 1, step: 0.05, value: chosen.share,
        show: (value) => `${Math.round(100 * value)} %`, onChange: (value) => {
          chosen.share = value;
          look();
        } }),
      checkbox({ label: "off right before and behind", value: chosen.is_exact, onChange: (value) => {
        chosen.is_exact = value;
        look();
      } }),
    ));
    look();
    return () => {
      turn += 1;
      text.destroy();
      if (chart) chart.destroy();
    };
  },
};

function oneLine(text) {
  return printable(text.replaceAll("\n", "↵").replaceAll("\t", " "));
}
