// Learning curves, gradient norms and learning rates of one run or several, live.

import { calm, h, printable, replace } from "../elements.js";
import { checkbox, controls, slider } from "../widgets/controls.js";
import { plot, short } from "../widgets/plot.js";
import { present } from "../widgets/present.js";

export default {
  name: "training",

  async mount(element, api) {
    const beside = new Set((api.options.beside || "").split(",").filter(Boolean));
    const choice = h("div");
    const facts = h("div", { class: "panel" });
    const curves = h("div", { class: "panel" });
    const below = h("div", { class: "panels" });
    const samples = h("section", { class: "panel", hidden: true });
    element.append(choice, facts, curves, below, samples);
    let charts = [];
    let shape = "";

    function load(how) {
      const options = { beside: [...beside].join(",") };
      api.setDownloads(options);
      return present(facts, (asked) => api.view("training", options, asked), (finding) => {
        fillChoice(finding);
        replace(facts, summary(finding.runs));
        draw(finding.runs);
        showSamples(finding.runs[0]);
      }, how);
    }

    let chosenSample = -1; // the newest, until somebody picks another

    function showSamples(run) {
      const { samples: found } = run;
      samples.hidden = !found.length;
      if (!found.length) return;
      const place = chosenSample < 0 ? found.length - 1 : Math.min(chosenSample, found.length - 1);
      if (samples.dataset.shown === `${place} of ${found.length}`) return;
      samples.dataset.shown = `${place} of ${found.length}`;
      const words = (at) => `update ${found[at].update.toLocaleString("en")}`;
      const text = h("pre", { class: "sample", tabindex: "0" }, printable(found[place].text));
      const pick = slider({ label: "Evaluation", min: 0, max: found.length - 1, value: place, show: words,
        onChange: (at) => {
          chosenSample = at;
          text.textContent = printable(found[at].text);
        } });
      replace(samples, h("h2", {}, "What it wrote"), h("p", { class: "soft small" },
        "The same beginning and the same random numbers at every evaluation, at temperature 0.8."),
      found.length > 1 ? controls(pick) : null, text);
    }

    function fillChoice({ others }) {
      if (choice.childElementCount || !others.length) return;
      const boxes = others.map((name) => checkbox({
        label: name,
        value: beside.has(name),
        onChange: (isOn) => {
          if (isOn) beside.add(name);
          else beside.delete(name);
          load();
        },
      }));
      replace(choice, h("details", { class: "panel" }, h("summary", {}, "Other runs beside it"),
        controls(boxes)));
    }

    function draw(runs) {
      const pictures = [lossPicture(runs), ...smallPictures(runs)];
      const next = pictures.map((picture) => picture.series.map((one) => one.label)).join("|");
      if (next === shape && charts.length === pictures.length) {
        charts.forEach((chart, place) => chart.update(pictures[place].data));
        return;
      }
      shape = next;
      for (const chart of charts) chart.destroy();
      replace(curves, h("h2", {}, "Loss"));
      const panels = pictures.slice(1).map((picture) =>
        h("section", { class: "panel" }, h("h2", {}, picture.title)));
      replace(below, panels);
      charts = pictures.map((picture, place) => plot(place ? panels[place - 1] : curves, picture));
    }

    await load();
    const again = calm(400, () => load({ isQuiet: true }));
    const stop = api.on("training", again);
    return () => {
      stop();
      for (const chart of charts) chart.destroy();
    };
  },
};

function summary(runs) {
  const rows = runs.map((run) => h("tr", {},
    h("th", { scope: "row" }, run.name),
    h("td", {}, run.facts.cell || ""),
    h("td", { class: "number" }, run.last ? run.last.update.toLocaleString("en") : "0"),
    h("td", { class: "number" }, run.last ? run.last.loss_nats.toFixed(3) : "–"),
    h("td", { class: "number" }, run.best ? run.best.validation_loss_nats.toFixed(3) : "–"),
    h("td", { class: "number" }, run.best ? run.best.update.toLocaleString("en") : "–"),
    h("td", { class: "number" }, run.num_clipped === null ? "off" : String(run.num_clipped)),
  ));
  const names = ["Run", "Cell", "Updates", "Training loss", "Best validation loss", "at update",
    "Lines with a clipped gradient"];
  const head = names.map((name, place) => h("th", { scope: "col", class: place > 1 ? "number" : "" }, name));
  const waits = runs[0].last ? null
    : h("p", { class: "soft" }, "Nothing has been logged yet; curves appear by themselves.");
  return [waits, h("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Runs" },
    h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)))];
}

/** All curves of some columns over one common axis of updates. */
function joined(runs, columns) {
  const all = runs.flatMap((run) => columns.flatMap(({ at }) => run[at]));
  const xs = [...new Set(all)].sort((a, b) => a - b);
  const rows = [xs];
  const series = [];
  runs.forEach((run, number) => {
    for (const { at, value, label, ...looks } of columns) {
      if (!run[value] || !run[value].length) continue;
      const known = new Map(run[at].map((update, place) => [update, run[value][place]]));
      rows.push(xs.map((update) => known.get(update) ?? null));
      series.push({ ...looks, label: runs.length > 1 ? `${run.name}: ${label}` : label,
        colour: runs.length > 1 ? `series-${(number % 8) + 1}` : looks.colour });
    }
  });
  return { data: rows, series, x: "updates" };
}

function lossPicture(runs) {
  const picture = joined(runs, [
    { at: "update", value: "loss_nats", label: "training", width: 1.3, colour: "series-1" },
    { at: "validation_update", value: "validation_loss_nats", label: "validation", width: 2.6,
      colour: "series-2" },
  ]);
  const best = runs.map((run) => (run.best ? `${run.name}: best validation loss
    ${short(run.best.validation_loss_nats)}` : run.name)).join("; ");
  return { ...picture, y: "loss (nats)", height: 340, label: `Learning curves. ${best}` };
}

function smallPictures(runs) {
  const wanted = [
    ["gradient_norm", "Gradient norm", "norm", true],
    ["learning_rate", "Learning rate", "rate", false],
    ["update_ratio", "Size of an update beside the weights", "ratio", true],
  ];
  return wanted.filter(([value]) => runs.some((run) => run[value])).map(([value, title, y, isLog]) => ({
    ...joined(runs, [{ at: "update", value, label: title.toLowerCase(), width: 1.3 }]),
    title, y, isLog, height: 220, label: `${title} over the updates`,
  }));
}
