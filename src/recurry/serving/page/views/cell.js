// Equations of one's own: what follows from them, and a minute of training beside the LSTM.

import { calm, drawing, h, replace } from "../elements.js";
import { button, controls, notice, number } from "../widgets/controls.js";
import { plot, short } from "../widgets/plot.js";

export default {
  name: "cell",

  async mount(element, api) {
    let hidden = 128;
    let chart = null;
    let turn = 0;
    const editor = h("textarea", { rows: 9, class: "editor", spellcheck: "false", "aria-label": "Equations",
      "aria-describedby": "mistake" });
    const mistake = h("div", { id: "mistake", role: "status", "aria-live": "polite" });
    const facts = h("p", { class: "soft small" });
    const shown = h("section", { class: "panel" });
    const plan = h("section", { class: "panel" });
    const trial = h("section", { class: "panel" });
    const left = h("section", { class: "panel" }, h("h2", {}, "Equations"), h("p", { class: "soft small" },
      "x is the input; a name that is read before it is assigned is a state; h is the output; @ is a matrix "
      + "product. Free names are weights."), editor, mistake, facts);
    element.append(controls(number({ label: "Units", min: 1, max: 512, value: hidden, onChange: (value) => {
      hidden = value;
      check();
    } })), h("div", { class: "panels" }, left, shown), trial, plan);

    async function look(equations) {
      const mine = ++turn;
      try {
        const finding = await api.view("cell", { equations, hidden_size: hidden, input_size: hidden });
        if (mine !== turn) return;
        if (finding.problem) {
          refuse(finding.problem);
          return;
        }
        show(finding);
        if (!equations && !editor.value) editor.value = finding.equations; // somebody may have begun
        replace(mistake);
        editor.removeAttribute("aria-invalid");
        setStale(false);
      } catch (error) {
        if (mine === turn) refuse(error);
      }
    }

    const check = calm(250, () => look(editor.value));
    editor.addEventListener("input", check);

    /** What is shown is of the last equations that were right, and these cannot be trained. */
    function setStale(isStale) {
      for (const part of [facts, shown, plan]) part.classList.toggle("stale", isStale);
      start.disabled = isStale;
    }

    function refuse(error) {
      editor.setAttribute("aria-invalid", "true");
      setStale(true);
      replace(mistake, notice(error), error.line ? place(error) : null);
    }

    /** The line that is wrong, with a mark where. */
    function place({ line, column }) {
      const text = editor.value.split("\n")[line - 1] ?? "";
      const go = () => {
        const before = editor.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
        editor.focus();
        editor.setSelectionRange(before + column - 1, before + column);
      };
      return h("div", {}, h("pre", { class: "code", tabindex: "0" }, `line ${line}: ${text}\n`
        + `${" ".repeat(`line ${line}: `.length + column - 1)}^`), button({ label: "Go there", onClick: go }));
    }

    function show(finding) {
      const math = new DOMParser().parseFromString(finding.math, "application/xml").documentElement;
      facts.textContent = `${finding.num_weights.toLocaleString("en")} weights a layer: `
        + `${finding.rows.map((row) => row.name).join(", ") || "none"}; states: `
        + `${finding.states.join(", ") || "none"}`;
      replace(shown, h("h2", {}, "Drawing"), h("div", { class: "drawing" }, drawing(finding.drawing)),
        h("div", { class: "math" }, document.importNode(math, true)));
      replace(plan, h("h2", {}, "How fast it could be"), code(finding.bound),
        h("details", {}, h("summary", {}, "The plan: how it is executed"), code(finding.plan)));
      api.setDownloads({ equations: finding.equations, hidden_size: hidden });
    }

    const curves = h("div");
    const state = h("p", { class: "soft", role: "status" });
    const start = button({ label: "Train for a minute beside the LSTM", kind: "main", onClick: () => train() });
    const stop = button({ label: "Stop", onClick: () => api.post("/api/trial/stop").catch(() => {}) });
    replace(trial, h("h2", {}, "Does it learn?"), h("p", { class: "soft small" },
      "Both read tiny Shakespeare with the settings of the demo, one layer each, at the same time on half of",
      " the cores each."), controls(start, stop), state, curves);

    async function train() {
      try {
        await api.post("/api/trial", { equations: editor.value, hidden_size: hidden });
        replace(curves);
        chart = null;
        follow();
      } catch (error) {
        replace(state, notice(error));
      }
    }

    async function follow() {
      while (element.isConnected) {
        const found = await api.get("/api/trial/curves").catch(() => null);
        if (!found || !found.runs.length) return;
        draw(found);
        if (!found.seconds_left) return;
        await new Promise((done) => setTimeout(done, 1000));
      }
    }

    function draw({ runs, seconds_left: left, notes }) {
      const words = runs.map((run) => notes[run.name] ? `${run.name}: ${notes[run.name]}`
        : run.last ? `${run.name}: loss ${short(run.last.loss_nats)} after ${run.last.update} updates`
          : `${run.name}: starting`);
      state.textContent = `${words.join("; ")}.${left ? ` ${Math.ceil(left)} s left.` : " Done."}`;
      const xs = [...new Set(runs.flatMap((run) => run.update))].sort((a, b) => a - b);
      const rows = runs.map((run) => {
        const known = new Map(run.update.map((update, at) => [update, (run.loss_nats || [])[at]]));
        return xs.map((update) => known.get(update) ?? null);
      });
      const data = [xs, ...rows];
      if (chart) chart.update(data);
      else if (xs.length) {
        chart = plot(curves, { label: "Training loss of your cell and of the LSTM", x: "updates", y: "loss (nats)",
          data, series: runs.map((run) => ({ label: run.name, width: 2 })) });
      }
    }

    await look("");
    follow();
    return () => {
      turn += 1;
      if (chart) chart.destroy();
    };
  },
};

function code(lines) {
  return h("pre", { class: "code", tabindex: "0" }, lines.join("\n"));
}
