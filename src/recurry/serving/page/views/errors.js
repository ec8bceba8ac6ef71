// Where the model is wrong: losses along the text, kinds of errors, the hardest places.

import { h, printable, replace } from "../elements.js";
import { controls, number, slider } from "../widgets/controls.js";
import { plot } from "../widgets/plot.js";
import { present } from "../widgets/present.js";

export default {
  name: "errors",

  async mount(element, api) {
    const chosen = { order: Number(api.options.order) || 6, symbols: Number(api.options.symbols) || 50000 };
    const head = h("div");
    const along = h("section", { class: "panel" });
    const kinds = h("section", { class: "panel" });
    const hardest = h("section", { class: "panel" });
    element.append(head, along, kinds, hardest);
    let chart = null;
    let timer = 0;

    function load() {
      const options = { order: chosen.order, symbols: chosen.symbols };
      api.setDownloads(options);
      return present(along, (asked) => api.view("errors", options, asked), draw);
    }

    function draw(finding) {
      if (chart) chart.destroy();
      replace(along, h("h2", {}, "Loss along the text"), summary(finding));
      chart = plot(along, {
        label: "Loss of the model and of the n-gram model along the text", x: "symbol", y: "nats a symbol",
        height: 280, data: [finding.at, finding.curve, finding.ngram_curve],
        series: [{ label: "model", width: 2 }, { label: `${finding.order}-gram`, dash: [7, 3] }],
        onPick: (place) => open(finding.at[place]),
      });
      fillKinds(finding);
      fillHardest(finding);
    }

    function open(step) {
      location.hash = `#/text?step=${step}`;
    }

    function fillKinds(finding) {
      const rows = finding.kinds.flatMap(({ name, says, share }) => {
        const bar = h("i");
        bar.style.width = `${100 * share}%`;
        return [h("span", { title: says }, name), h("span", { class: "bar" }, bar),
          h("span", {}, `${(100 * share).toFixed(1)} %`)];
      });
      const words = finding.kinds.flatMap(({ name, says }) => [h("dt", {}, name), h("dd", {}, says)]);
      replace(kinds, h("h2", {}, "Kinds of errors"), h("p", {}, `${(100 * finding.share_wrong).toFixed(1)} %
        of the symbols are errors: the model gave them less than one half.`),
        h("div", { class: "bars kinds" }, rows),
        h("details", {}, h("summary", {}, "What the kinds mean"), h("dl", { class: "small" }, words),
          h("p", { class: "soft small" }, "An error is of the first kind that it fits, from above.",
            " After Karpathy, Johnson and Fei-Fei 2015.")));
    }

    function fillHardest({ hardest: places }) {
      const rows = places.map((place) => h("li", {}, h("button", {
        type: "button", class: "place", title: "show it in the text", on: { click: () => open(place.at) },
      }, h("span", { class: "soft" }, oneLine(place.before)), h("mark", {}, oneLine(place.piece)),
      h("span", { class: "soft" }, oneLine(place.after))),
      h("span", { class: "soft small" }, ` ${place.loss.toFixed(1)} nats; ${others(place)}`)));
      replace(hardest, h("h2", {}, "The hardest places"), places.length
        ? h("ol", { class: "places hard" }, rows) : h("p", {}, "The model is never wrong here."));
    }

    replace(head, controls(
      slider({ label: "Order n of the n-grams", min: 1, max: 20, value: chosen.order, onChange: (order) => {
        chosen.order = order;
        clearTimeout(timer);
        timer = setTimeout(load, 250);
      } }),
      number({ label: "Symbols that are read", min: 100, max: 1000000, step: 100, value: chosen.symbols,
        onChange: (symbols) => {
          chosen.symbols = symbols;
          load();
        } }),
    ));
    await load();
    return () => {
      clearTimeout(timer);
      if (chart) chart.destroy();
    };
  },
};

function summary(finding) {
  const gain = finding.ngram_loss - finding.loss;
  const verdict = gain >= 0 ? `${gain.toFixed(3)} better than` : `${(-gain).toFixed(3)} worse than`;
  return h("p", {}, `The model loses ${finding.loss.toFixed(3)} nats a symbol, ${verdict} the
    ${finding.order}-gram model, which sees ${finding.order - 1} symbols back and was counted on
    ${finding.counted}.`);
}

function others(place) {
  return `n-grams ${place.ngram_loss.toFixed(1)}; ${place.kind}`;
}

function oneLine(text) {
  return printable(text.replaceAll("\n", "↵").replaceAll("\t", " "));
}
