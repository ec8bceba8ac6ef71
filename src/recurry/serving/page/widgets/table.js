// A table whose rows can be sorted by a click on a heading and picked by mouse and keyboard.

import { h, replace } from "../elements.js";

/**
 * Columns are {key, title, show, isNumber}; `show` makes words, or an element, of a value.
 * `onPick` gets a row; `caption` says what the table holds.
 */
export function table({ columns, rows, caption, onPick = null, isPicked = () => false, most = 200 }) {
  let sorted = { key: null, isDown: true };
  const body = h("tbody");
  const headings = columns.map((column) => heading(column));
  const element = h("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, headings)), body));

  function heading(column) {
    const sort = h("button", { type: "button", on: { click: () => sortBy(column) } }, column.title);
    return h("th", { scope: "col", class: column.isNumber ? "number" : "" }, sort);
  }

  function sortBy(column) {
    const isDown = sorted.key === column.key ? !sorted.isDown : Boolean(column.isNumber);
    sorted = { key: column.key, isDown };
    columns.forEach((each, place) => {
      const state = each === column ? (isDown ? "descending" : "ascending") : "none";
      headings[place].setAttribute("aria-sort", state);
    });
    draw();
  }

  function ordered() {
    if (sorted.key === null) return rows;
    const sign = sorted.isDown ? -1 : 1;
    return [...rows].sort((a, b) => sign * compare(a[sorted.key], b[sorted.key]));
  }

  function draw() {
    const shown = ordered().slice(0, most);
    const left = rows.length - shown.length;
    replace(body, shown.map(row), left > 0
      ? h("tr", {}, h("td", { colspan: columns.length, class: "soft" }, `and ${left} more`)) : null);
  }

  function row(record) {
    const cells = columns.map((column, place) => cell(column, record, place));
    return h("tr", { class: isPicked(record) ? "picked" : "" }, cells);
  }

  function cell(column, record, place) {
    const value = record[column.key];
    const shown = column.show ? column.show(value, record) : plain(value);
    const kind = column.isNumber ? "number" : "";
    if (!onPick || place) return h("td", { class: kind }, shown);
    const pick = (event) => {
      for (const other of body.querySelectorAll(".picked")) other.classList.remove("picked");
      event.target.closest("tr").classList.add("picked");
      onPick(record);
    };
    return h("td", { class: kind }, h("button", { type: "button", class: "link", on: { click: pick } },
      shown));
  }

  draw();
  return element;
}

function compare(a, b) {
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

function plain(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" && !Number.isInteger(value)) return value.toPrecision(4);
  return String(value);
}
