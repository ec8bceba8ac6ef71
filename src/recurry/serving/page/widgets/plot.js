// Curves, points and bars on uPlot, in the colours of the theme and the width of their place.

import uPlot from "../vendor/uPlot.esm.js";
import { h } from "../elements.js";
import { colour } from "../theme.js";
import { drawLineEnds, lineEndsWidth } from "./line_ends.js";

const NUM_COLOURS = 8;
const FONT = "12px system-ui";
const TICK = 10; // pixels of the line beside a number
const CLOSEST = 17; // pixels from one number to the next above it

/**
 * Draws curves, or points where a series says so, and keeps them at the width of `element`.
 *
 * `data` is [x, y1, y2, ...] as uPlot takes it; `series` names each y: {label, isPoints, isFilled,
 * width, dash, colour}. Where there are several lines each has its name at its end, so that nobody
 * needs the colours to tell them apart. `limits` [low, high] hold y to a range. Gives
 * {update(data), destroy()}.
 */
export function plot(element, { label, x, y, series, data, height = 280, isLog = false, limits, onPick }) {
  const place = h("figure", { class: "plot", role: "img", "aria-label": label });
  element.append(place);
  let chart = null;
  let shown = data;

  const width = () => Math.max(240, Math.floor(place.clientWidth || element.clientWidth || 600));

  function build() {
    if (chart) chart.destroy();
    chart = new uPlot(options(), shown, place);
  }

  function options() {
    return {
      width: width(),
      height,
      padding: [null, () => lineEndsWidth(series, width()), null, null],
      scales: { x: { time: false }, y: { distr: isLog ? 3 : 1, range: limits } },
      axes: [along(x), up(y, isLog)],
      series: [{ label: x }, ...series.map((one, number) => look(one, number))],
      cursor: { points: { size: 7 }, drag: { x: true, y: false } },
      legend: { live: true },
      hooks: {
        init: onPick ? [(made) => picking(made)] : [],
        draw: [(made) => drawLineEnds(made, series)],
      },
    };
  }

  function picking(made) {
    made.over.addEventListener("click", () => {
      if (made.cursor.idx !== null) onPick(made.cursor.idx);
    });
  }

  const observer = new ResizeObserver(() => {
    if (chart && Math.abs(chart.width - width()) > 1) chart.setSize({ width: width(), height });
  });
  build();
  observer.observe(place);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", build);
  const root = new MutationObserver(build);
  root.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });

  return {
    update(next) {
      shown = next;
      chart.setData(next);
    },
    destroy() {
      observer.disconnect();
      root.disconnect();
      dark.removeEventListener("change", build);
      chart.destroy();
      place.remove();
    },
  };
}

/** Bars of a histogram: `edges` has one entry more than `counts`. */
export function histogram(element, { label, x, y = "steps", edges, counts, height = 180 }) {
  const xs = edges.flatMap((edge) => [edge, edge]).slice(1, -1);
  const ys = counts.flatMap((count) => [count, count]);
  return plot(element, {
    label, x, y, height, data: [xs, ys], series: [{ label: y, isFilled: true, width: 1 }],
  });
}

function axis(label) {
  const line = { stroke: colour("line"), width: 1 };
  return {
    label, stroke: colour("soft"), labelSize: 22, labelFont: FONT, font: FONT,
    grid: line, ticks: { ...line, size: TICK }, values: (_, ticks) => ticks.map(short),
  };
}

function along(label) {
  return { ...axis(label), size: 32 };
}

/** The axis at the left, as wide as its longest number. */
function up(label, isLog) {
  const made = { ...axis(label), space: 24, size: (_, words) => (words ? TICK + 14 + widest(words) : 50) };
  if (!isLog) return made;
  return { ...made, filter: apart, grid: { ...made.grid, filter: apart }, ticks: { ...made.ticks, filter: apart } };
}

function widest(words) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = FONT;
  return Math.ceil(Math.max(0, ...words.map((word) => pen.measureText(word).width)));
}

/** Of the ticks of a logarithmic axis as many as there is room for: powers of ten before 2 and 5 times these. */
function apart(chart, ticks) {
  const powers = ticks.map((tick) => Math.log10(tick)).filter(isWhole).map(Math.round);
  const places = ticks.map((tick) => chart.valToPos(tick, "y"));
  const room = Math.max(1, Math.floor((chart.bbox.height / devicePixelRatio) / CLOSEST));
  const every = Math.ceil(powers.length / Math.min(8, room));
  const ranks = [
    (tick) => isWhole(Math.log10(tick)) && Math.round(Math.log10(tick)) % every === 0,
    (tick) => powers.length < 3 && [2, 5].some((factor) => isWhole(Math.log10(tick / factor))),
  ];
  const kept = [];
  for (const isWanted of ranks) {
    ticks.forEach((tick, at) => {
      const isFree = kept.every((other) => Math.abs(places[other] - places[at]) >= CLOSEST);
      if (isWanted(tick) && isFree) kept.push(at);
    });
  }
  return ticks.map((tick, at) => (kept.includes(at) ? tick : null));
}

function isWhole(number) {
  return Math.abs(number - Math.round(number)) < 1e-9;
}

/** A number in few letters, as axes show it. */
export function short(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  if (size >= 1e9) return value.toExponential(0).replace("+", "");
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)} M`;
  if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)} k`;
  if (size !== 0 && size < 1e-3) return value.toExponential(0);
  return String(+value.toPrecision(4));
}

function look(one, number) {
  const stroke = one.colour ? colour(one.colour) : colour(`series-${(number % NUM_COLOURS) + 1}`);
  const common = {
    label: one.label, stroke, scale: "y", spanGaps: true,
    value: (_, value) => (value === null || value === undefined ? "–" : short(value)),
  };
  if (one.isPoints) {
    return { ...common, paths: () => null, points: { show: true, size: 5, fill: stroke, width: 0 } };
  }
  return {
    ...common, width: one.width || 1.8, dash: one.dash, points: { show: false },
    fill: one.isFilled ? stroke.replace("rgb(", "rgba(").replace(")", ", 0.35)") : undefined,
  };
}
