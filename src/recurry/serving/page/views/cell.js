// Equations of one's own: what follows from them, and a minute of training beside the LSTM.

import { calm, drawing, h, replace } from "../elements.js";
import { button, controls, notice, number } from "../widgets/controls.js";
import { plot, short } from "../widgets/plot.js";
import { present } from "../widgets/present.js";

const LOOK = 1000; // milliseconds between two looks at what is trained

export default {
  name: "cell",

  async mount(element, api) {
    const editor = new Editor(api, (isStale) => trial.forbid(isStale));
    const trial = new Trial(api, () => editor.settings());
    element.append(editor.head, h("div", { class: "panels" }, editor.left, editor.shown), trial.panel, editor.plan);
    await editor.look("");
    trial.follow();
    return () => trial.end();
  },
};

/** The equations, and beside them what follows from them; `onStale(isStale)` hears whether they are wrong. */
class Editor {
  constructor(api, onStale) {
    this.api = api;
    this.onStale = onStale;
    this.hidden = 128;
    this.text = h("textarea", { rows: 9, class: "editor", spellcheck: "false", "aria-label": "Equations",
      "aria-describedby": "mistake" });
    this.mistake = h("div", { id: "mistake", role: "status", "aria-live": "polite" });
    this.facts = h("p", { class: "soft small" });
    this.shown = h("section", { class: "panel" });
    this.plan = h("section", { class: "panel" });
    const check = calm(250, () => this.look(this.text.value));
    this.text.addEventListener("input", check);
    this.head = controls(number({ label: "Units", min: 1, max: 512, value: this.hidden, onChange: (value) => {
      this.hidden = value;
      check();
    } }));
    this.left = h("section", { class: "panel" }, h("h2", {}, "Equations"), h("p", { class: "soft small" },
      "x is the input; a name that is read before it is assigned is a state; h is the output; @ is a matrix "
      + "product. Free names are weights."), this.text, this.mistake, this.facts);
  }

  settings() {
    return { equations: this.text.value, hidden_size: this.hidden };
  }

  /** Asks what follows from equations; a mistake in them is shown below them, and the last answer stays. */
  look(equations) {
    const options = { equations, hidden_size: this.hidden, input_size: this.hidden };
    const ask = (asked) => this.api.view("cell", options, asked).catch((error) => {
      if (error.name === "AbortError") throw error;
      return { problem: error };
    });
    return present(this.shown, ask, (finding) => {
      if (finding.problem) this.refuse(finding.problem);
      else this.show(finding, equations);
    });
  }

  /** What is shown is of the last equations that were right, and wrong ones cannot be trained. */
  setStale(isStale) {
    for (const part of [this.facts, this.shown, this.plan]) part.classList.toggle("stale", isStale);
    this.onStale(isStale);
  }

  refuse(error) {
    this.text.setAttribute("aria-invalid", "true");
    this.setStale(true);
    replace(this.mistake, notice(error), error.line ? this.place(error) : null);
  }

  /** The line that is wrong, with a mark where. */
  place({ line, column }) {
    const lines = this.text.value.split("\n");
    const go = () => {
      const before = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
      this.text.focus();
      this.text.setSelectionRange(before + column - 1, before + column);
    };
    const start = `line ${line}: `;
    return h("div", {}, h("pre", { class: "code", tabindex: "0" }, `${start}${lines[line - 1] ?? ""}\n`
      + `${" ".repeat(start.length + column - 1)}^`), button({ label: "Go there", onClick: go }));
  }

  show(finding, equations) {
    const math = new DOMParser().parseFromString(finding.math, "application/xml").documentElement;
    if (!equations && !this.text.value) this.text.value = finding.equations;
    this.text.removeAttribute("aria-invalid");
    this.setStale(false);
    replace(this.mistake);
    this.facts.textContent = `${finding.num_weights.toLocaleString("en")} weights a layer: `
      + `${finding.rows.map((row) => row.name).join(", ") || "none"}; states: `
      + `${finding.states.join(", ") || "none"}`;
    replace(this.shown, h("h2", {}, "Drawing"), h("div", { class: "drawing" }, drawing(finding.drawing)),
      h("div", { class: "math" }, document.importNode(math, true)));
    replace(this.plan, h("h2", {}, "How fast it could be"), code(finding.bound),
      h("details", {}, h("summary", {}, "The plan: how it is executed"), code(finding.plan)));
    this.api.setDownloads({ equations: finding.equations, hidden_size: this.hidden });
  }
}

/** A minute of training; `settings()` gives the equations and the number of units. */
class Trial {
  constructor(api, settings) {
    this.api = api;
    this.settings = settings;
    this.chart = null;
    this.turn = 0; // counts trials that are followed, so that each is followed once
    this.curves = h("div");
    this.state = h("p", { class: "soft", role: "status" });
    this.start = button({ label: "Train for a minute beside the LSTM", kind: "main", onClick: () => this.train() });
    const stop = button({ label: "Stop", onClick: () => api.post("/api/trial/stop").catch(() => {}) });
    this.panel = h("section", { class: "panel" }, h("h2", {}, "Does it learn?"), h("p", { class: "soft small" },
      "Both read tiny Shakespeare with the settings of the demo, one layer each, at the same time on half of",
      " the cores each."), controls(this.start, stop), this.state, this.curves);
  }

  forbid(isForbidden) {
    this.start.disabled = isForbidden;
  }

  async train() {
    try {
      await this.api.post("/api/trial", this.settings());
      this.chart?.destroy();
      this.chart = null;
      this.follow();
    } catch (error) {
      replace(this.state, notice(error));
    }
  }

  /** Shows the curves until both trainings have ended, the view is left or another trial begins. */
  async follow() {
    const mine = ++this.turn;
    for (;;) {
      const found = await this.api.get("/api/trial/curves").catch(() => null);
      if (mine !== this.turn || !found || !found.runs.length) return;
      this.draw(found);
      if (!found.seconds_left) return;
      await new Promise((done) => setTimeout(done, LOOK));
    }
  }

  draw({ runs, seconds_left: left, notes }) {
    const words = runs.map((run) => {
      if (notes[run.name]) return `${run.name}: ${notes[run.name]}`;
      return run.last ? `${run.name}: loss ${short(run.last.loss_nats)} after ${run.last.update} updates`
        : `${run.name}: starting`;
    });
    this.state.textContent = `${words.join("; ")}.${left ? ` ${Math.ceil(left)} s left.` : " Done."}`;
    const xs = [...new Set(runs.flatMap((run) => run.update))].sort((a, b) => a - b);
    const rows = runs.map((run) => {
      const known = new Map(run.update.map((update, at) => [update, (run.loss_nats || [])[at]]));
      return xs.map((update) => known.get(update) ?? null);
    });
    const data = [xs, ...rows];
    if (this.chart) this.chart.update(data);
    else if (xs.length) {
      this.chart = plot(this.curves, { label: "Training loss of your cell and of the LSTM", x: "updates",
        y: "loss (nats)", data, series: runs.map((run) => ({ label: run.name, width: 2 })) });
    }
  }

  end() {
    this.turn += 1;
    this.chart?.destroy();
  }
}

function code(lines) {
  return h("pre", { class: "code", tabindex: "0" }, lines.join("\n"));
}
