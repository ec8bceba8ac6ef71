// A part of a view while the server works for it: a sign, then the answer or what went wrong.

import { h, replace } from "../elements.js";
import { notice } from "./controls.js";

const SIGN_AFTER = 200; // milliseconds

const open = new WeakMap(); // element -> the question that it waits for

/**
 * Asks the server, and shows the answer in `element`, or the error in its place.
 *
 * `ask({signal})` gives the answer and `show(answer)` draws it; without `show` it is put into
 * `element`. Only the last question counts: one that comes while another is open takes that back, so
 * that an older answer never comes after a newer one. `isQuiet` is for what nobody asked for: no
 * sign, and what is shown stays when it fails.
 */
export async function present(element, ask, show = (answer) => replace(element, answer), { isQuiet = false } = {}) {
  const before = open.get(element);
  const mine = { taken: new AbortController(), timer: before?.timer, sign: before?.sign };
  before?.taken.abort();
  open.set(element, mine);
  element.setAttribute("aria-busy", "true");
  if (!isQuiet) mine.timer ??= setTimeout(() => putSign(element), SIGN_AFTER);
  const isWanted = () => open.get(element) === mine && element.isConnected;
  try {
    const answer = await ask({ signal: mine.taken.signal });
    if (isWanted()) await show(answer);
  } catch (error) {
    if (isWanted() && !isQuiet) replace(element, notice(error));
  } finally {
    if (open.get(element) === mine) close(element, mine);
  }
}

function putSign(element) {
  const mine = open.get(element);
  if (!mine) return;
  mine.sign = h("p", { class: "computing small", role: "status" }, "computing …");
  element.append(mine.sign);
}

function close(element, { timer, sign }) {
  clearTimeout(timer);
  if (sign) sign.remove();
  open.delete(element);
  element.removeAttribute("aria-busy");
}
