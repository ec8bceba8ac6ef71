// Points over two axes, each with words of its own; they can be picked by mouse and keyboard.

import { h, s } from "../elements.js";
import { short } from "./plot.js";

const WIDTH = 460;
const HEIGHT = 444; // which makes the inside square
const EDGE = { left: 54, right: 20, top: 12, bottom: 46 };

/**
 * Draws `groups` of {label, points: [{x, y, title}]} over `limits` [[x0, x1], [y0, y1]].
 *
 * `onPick` gets a point; `hasCircle` draws the circle of radius 1 around 0, over all discs. Gives the
 * element.
 */
export function scatter({ label, x, y, limits, groups, onPick = null, hasCircle = false }) {
  const across = (value) => EDGE.left + place(value, limits[0]) * (WIDTH - EDGE.left - EDGE.right);
  const up = (value) => HEIGHT - EDGE.bottom - place(value, limits[1]) * (HEIGHT - EDGE.top - EDGE.bottom);
  const parts = [...grid(limits, across, up), ...words(x, y)];
  groups.forEach((group, number) => {
    for (const point of group.points) {
      parts.push(disc(point, { x: across(point.x), y: up(point.y), number, onPick }));
    }
  });
  for (const kind of hasCircle ? ["circle edge", "circle"] : []) {
    parts.push(s("ellipse", { cx: across(0), cy: up(0), rx: across(1) - across(0), ry: up(0) - up(1),
      class: kind }));
  }
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: onPick ? "group" : "img",
    "aria-label": onPick ? `${label}; arrow keys go from disc to disc` : label, class: "scatter" }, parts);
  if (onPick) takeKeys(picture);
  return h("figure", { class: "points" }, legend(groups), picture);
}

function place(value, [low, high]) {
  return (value - low) / (high - low || 1);
}

function disc(point, { x, y, number, onPick }) {
  const shown = s("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 4, class: `disc g${(number % 8) + 1}` },
    s("title", {}, point.title));
  if (onPick) {
    shown.classList.add("live");
    for (const [name, value] of [["role", "button"], ["aria-label", point.title], ["tabindex", "-1"]]) {
      shown.setAttribute(name, value);
    }
    shown.addEventListener("click", () => onPick(point));
    shown.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      onPick(point);
    });
  }
  return shown;
}

/** One disc at a time can be reached by Tab; arrows go to the next one on that side. */
function takeKeys(picture) {
  const discs = [...picture.querySelectorAll(".disc")];
  if (!discs.length) return;
  const at = (disc) => ["cx", "cy"].map((name) => Number(disc.getAttribute(name)));
  discs.sort((one, other) => at(one)[0] - at(other)[0] || at(one)[1] - at(other)[1]);
  discs[0].setAttribute("tabindex", "0");
  picture.addEventListener("keydown", (event) => {
    const now = discs.indexOf(event.target);
    const next = now < 0 ? null : neighbour(discs, now, event.key, at);
    if (!next) return;
    event.preventDefault();
    discs[now].setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
}

/** The disc that an arrow leads to: by order along x, and the nearest one above or below. */
function neighbour(discs, now, key, at) {
  if (key === "ArrowLeft") return discs[now - 1];
  if (key === "ArrowRight") return discs[now + 1];
  if (key !== "ArrowUp" && key !== "ArrowDown") return null;
  const [x, y] = at(discs[now]);
  const side = key === "ArrowUp" ? -1 : 1;
  const there = discs.filter((disc) => side * (at(disc)[1] - y) > 0);
  const far = (disc) => Math.hypot(at(disc)[0] - x, at(disc)[1] - y);
  return there.sort((one, other) => far(one) - far(other))[0];
}

function grid([[x0, x1], [y0, y1]], across, up) {
  const lines = [];
  for (const xs of roundTicks(x0, x1)) {
    lines.push(s("line", { x1: across(xs), x2: across(xs), y1: up(y0), y2: up(y1), class: "grid" }),
      s("text", { x: across(xs), y: up(y0) + 17, class: "tick middle" }, short(xs)));
  }
  for (const ys of roundTicks(y0, y1)) {
    lines.push(s("line", { x1: across(x0), x2: across(x1), y1: up(ys), y2: up(ys), class: "grid" }),
      s("text", { x: across(x0) - 7, y: up(ys) + 4, class: "tick end" }, short(ys)));
  }
  return lines;
}

/** The multiples of 1, 2 or 5 times a power of ten in a range, some four of them. */
function roundTicks(low, high) {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= 0.999 * rough);
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, place) => (first + place) * step);
}

function words(x, y) {
  const middle = (HEIGHT - EDGE.bottom + EDGE.top) / 2;
  return [
    s("text", { x: (WIDTH + EDGE.left) / 2, y: HEIGHT - 8, class: "tick middle" }, x),
    s("text", { x: 13, y: middle, class: "tick middle", transform: `rotate(-90 13 ${middle})` }, y),
  ];
}

function legend(groups) {
  if (groups.length < 2) return null;
  return h("figcaption", { class: "legend small" }, groups.map((group, number) =>
    h("span", {}, h("i", { class: `g${(number % 8) + 1}`, "aria-hidden": "true" }), group.label)));
}
