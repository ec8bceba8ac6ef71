// Shows any view of the server that has no module of its own: its options, picture and table.

import { h } from "./elements.js";
import { controls, select, number, text, checkbox } from "./widgets/controls.js";
import { present } from "./widgets/present.js";
import { table } from "./widgets/table.js";

export default {
  name: "generic",

  mount(element, api, view) {
    const options = { ...api.options };
    const result = h("div", { class: "panel" });
    const draw = () => {
      api.setDownloads(options);
      present(result, ({ signal }) => picture(api, view, { ...options }, signal));
    };
    const fields = Object.entries(view.options.properties || {}).map(([name, field]) =>
      control(name, field, options, draw));
    if (fields.length) element.append(controls(fields));
    element.append(result);
    draw();
  },
};

async function picture(api, view, options, signal) {
  const finding = await api.view(view.name, options, { signal });
  const source = api.fileUrl(view.name, "svg", options);
  const image = h("img", { class: "picture", src: source, alt: view.caption });
  return [image, finding.rows && finding.rows.length ? rowsTable(finding.rows) : null];
}

function rowsTable(rows) {
  const columns = Object.keys(rows[0]).map((key) => ({
    key, title: key.replaceAll("_", " "), isNumber: typeof rows[0][key] === "number",
  }));
  return table({ columns, rows, caption: "The numbers of the picture" });
}

/** A control for one option, by its JSON schema. */
export function control(name, field, options, onChange) {
  const schema = field.anyOf ? { ...field, ...field.anyOf[0] } : field;
  const value = options[name] ?? field.default ?? "";
  const label = field.title || name.replaceAll("_", " ");
  const change = (given) => {
    options[name] = given;
    onChange();
  };
  if (schema.enum) return select({ label, options: schema.enum, value, onChange: change });
  if (schema.type === "boolean") {
    return checkbox({ label, value: String(value) === "true", onChange: change });
  }
  if (schema.type === "integer" || schema.type === "number") {
    const step = schema.type === "integer" ? 1 : "any";
    return number({ label, min: schema.minimum, max: schema.maximum, step, value, onChange: change });
  }
  return text({ label, value, wide: true, onChange: change });
}
