// The texts that somebody and the model write, and the one queue of what shall happen to them.

const LONGEST = 4900; // symbols up to which the model goes on by itself
const PAUSE = 60; // milliseconds between its symbols

/**
 * Texts, one of which is gone on with. Actions are done one after another, in the order in which they
 * came, each on the text as the one before has left it:
 * {typed}, {symbol} and {draw} add, {back} takes back, {fork: true} goes on with a copy, {open: 1}
 * with another text, and {} asks once more what may come next.
 */
export class Written {
  constructor(api, { onChange, onError }) {
    this.api = api;
    this.onChange = onChange;
    this.onError = onError;
    this.lines = [newLine()];
    this.active = 0;
    this.temperature = 0.8;
    this.isWriting = false; // whether the model goes on by itself
    this.queue = [];
    this.isAtWork = false;
    this.isClosed = false;
  }

  get line() {
    return this.lines[this.active];
  }

  /** Puts an action at the end of the queue. */
  async add(action) {
    if (!join(this.queue.at(-1), action)) this.queue.push(action);
    await this.work();
  }

  /** Lets the model go on by itself, or ends that. */
  async toggle() {
    this.isWriting = !this.isWriting;
    this.onChange();
    await this.work();
  }

  close() {
    this.isClosed = true;
    this.isWriting = false;
    this.queue = [];
  }

  async work() {
    if (this.isAtWork) return;
    this.isAtWork = true;
    for (let action = this.next(); action; action = this.next()) {
      await this.try(action);
      if (this.isWriting && !this.queue.length) await new Promise((done) => setTimeout(done, PAUSE));
    }
    this.isAtWork = false;
  }

  next() {
    if (this.queue.length) return this.queue.shift();
    const goesOn = this.isWriting && this.line.ids.length < LONGEST;
    if (this.isWriting && !goesOn) {
      this.isWriting = false;
      this.onChange();
    }
    return goesOn ? { draw: 1 } : null;
  }

  async try(action) {
    try {
      if (action.fork) this.fork();
      else await this.step(action);
      if (!this.isClosed) this.onChange();
    } catch (error) {
      // What waits was meant for a text that has not come to be.
      this.queue = [];
      this.isWriting = false;
      if (!this.isClosed) this.onError(error);
    }
  }

  async step({ open = this.active, back = 0, ...added }) {
    const mine = this.lines[open];
    const ids = mine.ids.slice(0, Math.max(0, mine.ids.length - back));
    const answer = await this.api.post("/api/write", { ids, temperature: this.temperature, seed: mine.seed, ...added });
    this.active = open;
    for (const list of [mine.ids, mine.pieces, mine.cells]) list.length = ids.length;
    this.extend(mine, answer);
  }

  extend(mine, answer) {
    const sizes = this.api.about.layers.map((layer) => layer.hidden_size);
    const layers = answer.cells.map((text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)));
    const at = (place) => layers.map((bytes, layer) => (
      bytes.subarray(place * sizes[layer], (place + 1) * sizes[layer])));
    answer.ids.forEach((id, place) => {
      mine.ids.push(id);
      mine.pieces.push(answer.pieces[place]);
      mine.cells.push(at(place));
    });
    mine.now = answer.ids.length ? mine.cells.at(-1) : at(0);
    mine.expected = answer.expected;
    mine.entropy = answer.entropy_nats;
    mine.painted = answer.painted;
  }

  fork() {
    const { ids, pieces, cells, ...rest } = this.line;
    this.lines.push({ ...rest, ids: [...ids], pieces: [...pieces], cells: [...cells], seed: this.lines.length });
    this.active = this.lines.length - 1;
  }
}

function newLine() {
  return { ids: [], pieces: [], cells: [], now: [], expected: [], seed: Math.floor(Math.random() * 1e6) };
}

/** Makes one action of two that wait one behind the other, where that comes to the same. */
function join(last, action) {
  if (!last) return false;
  const names = Object.keys(action).join();
  if (names !== Object.keys(last).join()) return false;
  if (names === "typed") last.typed += action.typed;
  else if (names === "back") last.back += action.back;
  else return names === "";
  return true;
}
