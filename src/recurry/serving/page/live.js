// Events from the server, for all tabs over one connection: a browser allows only six to a server.

/** Emits every event of the server on `api`, and "connection" with true or false. */
export function listen(api) {
  if ("SharedWorker" in window) {
    const worker = new SharedWorker("/static/live.worker.js", { name: "recurry" });
    worker.port.onmessage = ({ data }) => api.emit(data.kind, data.detail);
    worker.port.start();
    window.addEventListener("pagehide", () => worker.port.postMessage("bye"));
    return;
  }
  const source = new EventSource("/api/events");
  source.onopen = () => api.emit("connection", true);
  source.onerror = () => api.emit("connection", false);
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    api.emit(event.kind, event.detail);
  };
}
