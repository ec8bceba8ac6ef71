// Events from the server, for all tabs over one connection: a browser allows only six to a server.

/** Emits every event of the server on `api`, and "connection" with true or false. */
export function listen(api) {
  if ("SharedWorker" in window) {
    const worker = new SharedWorker("/static/live.worker.js", { name: "recurry" });
    worker.port.onmessage = ({ data }) => api.emit(data.kind, data.detail);
    worker.port.start();
    whileShown(() => worker.port.postMessage("hello"), () => worker.port.postMessage("bye"));
    return;
  }
  let source = null;
  const open = () => {
    source = new EventSource("/api/events");
    source.onopen = () => api.emit("connection", true);
    source.onerror = () => api.emit("connection", false);
    source.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      api.emit(event.kind, event.detail);
    };
  };
  whileShown(open, () => source.close());
}

/** Begins now, ends when the page goes, and begins again when the browser brings it back. */
function whileShown(begin, end) {
  begin();
  window.addEventListener("pagehide", end);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) begin();
  });
}
