// What the model expects after a symbol, and every named value of a unit there.

import { h, replace, visible } from "../elements.js";
import { bars, percent } from "./bars.js";

const PART = 64; // steps that the server works out at once: a symbol that nobody expected takes one
const PARTS = 8; // parts that are asked for together, before anybody points at them

/**
 * A panel about one symbol; `source()` names layer, direction and unit, `labels(step)` gives the
 * probable labels of a symbol where there are some.
 */
export function moment(element, api, { source, labels = () => null }) {
  let parts = new Map(); // number of a part -> its facts, or a promise of them
  let wanted = null; // what is pointed at
  let coming = null; // facts of rows whose steps only the server knows yet
  let next = null; // what is in view by now, while facts of what was in view are still coming
  let isBusy = false;

  /** Asks for some facts, and keeps those of whole parts. */
  async function ask(place) {
    const mine = parts;
    const { layer, direction, unit } = source();
    const facts = await api.get("/api/steps", { layer, direction, unit, ...place });
    const read = facts.start + (Object.values(facts.values)[0] || []).length;
    const behind = read >= api.about.num_symbols ? read + PART - 1 : read; // the last one is short
    const first = Math.ceil(facts.start / PART);
    for (let number = first; (number + 1) * PART <= behind; number += 1) mine.set(number, facts);
    return facts;
  }

  /** Asks for some parts in one request. */
  function askParts(first, count) {
    const mine = parts;
    const numbers = Array.from({ length: count }, (_, place) => first + place);
    const asked = ask({ start: first * PART, stop: (first + count) * PART }).finally(() => {
      // Not kept: a part that failed, or one that the model has not read yet.
      for (const number of numbers) if (mine.get(number) === asked) mine.delete(number);
    });
    for (const number of numbers) mine.set(number, asked);
    return asked;
  }

  /** The facts about a step, or a promise of them. */
  function about(step) {
    const number = Math.floor(step / PART);
    const known = parts.get(number);
    if (known || !coming) return known || askParts(number, 1);
    return coming.then(() => parts.get(number) || askParts(number, 1));
  }

  /** Asks for what is in view and not here yet, until something else is in view. */
  async function fill({ start, stop, ...rows }) {
    if (start === undefined) {
      coming = ask(rows).catch(() => null);
      await coming;
      coming = null;
      return;
    }
    const last = Math.floor((stop - 1) / PART);
    for (let first = Math.floor(start / PART); first <= last && !next; first += 1) {
      let count = 0;
      while (count < PARTS && first + count <= last && !parts.has(first + count)) count += 1;
      if (count) await askParts(first, count).catch(() => null);
    }
  }

  function draw(facts) {
    const { step, piece } = wanted;
    const place = step - facts.start;
    const values = Object.entries(facts.values).map(([name, row]) => [name, row[place]]);
    if (!values.length || values[0][1] === undefined) {
      replace(element, h("p", { class: "soft" }, "The model has not read this yet."));
      return;
    }
    replace(element, heading(step, piece, facts.loss?.[place]),
      titled("The model expects", facts.top?.[place]), titled("Its label", labels(step)),
      valueRows(values, source()));
  }

  return {
    /** Shows a symbol, at once if the facts about it are here. */
    show(step, piece) {
      wanted = { step, piece };
      const found = about(step);
      if (!(found instanceof Promise)) {
        draw(found);
        return;
      }
      found.then((facts) => {
        if (wanted.step === step) draw(facts);
      }).catch(() => {});
    },
    /** Asks for what is in view before anybody points at it: steps, or rows of so many columns. */
    async follow(range) {
      next = range;
      if (isBusy) return;
      isBusy = true;
      while (next) {
        const now = next;
        next = null;
        await fill(now);
      }
      isBusy = false;
    },
    forget() {
      parts = new Map();
      this.again();
    },
    /** Shows the same symbol once more, as something is known of it that was not before. */
    again() {
      if (wanted) this.show(wanted.step, wanted.piece);
    },
  };
}

function heading(step, piece, loss) {
  const surprise = loss === null || loss === undefined ? ""
    : `, which had probability ${percent(Math.exp(-loss))}`;
  return h("p", { class: "moment-head" }, "After ", h("b", { class: "mono" }, visible(piece)),
    h("span", { class: "soft" }, ` symbol ${step.toLocaleString("en")}${surprise}`));
}

function titled(title, pairs) {
  return pairs ? h("div", {}, h("h3", {}, title), bars(pairs)) : null;
}

function valueRows(values, { layer, direction, unit }) {
  const rows = values.flatMap(([name, value]) => [
    h("span", { class: "mono" }, name), signed(value), h("span", {}, value.toFixed(3)),
  ]);
  const where = direction === "backward" ? `${layer} backward` : layer;
  return h("div", {}, h("h3", {}, `Unit ${unit} of layer ${where}`), h("div", { class: "bars" }, rows));
}

/** A bar from the middle to the left for negative and to the right for positive values. */
function signed(value) {
  const bar = h("i");
  const share = Math.min(Math.abs(value), 1) * 50;
  bar.style.width = `${share}%`;
  bar.style.marginLeft = value < 0 ? `${50 - share}%` : "50%";
  return h("span", { class: `bar signed ${value < 0 ? "low" : "high"}` }, bar);
}
