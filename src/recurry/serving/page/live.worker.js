// One connection for every tab of this page; what comes in is handed to all of them.

const ports = new Set();
const last = new Map();

function tell(kind, detail) {
  if (kind === "about") last.delete("problem"); // that was of what was shown before
  last.set(kind, detail);
  for (const port of ports) port.postMessage({ kind, detail });
}

let source = null;

function open() {
  source = new EventSource("/api/events");
  source.onopen = () => tell("connection", true);
  source.onerror = () => {
    tell("connection", false);
    if (source.readyState === EventSource.CLOSED) setTimeout(open, 1000);
  };
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    tell(event.kind, event.detail);
  };
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data === "bye") ports.delete(port);
    if (data === "hello") welcome(port);
  };
  port.start();
  if (source === null) open();
};

/** A tab that opens later, or comes back, hears what the others have heard last. */
function welcome(port) {
  ports.add(port);
  for (const [kind, detail] of last) port.postMessage({ kind, detail });
}
