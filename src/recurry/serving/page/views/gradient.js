// How far back a loss is felt: norms by distance, beside other cells, and what clipping cut off.

import { h, replace } from "../elements.js";
import { checkbox, controls, number, select, slider } from "../widgets/controls.js";
import { plot } from "../widgets/plot.js";
import { present } from "../widgets/present.js";
import { scatter } from "../widgets/scatter.js";

const BESIDE = ["rnn", "irnn", "lstm", "gru", "indrnn"];
const LEAST = 1e-15; // what is smaller than this share is nothing to a weight of 32 bits
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

export default {
  name: "gradient",

  async mount(element, api) {
    const view = new GradientView(element, api);
    view.fillPowers();
    await Promise.all([view.load(), view.loadClipping()]);
    return () => view.end();
  },
};

class GradientView {
  constructor(element, api) {
    this.api = api;
    this.chosen = { reach: 100, state: "h", cells: new Set(["rnn", "gru"]), isRelative: true };
    this.finding = null;
    this.charts = new Map();
    const panel = () => h("section", { class: "panel" });
    [this.lines, this.powers, this.circle, this.clipping] = [panel(), panel(), panel(), panel()];
    element.append(this.head(), this.lines, h("div", { class: "panels" }, this.powers, this.circle),
      this.clipping);
  }

  head() {
    const { chosen } = this;
    const states = ["h", ...(this.api.about.states || []).filter((name) => name !== "h")];
    const choose = (name) => (value) => {
      chosen[name] = value;
      this.load();
    };
    return controls(
      select({ label: "Gradient by", options: states, value: chosen.state, onChange: choose("state") }),
      number({ label: "Steps back", min: 1, max: 1000, value: chosen.reach, onChange: choose("reach") }),
      ...BESIDE.map((cell) => checkbox({ label: `${cell}, untrained`, value: chosen.cells.has(cell),
        onChange: (isOn) => {
          if (isOn) chosen.cells.add(cell);
          else chosen.cells.delete(cell);
          this.load();
        } })),
      checkbox({ label: "as a share of k = 0", value: true, onChange: (isOn) => {
        chosen.isRelative = isOn;
        if (this.finding) this.drawLines();
      } }),
    );
  }

  put(name, place, options) {
    this.charts.get(name)?.destroy();
    this.charts.set(name, plot(place, options));
  }

  load() {
    const { reach, state, cells } = this.chosen;
    const options = { reach, state, cells: [...cells].join(",") || " " };
    this.api.setDownloads(options);
    return present(this.lines, (asked) => this.api.view("gradient", options, asked), (finding) => {
      this.finding = finding;
      this.drawLines();
      this.drawCircle();
    });
  }

  drawLines() {
    const { curves, fresh, left_out: leftOut, loss, state } = this.finding;
    const { isRelative } = this.chosen;
    const steps = curves[0].norm.map((_, k) => k);
    const networks = [...new Set(curves.map((curve) => curve.network))];
    const rows = curves.map((curve) => (isRelative ? relative(curve.norm) : curve.norm));
    const series = curves.map((curve) => ({
      label: curve.label, colour: `series-${(networks.indexOf(curve.network) % 8) + 1}`,
      dash: DASHES[curve.layer % DASHES.length], width: curve.network === "trained" ? 2.6 : 1.5,
    }));
    for (const base of isRelative ? [0.99, 1.01] : []) {
      rows.push(steps.map((k) => base ** k));
      series.push({ label: `${base} to the power k`, colour: "soft", dash: [1, 4], width: 1.2 });
    }
    replace(this.lines, h("h2", {}, `Gradient of ${loss} by ${state}, k steps before`),
      h("p", { class: "soft small" }, fresh), leftOut.map((why) => h("p", { class: "soft small" }, why)));
    this.put("lines", this.lines, {
      label: "Norm of the gradient by the number of steps back, for each network and layer", isLog: true,
      x: "steps back k", y: isRelative ? "norm / norm at k = 0" : "norm", height: 380, series,
      data: [steps, ...rows.map((row) => row.map((value) => (value > LEAST ? value : null)))],
    });
  }

