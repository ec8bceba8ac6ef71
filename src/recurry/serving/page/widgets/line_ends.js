// The names of lines at their ends, moved apart where ends lie close together.

import { colour } from "../theme.js";

const FONT = "11px system-ui";
const HEIGHT = 13; // pixels of a name
const GAP = 16; // between the end of a line and its name
const WIDEST = 0.34; // of the chart
const MARGIN = 12; // pixels at the right of a chart without names

const isLine = (one) => !one.isPoints && !one.isFilled;

/** Room at the right of a chart for the names of its lines; one line alone needs none. */
export function lineEndsWidth(series, width) {
  const lines = series.filter(isLine);
  if (lines.length < 2) return MARGIN;
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = FONT;
  const widest = Math.max(...lines.map((one) => pen.measureText(one.label).width));
  return Math.min(Math.ceil(widest) + GAP + 4, Math.floor(WIDEST * width));
}

/** Writes the name of each line of a chart beside its last point in view. */
export function drawLineEnds(chart, series) {
  if (series.filter(isLine).length < 2) return;
  const ratio = devicePixelRatio;
  const { left, top, width, height } = chart.bbox;
  const ends = series.flatMap((one, place) => {
    const end = isLine(one) && chart.series[place + 1].show ? lastPoint(chart, place + 1) : null;
    return end ? [{ ...end, label: one.label, stroke: colour(one.colour || `series-${(place % 8) + 1}`) }] : [];
  });
  spread(ends, HEIGHT * ratio, top, top + height);
  const pen = chart.ctx;
  pen.save();
  pen.font = FONT.replace("11", String(11 * ratio));
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.setLineDash([]);
  pen.lineWidth = ratio;
  const room = pen.canvas.width - left - width - GAP * ratio;
  for (const { x, y, at, label, stroke } of ends) {
    pen.strokeStyle = stroke;
    pen.beginPath();
    pen.moveTo(x + 2 * ratio, y);
    pen.lineTo(left + width + (GAP - 3) * ratio, at);
    pen.stroke();
    pen.fillStyle = colour("ink");
    pen.fillText(fitting(pen, label, room), left + width + GAP * ratio, at);
  }
  pen.restore();
}

/** Where a line ends on the canvas. */
function lastPoint(chart, place) {
  const values = chart.data[place];
  const [first, last] = chart.series[0].idxs || [0, values.length - 1];
  for (let at = last; at >= first; at -= 1) {
    if (values[at] === null || values[at] === undefined) continue;
    const y = chart.valToPos(values[at], "y", true);
    if (Number.isFinite(y)) return { x: chart.valToPos(chart.data[0][at], "x", true), y };
  }
  return null;
}

/** Gives every end a height `at` of its own between `low` and `high`, as near to its line as can be. */
function spread(ends, step, low, high) {
  ends.sort((a, b) => a.y - b.y);
  let free = low;
  for (const end of ends) {
    end.at = Math.max(Math.min(end.y, high), free);
    free = end.at + step;
  }
  let limit = high;
  for (const end of [...ends].reverse()) {
    end.at = Math.min(end.at, limit);
    limit = end.at - step;
  }
}

/** A name, cut where it would not fit. */
function fitting(pen, label, room) {
  if (pen.measureText(label).width <= room) return label;
  let length = label.length;
  while (length > 1 && pen.measureText(`${label.slice(0, length)}…`).width > room) length -= 1;
  return `${label.slice(0, length)}…`;
}
