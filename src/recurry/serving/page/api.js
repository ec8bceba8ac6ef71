// What views use to speak with the server and with one another.

/** An error with what the server said about it. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body.what || `The server answered with status ${status}.`);
    this.status = status;
    this.what = this.message;
    for (const field of ["where", "got", "accepted", "next", "line", "column"]) {
      this[field] = body[field] || null;
    }
  }
}

/** The object that is handed to every view as `api`. */
export class Api {
  constructor() {
    this.about = null;
    this.views = [];
    // What is looked at, kept from view to view: a cell and a stretch of the text.
    this.selection = { layer: 0, direction: "forward", name: null, unit: 0, start: 0, stop: 0 };
    this.listeners = new Map();
  }

  /** JSON from a path; `signal` takes a request back. */
  async get(path, query = {}, { signal } = {}) {
    return (await this.fetch(path, query, { signal })).json();
  }

  /** The answer to something that changes the server's state. */
  async post(path, body = {}) {
    const headers = { "content-type": "application/json" };
    return (await this.fetch(path, {}, { method: "POST", headers, body: JSON.stringify(body) })).json();
  }

  /** What a view computes on the server: its Finding as JSON. */
  view(name, options = {}, more = {}) {
    return this.get(`/api/view/${name}`, options, more);
  }

  /** Where a view's finding lies as a file: ending is svg, png or csv. */
  fileUrl(name, ending, options = {}) {
    return address(`/api/view/${name}.${ending}`, options);
  }

  /** Calls back at every event of a kind; gives a function that ends this. */
  on(kind, listener) {
    if (!this.listeners.has(kind)) this.listeners.set(kind, new Set());
    this.listeners.get(kind).add(listener);
    return () => this.listeners.get(kind).delete(listener);
  }

  /** Tells every listener of a kind. */
  emit(kind, detail) {
    for (const listener of [...(this.listeners.get(kind) || [])]) listener(detail);
  }

  /** Changes what is looked at and tells the other parts of the page. */
  select(change) {
    this.selection = { ...this.selection, ...change };
    this.emit("selection", this.selection);
  }

  /** Takes over what the server shows now, and forgets what was selected but is not there any more. */
  adopt(about) {
    const before = this.about;
    this.about = about;
    const isFirst = !before || !before.title;
    const isSame = !isFirst && ["version", "text", "num_symbols"].every((name) => before[name] === about[name]);
    const change = isSame ? {} : { start: 0, stop: 0 };
    if (isFirst || !hasCell(about, this.selection)) Object.assign(change, { name: null }, about.selection);
    this.select(change);
  }

  async fetch(path, query, options) {
    let answer;
    try {
      answer = await fetch(address(path, query), { ...options, headers: { ...options.headers } });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, {
        what: "The server does not answer.",
        next: "this page connects again by itself; if it does not, start recurry look once more",
      });
    }
    if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => ({})));
    return answer;
  }
}

function hasCell({ layers, names = [] }, { layer, direction, unit, name }) {
  const found = layers.find((one) => one.index === layer && one.direction === direction);
  return Boolean(found) && unit < found.hidden_size && (name === null || names.includes(name));
}

function address(path, query) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parts.append(name, String(value));
  }
  const text = parts.toString();
  return text ? `${path}?${text}` : path;
}
