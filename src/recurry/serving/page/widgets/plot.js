// Curves, points and bars on uPlot, in the colours of the theme and the width of their place.

import uPlot from "../vendor/uPlot.esm.js";
import { h } from "../elements.js";
import { colour } from "../theme.js";
import { drawLineEnds, lineEndsWidth } from "./line_ends.js";

const NUM_COLOURS = 8;

/**
 * Draws curves, or points where a series says so, and keeps them at the width of `element`.
 *
 * `data` is [x, y1, y2, ...] as uPlot takes it; `series` names each y: {label, isPoints, isFilled,
 * width, dash, colour}. Where there are several lines each has its name at its end, so that nobody
 * needs the colours to tell them apart. Gives {update(data), destroy()}.
 */
export function plot(element, { label, x, y, series, data, height = 280, isLog = false, onPick }) {
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
      scales: { x: { time: false }, y: { distr: isLog ? 3 : 1 } },
      axes: [axis(x), axis(y, isLog)],
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

function axis(label, isLog = false) {
  const ink = colour("soft");
  const line = colour("line");
  return {
    label, stroke: ink, labelSize: 22, labelFont: "12px system-ui", font: "12px system-ui",
    grid: { stroke: line, width: 1, ...(isLog ? { filter: powers } : {}) },
    ticks: { stroke: line, width: 1, ...(isLog ? { filter: powers } : {}) }, ...(isLog ? { filter: powers } : {}),
    values: (_, ticks) => ticks.map(short),
  };
}

/** Of the ticks of a logarithmic axis the powers of ten, and of many of those every few. */
function powers(_, ticks) {
  const whole = ticks.map((tick) => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9);
  if (whole.filter(Boolean).length < 3) return ticks;
  const every = Math.ceil(whole.filter(Boolean).length / 8);
  return ticks.map((tick, place) => (
    whole[place] && (every <= 1 || Math.round(Math.log10(tick)) % every === 0) ? tick : null));
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
