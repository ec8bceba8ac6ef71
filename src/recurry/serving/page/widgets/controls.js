// Small controls that views share, each with a label that belongs to it.

import { h } from "../elements.js";

let count = 0;

/** A row of controls above a view. */
export function controls(...parts) {
  return h("div", { class: "controls" }, parts);
}

function labelled(label, control, note = null) {
  count += 1;
  control.id = `control-${count}`;
  return h("div", { class: "control" }, h("label", { for: control.id }, label), control, note);
}

/** A list to choose from; `options` holds values, or pairs of a value and words. */
export function select({ label, options, value, onChange }) {
  const items = options.map((option) => {
    const [given, words] = Array.isArray(option) ? option : [option, String(option)];
    return h("option", { value: given, selected: String(given) === String(value) }, words);
  });
  const control = h("select", { on: { change: () => onChange(control.value) } }, items);
  return labelled(label, control);
}

/** A slider that shows its number; `show` makes words of it. */
export function slider({ label, min, max, step = 1, value, show = String, onChange }) {
  const output = h("output", {}, show(value));
  const control = h("input", { type: "range", min, max, step, value });
  control.addEventListener("input", () => {
    output.textContent = show(Number(control.value));
    onChange(Number(control.value));
  });
  return labelled(label, control, output);
}

/** A whole or broken number. */
export function number({ label, min, max, step = 1, value, onChange }) {
  const control = h("input", { type: "number", min, max, step, value });
  control.addEventListener("change", () => {
    if (control.checkValidity() && control.value !== "") onChange(Number(control.value));
    else control.reportValidity();
  });
  return labelled(label, control);
}

/** A line of text; acts on Enter or when it is left. */
export function text({ label, value = "", placeholder = "", onChange, wide = false }) {
  const control = h("input", { type: "text", value, placeholder, spellcheck: "false" });
  control.addEventListener("change", () => onChange(control.value));
  const part = labelled(label, control);
  if (wide) part.classList.add("wide");
  return part;
}

/** A box to tick. */
export function checkbox({ label, value, onChange }) {
  const control = h("input", { type: "checkbox", checked: value });
  control.addEventListener("change", () => onChange(control.checked));
  const part = labelled(label, control);
  part.classList.add("tick");
  return part;
}

/** A button; `kind` is "main" for the one that a view is about. */
export function button({ label, onClick, kind = "", title = null, disabled = false }) {
  return h("button", { type: "button", class: kind, title, disabled, on: { click: onClick } }, label);
}

/** Links that save a view as a picture or a table. */
export function downloads(api, name, options = {}) {
  return ["svg", "png", "csv"].map((ending) =>
    h("a", { href: api.fileUrl(name, ending, options), download: `${name}.${ending}` },
      ending.toUpperCase()),
  );
}

/** What went wrong, in the words of the server, and what to do next. */
export function notice(error) {
  const rows = [["where", error.where], ["got", error.got], ["accepted", error.accepted],
    ["try", error.next]];
  const facts = rows.filter(([, value]) => value)
    .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
  return h("div", { class: "notice", role: "alert" }, h("p", {}, error.what || String(error)),
    facts.length ? h("dl", {}, facts) : null);
}

/** The choice of layer and direction; `onChange` gets the layer's index and its direction. */
export function layerSelect(api, onChange) {
  const { layers } = api.about;
  const { layer, direction } = api.selection;
  const chosen = layers.findIndex((one) => one.index === layer && one.direction === direction);
  return select({
    label: "Layer",
    options: layers.map((one, place) => [place, `${one.label} (${one.hidden_size} units)`]),
    value: Math.max(chosen, 0),
    onChange: (place) => {
      const one = layers[Number(place)];
      api.select({ layer: one.index, direction: one.direction });
      onChange(one);
    },
  });
}
