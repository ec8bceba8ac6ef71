// What the model expects after a symbol, and every named value of a unit there.

import { h, replace, visible } from "../elements.js";

const PART = 64; // steps that the server works out at once: a symbol that nobody expected takes one
const PARTS = 8; // parts that are asked for together, before anybody points at them

/** A panel about one symbol; `source()` names layer, direction and unit. */
export function moment(element, api, { source }) {
  let parts = new Map(); // number of a part -> its facts, or a promise of them
  let wanted = null;

  /** Asks for some parts in one request. */
  function ask(first, count) {
    const mine = parts;
    const { layer, direction, unit } = source();
    const options = { layer, direction, unit, start: first * PART, stop: (first + count) * PART };
    const numbers = Array.from({ length: count }, (_, place) => first + place);
    const asked = api.get("/api/steps", options).then((facts) => {
      const behind = facts.start + (Object.values(facts.values)[0] || []).length;
      for (const number of numbers) {
        if ((number + 1) * PART <= behind) mine.set(number, facts);
        else mine.delete(number); // the model has not read so far, or the text ends
      }
      return facts;
    });
    asked.catch(() => numbers.forEach((number) => mine.delete(number)));
    for (const number of numbers) mine.set(number, asked);
    return asked;
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
      facts.top ? expected(facts.top[place]) : null, valueRows(values, source()));
  }

  return {
    /** Shows a symbol, at once if its block is here. */
    show(step, piece) {
      wanted = { step, piece };
      const number = Math.floor(step / PART);
      const found = parts.get(number) || ask(number, 1);
      if (!(found instanceof Promise)) {
        draw(found);
        return;
      }
      found.then((facts) => {
        if (wanted.step === step) draw(facts);
      }).catch(() => {});
    },
    /** Asks for the steps in view, before anybody points at them. */
    async prefetch(start, stop) {
      const mine = parts;
      const last = Math.floor((stop - 1) / PART);
      for (let first = Math.floor(start / PART); first <= last && mine === parts; first += 1) {
        let count = 0;
        while (count < PARTS && first + count <= last && !mine.has(first + count)) count += 1;
        if (!count) continue;
        try {
          await ask(first, count);
        } catch {
          return;
        }
      }
    },
    forget() {
      parts = new Map();
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

function expected(top) {
  const rows = top.flatMap(([piece, share]) => {
    const bar = h("i");
    bar.style.width = `${100 * share}%`;
    return [h("span", { class: "mono piece" }, visible(piece)), h("span", { class: "bar" }, bar),
      h("span", {}, percent(share))];
  });
  return h("div", {}, h("h3", {}, "The model expects"), h("div", { class: "bars" }, rows));
}

function valueRows(values, { layer, unit }) {
  const rows = values.flatMap(([name, value]) => [
    h("span", { class: "mono" }, name), signed(value), h("span", {}, value.toFixed(3)),
  ]);
  return h("div", {}, h("h3", {}, `Unit ${unit} of layer ${layer}`), h("div", { class: "bars" }, rows));
}

/** A bar from the middle to the left for negative and to the right for positive values. */
function signed(value) {
  const bar = h("i");
  const share = Math.min(Math.abs(value), 1) * 50;
  bar.style.width = `${share}%`;
  bar.style.marginLeft = value < 0 ? `${50 - share}%` : "50%";
  return h("span", { class: `bar signed ${value < 0 ? "low" : "high"}` }, bar);
}

function percent(share) {
  return share >= 0.1 ? `${(100 * share).toFixed(0)} %` : `${(100 * share).toPrecision(2)} %`;
}
