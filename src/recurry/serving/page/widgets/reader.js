// A text of any length, coloured, of which only the rows in view are in the page.

import { calm, h, printable, replace } from "../elements.js";

const BLOCK = 64; // rows that are asked for at once
const ROW_HEIGHT = 23;
const TALLEST = 8_000_000; // pixels; browsers lay out no taller element
const KEYS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

/**
 * Shows the text of the server in `element`.
 *
 * `onSeek` hears at once what comes into view: `{row, rows, columns}` of the row under the pointer
 * while its symbols are still on their way, and `{start, stop}` of all rows when they are here.
 * `source()` gives the options that say how rows are painted. `onPoint(step, piece)` hears which
 * symbol is pointed at, `onView({start, stop, starts})` which are in view after scrolling,
 * `onBrush(start, stop)` which stretch was marked, `onError(error)` what went wrong.
 */
export function reader(element, api, { source, onPoint, onSeek, onView, onBrush, onError, label, height = "26rem" }) {
  const layer = h("div", { class: "rows" });
  const spacer = h("div", { class: "spacer" });
  const frame = h("div", { class: "reader", tabindex: "0", role: "region", "aria-label": label }, spacer, layer);
  frame.style.height = height;
  element.append(frame);

  let blocks = new Map(); // number of a block -> its rows, or a promise of them
  let numRows = 0;
  let columns = 100;
  let cursor = null; // the symbol that is pointed at
  let target = null; // {step, row, isSought} of a symbol that is pointed at as soon as its row is here
  let pointer = null; // how far down the mouse is, while it is over the text
  let brush = null; // {start, stop}
  let isGone = false; // whether another view is on show by now
  let turn = 0; // counts changes of what is shown, so that old answers are dropped

  const scale = () => Math.max(1, (numRows * ROW_HEIGHT) / TALLEST);
  const firstRow = () => Math.floor((frame.scrollTop * scale()) / ROW_HEIGHT);
  const rowsInView = () => Math.ceil(frame.clientHeight / ROW_HEIGHT);

  function measure() {
    const probe = h("span", { class: "probe" }, "0".repeat(50));
    frame.append(probe);
    const width = probe.getBoundingClientRect().width / 50;
    probe.remove();
    return Math.max(20, Math.min(160, Math.floor((frame.clientWidth - 34) / width)));
  }

  async function block(number) {
    if (!blocks.has(number)) {
      const asked = api.get("/api/text", { ...source(), row: number * BLOCK, rows: BLOCK, columns });
      blocks.set(number, asked);
      const mine = blocks;
      try {
        mine.set(number, await asked);
      } catch (error) {
        mine.delete(number);
        throw error;
      }
    }
    return blocks.get(number);
  }

  async function draw() {
    const mine = ++turn;
    const first = firstRow();
    const last = first + rowsInView();
    try {
      const wanted = [];
      const edges = [first, last].map((row) => blocks.get(Math.floor(row / BLOCK)));
      if (edges.some((part) => !part?.starts)) seekPointed(first);
      for (let b = Math.floor(first / BLOCK); b <= Math.floor(last / BLOCK); b += 1) wanted.push(block(b));
      const found = await Promise.all(wanted);
      if (mine !== turn) return;
      settle(found);
      if (target && !target.isSought) { // before the first answer there is nothing to scroll
        target.isSought = true;
        if (target.row < first || target.row >= last - 1) {
          frame.scrollTop = ((target.row - Math.floor(rowsInView() / 2)) * ROW_HEIGHT) / scale();
          await draw();
          return;
        }
      }
      const rows = found.flatMap((part) => rowsOf(part)).filter((row) => row.number >= first && row.number <= last);
      replace(layer, rows.map(rowElement));
      layer.style.transform = `translateY(${frame.scrollTop - ((frame.scrollTop * scale()) % ROW_HEIGHT)}px)`;
      markBrush();
      if (target && symbolAt(target.step)) point(symbolAt(target.step));
      else markCursor();
      if (onSeek && rows.length) onSeek({ start: rows[0].start, stop: rows.at(-1).stop });
      view(rows);
    } catch (error) {
      if (mine === turn) onError(error);
    }
  }

  /** The pointer will stand on another symbol once its row is here: what is said of it comes first. */
  function seekPointed(first) {
    if (!onSeek || pointer === null) return;
    const row = first + Math.floor((pointer - frame.getBoundingClientRect().top) / ROW_HEIGHT);
    onSeek({ row: Math.max(first, row), rows: 1, columns });
  }

  function settle(found) {
    const [part] = found;
    if (part.num_rows !== numRows) {
      numRows = part.num_rows;
      spacer.style.height = `${Math.min(numRows * ROW_HEIGHT, TALLEST)}px`;
    }
    const isBehind = found.some((one) => one.levels.length < one.pieces.length);
    if (isBehind) setTimeout(() => refresh(), 500); // the model has not read so far yet
  }

  const view = calm(120, (rows) => {
    if (!rows.length || isGone) return;
    onView({
      start: rows[0].start, stop: rows.at(-1).stop, columns,
      starts: [...rows.map((row) => row.start), rows.at(-1).stop],
    });
  });

  function rowsOf(part) {
    const unknown = new Set(part.unknown);
    const base = part.starts[0];
    return part.starts.slice(0, -1).map((start, place) => ({
      number: part.row + place, start, stop: part.starts[place + 1], base, part, unknown,
    }));
  }

  function rowElement({ start, stop, base, part, unknown }) {
    const row = h("div", { class: "row" });
    for (let step = start; step < stop; step += 1) {
      const symbol = document.createElement("i");
      const level = part.levels[step - base];
      symbol.className = level === undefined ? "unread" : `v${level}`;
      const piece = part.pieces[step - base];
      symbol.textContent = shown(piece);
      if (piece.includes("\n")) symbol.classList.add("end");
      if (unknown.has(step)) symbol.classList.add("unknown");
      symbol.step = step;
      symbol.piece = piece;
      row.append(symbol);
    }
    return row;
  }

  const symbols = () => layer.querySelectorAll("i");
  const symbolAt = (step) => [...symbols()].find((symbol) => symbol.step === step);

  function point(symbol) {
    if (!symbol || symbol.step === undefined) return;
    cursor = symbol.step;
    target = null;
    markCursor();
    onPoint(symbol.step, symbol.piece);
  }

  function markCursor() {
    layer.querySelector(".cursor")?.classList.remove("cursor");
    if (cursor !== null) symbolAt(cursor)?.classList.add("cursor");
  }

  function markBrush() {
    for (const symbol of symbols()) {
      const isIn = brush !== null && symbol.step >= brush.start && symbol.step < brush.stop;
      symbol.classList.toggle("brushed", isIn);
    }
  }

  frame.addEventListener("mousemove", (event) => {
    pointer = event.clientY;
  }, { passive: true });
  frame.addEventListener("mouseleave", () => {
    pointer = null;
  });
  frame.addEventListener("scroll", () => draw(), { passive: true });
  layer.addEventListener("mouseover", (event) => {
    const symbol = event.target.closest("i");
    point(symbol);
    if (dragged !== null && symbol) setBrush(dragged, symbol.step);
  });

  let dragged = null;
  layer.addEventListener("mousedown", (event) => {
    const symbol = event.target.closest("i");
    if (!symbol || event.button !== 0) return;
    event.preventDefault();
    frame.focus({ preventScroll: true });
    dragged = symbol.step;
    brush = null;
    markBrush();
  });
  const drop = () => {
    if (dragged !== null && brush) onBrush(brush.start, brush.stop);
    dragged = null;
  };
  window.addEventListener("mouseup", drop);

  function setBrush(one, other) {
    brush = { start: Math.min(one, other), stop: Math.max(one, other) + 1 };
    markBrush();
  }

  frame.addEventListener("keydown", (event) => {
    const move = KEYS[event.key];
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step(move, event.shiftKey);
  });

  async function step([along, down], isMarking) {
    const all = [...symbols()];
    if (!all.length) return;
    const now = cursor === null || !symbolAt(cursor) ? all[0] : symbolAt(cursor);
    const before = now.step;
    let next = before + along;
    if (down) {
      const row = now.parentElement;
      const place = [...row.children].indexOf(now);
      const beside = down > 0 ? row.nextElementSibling : row.previousElementSibling;
      if (!beside) frame.scrollTop += (down * ROW_HEIGHT) / scale();
      next = beside ? beside.children[Math.min(place, beside.children.length - 1)].step : before;
    }
    if (next < 0) return;
    if (isMarking) setBrush(brush && brush.stop - 1 === before ? brush.start : brush?.stop === before + 1
      ? brush.start : before, next);
    cursor = next;
    if (!symbolAt(next) || isBelow(next)) await show(next);
    else point(symbolAt(next));
    if (isMarking) onBrush(brush.start, brush.stop);
  }

  function isBelow(next) {
    const box = symbolAt(next).getBoundingClientRect();
    const edge = frame.getBoundingClientRect();
    return box.top < edge.top || box.bottom > edge.bottom;
  }

  /** Scrolls to a symbol and points at it. */
  async function show(next) {
    const { row } = await api.get("/api/place", { step: next, columns });
    target = { step: next, row, isSought: false };
    await draw();
  }

  /** Asks for everything anew, for instance after another unit was chosen. */
  function refresh() {
    blocks = new Map();
    return draw();
  }

  const observer = new ResizeObserver(calm(100, () => {
    const now = measure();
    if (now !== columns || !numRows) {
      columns = now;
      refresh();
    } else draw();
  }));
  columns = measure();
  draw();
  observer.observe(frame);

  return {
    refresh, show, frame,
    mark(start, stop) {
      brush = stop > start ? { start, stop } : null;
      markBrush();
    },
    destroy() {
      observer.disconnect();
      window.removeEventListener("mouseup", drop);
      isGone = true;
      turn += 1;
    },
  };
}

/** A piece as it stands in a row: line ends and tabs as signs. */
function shown(piece) {
  return printable(piece.replaceAll("\n", "↵").replaceAll("\t", "⇥   "));
}
