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

const WITHOUT_MODEL = new Set(["training"]); // views of a run that has no model yet

const api = new Api();
const place = (id) => document.getElementById(id);
let leave = null; // what the view on show wants done when it goes
let shown = 0; // counts changes of view, so that a slow view cannot overwrite a later one

async function begin() {
  place("switches").append(...themeSwitches(api));
  try {
    [api.about, api.views] = await Promise.all([api.get("/api/about"), api.get("/api/views")]);
  } catch (error) {
    replace(place("view"), notice(error));
    setTimeout(begin, 1500);
    replace(place("switches"));
    return;
  }
  api.select(api.about.selection || {});
  describe();
  fillNavigation();
  api.on("connection", (isOpen) => connection(isOpen));
  api.on("recording", (progress) => recording(progress));
  api.on("about", ({ version }) => {
    if (version !== api.about.version) refresh().catch(() => {});
  });
  api.on("model", () => newerModel());
  listen(api);
  window.addEventListener("hashchange", show);
  document.addEventListener("keydown", jump);
  show();
}

function describe() {
  const { title, text } = api.about;
  document.title = title ? `${title} · Recurry` : "Recurry";
  const problem = api.about.problem ? api.about.problem.what : "no model yet; waiting for it";
  replace(place("subject"), h("b", {}, title || problem), text ? ` reading ${text}` : "");
}

async function refresh() {
  [api.about, api.views] = await Promise.all([api.get("/api/about"), api.get("/api/views")]);
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
function newerModel() {
  const open = async () => {
    try {
      await api.post("/api/reload");
      replace(place("status"));
    } catch (error) {
      replace(place("status"), error.what);
    }
  };
  replace(place("status"), "The run has a newer model. ", button({ label: "Show it", onClick: open }));
}

function fillNavigation() {
  const known = new Map(api.views.map((view) => [view.name, view]));
  const listed = new Set(GROUPS.flatMap(([, names]) => names));
  const others = api.views.map((view) => view.name).filter((name) => !listed.has(name));
  const items = [];
  for (const [group, names] of [...GROUPS, ["More", others]]) {
    const present = names.filter((name) => known.has(name));
    if (present.length) items.push(h("li", { class: "group", "aria-hidden": "true" }, group));
    for (const name of present) items.push(h("li", {}, link(known.get(name))));
  }
  replace(place("views"), items);
}

function link(view) {
  return h("a", { href: `#/${view.name}`, data: { view: view.name } }, view.title);
}

/** The view and its options that the address names, such as #/text?layer=0&unit=12. */
function route() {
  const [name, query = ""] = location.hash.replace(/^#\//, "").split("?");
  return { name, options: Object.fromEntries(new URLSearchParams(query)) };
}

async function show() {
  if (location.hash && !location.hash.startsWith("#/")) return; // the link that skips to the view
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

/** Alt and a digit jump to a view; nothing else is taken from the keyboard here. */
function jump(event) {
  if (!event.altKey || event.ctrlKey || event.metaKey || !/^[1-9]$/.test(event.key)) return;
  const links = [...place("views").querySelectorAll("a")];
  const target = links[Number(event.key) - 1];
  if (!target) return;
  event.preventDefault();
  target.click();
  target.focus();
}

begin();
