// The frame of the page: which view is shown, the theme, and what the server is doing.

import { Api, ApiError } from "./api.js";
import { h, replace } from "./elements.js";
import { listen } from "./live.js";
import { themeSwitches } from "./theme.js";
import { button, downloads, notice } from "./widgets/controls.js";

const GROUPS = [
  ["Read", ["text", "find", "write", "errors"]],
  ["Understand", ["meaning", "gates", "gradient", "attention", "saliency"]],
  ["The network", ["network", "training", "cell"]],
];

// With Alt they jump to the views: the row of digits, which has a key for each of twelve.
const SIGNS = "1234567890-=";
const KEYS = [...[..."1234567890"].map((digit) => `Digit${digit}`), "Minus", "Equal"];
const WITHOUT_MODEL = new Set(["training"]); // views of a run that has no model yet

const api = new Api();
const place = (id) => document.getElementById(id);
let leave = null; // what the view on show wants done when it goes
let shown = 0; // counts changes of view, so that a slow view cannot overwrite a later one

async function begin() {
  place("switches").append(...themeSwitches(api));
  try {
    const [about, views] = await Promise.all([api.get("/api/about"), api.get("/api/views")]);
    api.views = views;
    api.adopt(about);
  } catch (error) {
    replace(place("view"), notice(error));
    setTimeout(begin, 1500);
    replace(place("switches"));
    return;
  }
  describe();
  fillNavigation();
  api.on("connection", (isOpen) => connection(isOpen));
  api.on("recording", (progress) => recording(progress));
  api.on("about", ({ version }) => {
    if (version !== api.about.version) refresh().catch(() => {});
  });
  api.on("model", (model) => newerModel(model));
  api.on("problem", (what) => problem(what));
  listen(api);
  window.addEventListener("hashchange", show);
  document.addEventListener("keydown", jump);
  document.querySelector(".skip").addEventListener("click", skip);
  show();
}

function describe() {
  const { title, text } = api.about;
  document.title = title ? `${title} · Recurry` : "Recurry";
  const problem = api.about.problem ? api.about.problem.what : "no model yet; waiting for it";
  replace(place("subject"), h("b", {}, title || problem), text ? ` reading ${text}` : "");
}

let asked = 0; // counts refreshes, so that a slow answer cannot overwrite a later one

async function refresh() {
  const turn = ++asked;
  const [about, views] = await Promise.all([api.get("/api/about"), api.get("/api/views")]);
  if (turn !== asked) return;
  if (api.about.title && api.about.version !== about.version) forgetPlace();
  api.views = views;
  api.adopt(about);
  replace(place("problem"));
  describe();
  fillNavigation();
  show();
}

let wasLost = false;

function connection(isOpen) {
  if (!isOpen) {
    wasLost = true;
    replace(place("status"), "The server is gone; connecting again …");
  } else if (wasLost) {
    wasLost = false;
    replace(place("status"), "Connected again.");
    refresh().catch(() => {});
  }
}

function recording({ done, length, is_finished }) {
  const share = length ? Math.floor((100 * done) / length) : 0;
  replace(place("status"), is_finished ? "" : `reading the text: ${share} %`);
}

/** The run has a better model than the one on show: offers it, and disturbs nobody. */
function newerModel({ made, shown: now }) {
  const open = async () => {
    try {
      await api.post("/api/reload");
      replace(place("offer"));
    } catch (error) {
      problem(error.what);
    }
  };
  if (made === now) replace(place("offer"));
  else replace(place("offer"), "The run has a newer model. ", button({ label: "Show it", onClick: open }));
}

/** Something went wrong on the server that nobody has asked for, such as a full disk while reading. */
function problem(what) {
  replace(place("status"));
  replace(place("problem"), what);
}

/** Moves the focus without changing the address, which names the view. */
function skip(event) {
  event.preventDefault();
  place("main").focus();
}

function fillNavigation() {
  const known = new Map(api.views.map((view) => [view.name, view]));
  const listed = new Set(GROUPS.flatMap(([, names]) => names));
  const others = api.views.map((view) => view.name).filter((name) => !listed.has(name));
  const items = [];
  let count = 0;
  for (const [group, names] of [...GROUPS, ["More", others]]) {
    const present = names.filter((name) => known.has(name));
    if (present.length) items.push(h("li", { class: "group", "aria-hidden": "true" }, group));
    for (const name of present) items.push(h("li", {}, link(known.get(name), count++)));
  }
  replace(place("views"), items);
}

function link(view, number) {
  const key = number < KEYS.length ? `Alt+${SIGNS[number]}` : null;
  return h("a", { href: `#/${view.name}`, data: { view: view.name }, "aria-keyshortcuts": key,
    class: view.problem ? "unfit" : null, title: view.problem?.what || null }, view.title);
}

/** The view and its options that the address names, such as #/text?layer=0&unit=12. */
function route() {
  const [name, query = ""] = location.hash.replace(/^#\//, "").split("?");
  return { name, options: Object.fromEntries(new URLSearchParams(query)) };
}

/** Takes out of the address what it names of a text or a model that is not shown any more. */
function forgetPlace() {
  const { name, options } = route();
  for (const gone of ["step", "layer", "direction", "name", "unit"]) delete options[gone];
  const query = new URLSearchParams(options).toString();
  history.replaceState(null, "", `#/${name}${query ? `?${query}` : ""}`);
}

async function show() {
  const first = api.views.find((view) => api.about.title || view.name === "training");
  const { name, options } = route();
  const view = api.views.find((known) => known.name === name) || first;
  if (!view) return;
  const turn = ++shown;
  if (leave) leave();
  leave = null;
  for (const item of place("views").querySelectorAll("a")) {
    if (item.dataset.view !== view.name) {
      item.removeAttribute("aria-current");
      continue;
    }
    item.setAttribute("aria-current", "page");
    const bar = place("views").parentElement; // a narrow window has the views side by side
    bar.scrollLeft = item.offsetLeft + item.offsetWidth / 2 - bar.clientWidth / 2;
  }
  replace(place("title"), view.title);
  replace(place("caption"), view.caption);
  replace(place("downloads"));
  const element = h("div", { class: `view ${view.name}` });
  replace(place("view"), element);
  api.options = options;
  api.setDownloads = (given = {}) => {
    if (turn === shown) replace(place("downloads"), downloads(api, view.name, given));
  };
  try {
    if (!api.about.title && !WITHOUT_MODEL.has(view.name)) {
      throw new ApiError(409, api.about.problem || { what: "There is no model to look into yet.",
        next: "Training shows the run meanwhile; this view comes by itself" });
    }
    if (view.problem) throw new ApiError(400, view.problem); // of a view for other kinds of models
    const module = await import(view.module || "./generic.js");
    if (turn !== shown) return;
    api.setDownloads();
    const after = await module.default.mount(element, api, view);
    if (turn === shown) leave = after || null;
    else if (after) after();
  } catch (error) {
    if (turn === shown) element.append(notice(error));
  }
}

/** Alt and a key of the row of digits jump to a view; nothing else is taken from the keyboard here. */
function jump(event) {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  // The place of the key, as with Alt some keyboards write other signs than digits.
  const target = place("views").querySelectorAll("a")[KEYS.indexOf(event.code)];
  if (!target) return;
  event.preventDefault();
  target.click();
  target.focus();
}

begin();
