// Dark or light, and which colours stand for negative and positive numbers.

import { h } from "./elements.js";

const THEMES = ["as the system", "light", "dark"];
const SCALES = [
  ["red-blue", "blue to red"],
  ["orange-purple", "purple to orange"],
  ["grey", "black to white"],
];

/** The switches of the page's head; they remember what was chosen. */
export function themeSwitches(api) {
  const root = document.documentElement;
  const theme = recall("theme", "as the system");
  const scale = recall("scale", "red-blue");
  const apply = (name, value) => {
    localStorage.setItem(`recurry.${name}`, value);
    if (value === "as the system") delete root.dataset[name];
    else root.dataset[name] = value;
    api.emit("theme", null);
  };
  root.dataset.scale = scale;
  if (theme !== "as the system") root.dataset.theme = theme;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => api.emit("theme"));
  return [
    choice("Colours", SCALES, scale, (value) => apply("scale", value)),
    choice("Theme", THEMES.map((name) => [name, name]), theme, (value) => apply("theme", value)),
  ];
}

function choice(label, options, chosen, act) {
  const items = options.map(([value, words]) =>
    h("option", { value, selected: value === chosen }, words),
  );
  return h("label", { class: "switch" }, h("span", {}, label),
    h("select", { on: { change: (event) => act(event.target.value) } }, items));
}

function recall(name, usual) {
  return localStorage.getItem(`recurry.${name}`) || usual;
}

/** A colour of the style sheet as it is now, for what is drawn on a canvas. */
export function colour(name) {
  probe.style.color = `var(--${name})`;
  if (!probe.isConnected) document.body.append(probe);
  return getComputedStyle(probe).color;
}

const probe = h("i", { hidden: true });

/** The colours of the levels 0 to 64 as they are now, as [red, green, blue]. */
export function levelColours() {
  const row = h("div", { hidden: true });
  for (let level = 0; level < 65; level += 1) row.append(h("i", { class: `v${level}` }));
  document.body.append(row);
  const found = [...row.children].map((item) =>
    getComputedStyle(item).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number),
  );
  row.remove();
  return found;
}