  drawCircle() {
    const { eigenvalues, edge } = this.finding;
    if (!eigenvalues.length) {
      replace(this.circle, h("h2", {}, "Eigenvalues"), h("p", {}, "Nothing multiplies a state here."));
      return;
    }
    replace(this.circle, h("h2", {}, "Eigenvalues of what multiplies states"),
      h("p", { class: "soft small" }, "Where such a matrix alone carried the state, a step would shrink inside",
        " the circle and stretch outside it. Matrices of gates only open and shut what carries it: the curves",
        " above show what comes of them all."),
      scatter({
        label: "Eigenvalues in the complex plane", x: "real part", y: "imaginary part", hasCircle: true,
        limits: [[-edge, edge], [-edge, edge]],
        groups: eigenvalues.map((one) => ({
          label: `${one.name}, layer ${one.layer}${one.direction === "backward" ? " b" : ""}`,
          points: one.real.map((real, place) => ({ x: real, y: one.imaginary[place],
            title: `${one.name}: size ${Math.hypot(real, one.imaginary[place]).toFixed(3)}` })),
        })),
      }));
  }

  fillPowers() {
    const shown = h("p", { class: "powers", "aria-live": "polite" });
    const say = (steps) => {
      const power = (base) => h("span", {}, String(base), h("sup", {}, String(steps)), ` = ${words(base ** steps)}`);
      replace(shown, power(0.99), power(1.01));
    };
    replace(this.powers, h("h2", {}, "One percent, many times"), h("p", { class: "soft small" },
      "What is multiplied at every step by a little less than 1 is gone in the end, and by a little",
      " more than 1 it grows without bound."), controls(slider({
      label: "Steps n", min: 0, max: 2000, step: 10, value: 100, onChange: say,
    })), shown);
    say(100);
    const steps = Array.from({ length: 101 }, (_, k) => 20 * k);
    this.put("powers", this.powers, { label: "0.99 and 1.01 to the power n", x: "n", y: "power", isLog: true,
      height: 200, data: [steps, steps.map((n) => 0.99 ** n), steps.map((n) => 1.01 ** n)],
      series: [{ label: "0.99 to the power n" }, { label: "1.01 to the power n", dash: [7, 3] }] });
  }

  async loadClipping() {
    if (this.api.about.has_run) {
      const ask = (asked) => this.api.view("training", {}, asked);
      await present(this.clipping, ask, ({ runs: [run] }) => this.drawClipping(run));
      return;
    }
    replace(this.clipping, h("h2", {}, "Clipping"), h("p", {}, "The run of this model is not at hand;",
      " open its folder to see where clipping held the gradient down."));
  }

  drawClipping({ facts: { clip_norm: limit, clip_value: each }, gradient_norm: norms = [], num_clipped: count, update }) {
    replace(this.clipping, h("h2", {}, "Clipping while it was trained"), h("p", {}, limit
      ? `The gradient was longer than ${limit} in ${count} of the lines of the log and cut to that.`
      : each ? `Every part of the gradient was cut to at most ${each}; the log does not say how often that was needed.`
        : "This run clipped no gradient."));
    if (!norms.length) return;
    const series = [{ label: "gradient norm", width: 1.2 }];
    const rows = [norms];
    if (limit) {
      series.push({ label: "longest allowed", dash: [7, 3] }, { label: "clipped", isPoints: true, colour: "warn" });
      rows.push(norms.map(() => limit), norms.map((norm) => (norm > limit ? norm : null)));
    }
    this.put("clipping", this.clipping, { label: "Gradient norm over the updates, with what was clipped",
      x: "updates", y: "norm", isLog: true, height: 220, data: [update, ...rows], series });
  }

  end() {
    for (const chart of this.charts.values()) chart.destroy();
  }
}

function relative(norms) {
  const first = norms.find((norm) => norm > 0); // at k = 0, but for a state that only the next step reads
  return norms.map((norm) => (norm === null || !first ? null : norm / first));
}

function words(value) {
  return value >= 0.001 && value < 1e5 ? value.toPrecision(3) : value.toExponential(2);
}
