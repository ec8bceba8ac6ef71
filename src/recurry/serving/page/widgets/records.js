// Which record of a text the model reads, where it reads one at a time.

import { button, controls, notice, number } from "./controls.js";

let pressed = null; // name of the control that was used last: every record shows the view anew

/** A control for the record; nothing where there is but one, or running text. */
export function records(api) {
  const { record, records: count } = api.about;
  if (!count || count < 2) return null;
  const field = number({ label: `Record, 1 to ${count.toLocaleString("en")}`, min: 1, max: count, value: record,
    onChange: (wanted) => read(wanted, "field") });
  const before = button({ label: "‹ record", title: "previous record", disabled: record === 1,
    onClick: () => read(record - 1, "before") });
  const behind = button({ label: "record ›", title: "next record", disabled: record === count,
    onClick: () => read(record + 1, "behind") });

  async function read(wanted, name) {
    pressed = name;
    try {
      await api.post("/api/record", { record: wanted });
    } catch (error) {
      row.querySelector(".notice")?.remove();
      row.append(notice(error));
    }
  }

  const row = controls(field, before, behind);
  const parts = { field: field.querySelector("input"), before, behind };
  if (pressed) {
    const wanted = parts[pressed].disabled ? parts.field : parts[pressed];
    requestAnimationFrame(() => {
      if (wanted.isConnected && document.activeElement === document.body) wanted.focus({ preventScroll: true });
    });
    pressed = null;
  }
  return row;
}
