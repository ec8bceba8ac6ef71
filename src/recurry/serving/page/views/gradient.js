// How far back a loss is felt: norms by distance, beside other cells, and what clipping cut off.

import { h, replace } from "../elements.js";
import { checkbox, controls, number, present, select, slider } from "../widgets/controls.js";
import { plot } from "../widgets/plot.js";
import { scatter } from "../widgets/scatter.js";

const BESIDE = ["rnn", "irnn", "lstm", "gru", "indrnn"];
const LEAST = 1e-15; // what is smaller than this share is nothing to a weight of 32 bits
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

export default {
  name: "gradient",

  async mount(element, api) {
    const chosen = { reach: 100, state: "h", cells: new Set(["rnn", "gru"]), isRelative: true, steps: 100 };
    const head = h("div");
    const lines = h("section", { class: "panel" });
    const powers = h("section", { class: "panel" });
    const circle = h("section", { class: "panel" });
    const clipping = h("section", { class: "panel" });
    element.append(head, lines, h("div", { class: "panels" }, powers, circle), clipping);
    const charts = new Map();
    let finding = null;

    const put = (name, place, options) => {
      if (charts.has(name)) charts.get(name).destroy();
      charts.set(name, plot(place, options));
    };

    const load = () => present(lines, async () => {
      const options = { reach: chosen.reach, state: chosen.state, cells: [...chosen.cells].join(",") || " " };
      api.setDownloads(options);
      finding = await api.view("gradient", options);
      draw();
      return null;
    });

    function draw() {
      const steps = finding.curves[0].norm.map((_, k) => k);
      const factor = (base) => steps.map((k) => base ** k);
      const networks = [...new Set(finding.curves.map((curve) => curve.network))];
      const rows = finding.curves.map((curve) => (chosen.isRelative ? relative(curve.norm) : curve.norm));
      const series = finding.curves.map((curve) => ({
        label: curve.label, colour: `series-${(networks.indexOf(curve.network) % 8) + 1}`,
        dash: DASHES[curve.layer % DASHES.length], width: curve.network === "trained" ? 2.6 : 1.5,
      }));
      if (chosen.isRelative) {
        rows.push(factor(0.99), factor(1.01));
        series.push({ label: "0.99 to the power k", colour: "soft", dash: [1, 4], width: 1.2 },
          { label: "1.01 to the power k", colour: "soft", dash: [1, 4], width: 1.2 });
      }
      const left = finding.left_out.map((why) => h("p", { class: "soft small" }, why));
      replace(lines, h("h2", {}, `Gradient of ${finding.loss} by ${finding.state}, k steps before`),
        h("p", { class: "soft small" }, finding.fresh), left);
      put("lines", lines, {
        label: "Norm of the gradient by the number of steps back, for each network and layer", isLog: true,
        x: "steps back k", y: chosen.isRelative ? "norm / norm at k = 0" : "norm", height: 380, series,
        data: [steps, ...rows.map((row) => row.map((value) => (value > LEAST ? value : null)))],
      });
      drawCircle();
    }

    function drawCircle() {
      if (!finding.eigenvalues.length) {
        replace(circle, h("h2", {}, "Eigenvalues"), h("p", {}, "Nothing multiplies a state here."));
        return;
      }
      const edge = Math.max(1.2, ...finding.eigenvalues.map((one) => 1.1 * one.largest));
      replace(circle, h("h2", {}, "Eigenvalues of what multiplies states"),
        h("p", { class: "soft small" }, "In a linear cell, inside the circle one step shrinks and outside it",
          " stretches. In others a gate or a tanh lies between, and a state may be carried on past the",
          " matrix: what comes of all that are the curves above."),
        scatter({
          label: "Eigenvalues in the complex plane", x: "real part", y: "imaginary part", hasCircle: true,
          limits: [[-edge, edge], [-edge, edge]],
          groups: finding.eigenvalues.map((one) => ({
            label: `${one.name}, layer ${one.layer}${one.direction === "backward" ? " b" : ""}`,
            points: one.real.map((real, place) => ({ x: real, y: one.imaginary[place],
              title: `${one.name}: size ${Math.hypot(real, one.imaginary[place]).toFixed(3)}` })),
          })),
        }));
    }

    function fillPowers() {
      const shown = h("p", { class: "powers", "aria-live": "polite" });
      const say = (steps) => {
        const [less, more] = [0.99 ** steps, 1.01 ** steps];
        replace(shown, h("span", {}, "0.99", h("sup", {}, String(steps)), ` = ${words(less)}`),
          h("span", {}, "1.01", h("sup", {}, String(steps)), ` = ${words(more)}`));
      };
      replace(powers, h("h2", {}, "One percent, many times"), h("p", { class: "soft small" },
        "What is multiplied at every step by a little less than 1 is gone in the end, and by a little",
        " more than 1 it grows without bound."), controls(slider({
        label: "Steps n", min: 0, max: 2000, step: 10, value: chosen.steps, onChange: say,
      })), shown);
      say(chosen.steps);
      const steps = Array.from({ length: 101 }, (_, k) => 20 * k);
      put("powers", powers, { label: "0.99 and 1.01 to the power n", x: "n", y: "power", isLog: true,
        height: 200, data: [steps, steps.map((n) => 0.99 ** n), steps.map((n) => 1.01 ** n)],
        series: [{ label: "0.99 to the power n" }, { label: "1.01 to the power n", dash: [7, 3] }] });
    }

    async function fillClipping() {
      if (!api.about.has_run) {
        replace(clipping, h("h2", {}, "Clipping"), h("p", {}, "The run of this model is not at hand;",
          " open its folder to see where clipping held the gradient down."));
        return;
      }
      const { runs: [run] } = await api.view("training");
      const limit = run.facts.clip_norm;
      const norms = run.gradient_norm || [];
      replace(clipping, h("h2", {}, "Clipping while it was trained"), h("p", {}, limit
        ? `The gradient was longer than ${limit} in ${run.num_clipped} of the lines of the log and cut to that.`
        : run.facts.clip_value ? `Every part of the gradient was cut to at most ${run.facts.clip_value}; the log`
          + " does not say how often that was needed." : "This run clipped no gradient."));
      if (!norms.length) return;
      const series = [{ label: "gradient norm", width: 1.2 }];
      const rows = [norms];
      if (limit) {
        series.push({ label: "longest allowed", dash: [7, 3] }, { label: "clipped", isPoints: true, colour: "warn" });
        rows.push(norms.map(() => limit), norms.map((norm) => (norm > limit ? norm : null)));
      }
      put("clipping", clipping, { label: "Gradient norm over the updates, with what was clipped",
        x: "updates", y: "norm", isLog: true, height: 220, data: [run.update, ...rows], series });
    }

    const states = ["h", ...(api.about.states || []).filter((name) => name !== "h")];
    replace(head, controls(
      select({ label: "Gradient by", options: states, value: chosen.state, onChange: (state) => {
        chosen.state = state;
        load();
      } }),
      number({ label: "Steps back", min: 1, max: 1000, value: chosen.reach, onChange: (reach) => {
        chosen.reach = reach;
        load();
      } }),
      ...BESIDE.map((cell) => checkbox({ label: `${cell}, untrained`, value: chosen.cells.has(cell),
        onChange: (isOn) => {
          if (isOn) chosen.cells.add(cell);
          else chosen.cells.delete(cell);
          load();
        } })),
      checkbox({ label: "as a share of k = 0", value: true, onChange: (isOn) => {
        chosen.isRelative = isOn;
        if (finding) draw();
      } }),
    ));
    fillPowers();
    await Promise.all([load(), present(clipping, fillClipping)]);
    return () => {
      for (const chart of charts.values()) chart.destroy();
    };
  },
};

function relative(norms) {
  const first = norms.find((norm) => norm > 0); // at k = 0, but for a state that only the next step reads
  return norms.map((norm) => (norm === null || !first ? null : norm / first));
}

function words(value) {
  return value >= 0.001 && value < 1e5 ? value.toPrecision(3) : value.toExponential(2);
}
