/** Keeps the page in step with the server: read the state, follow the events, and start again when the line drops. */
import { openEvents, readState } from "./api.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

/** Calls onState, onEvent and onOffline until the returned function is called. */
export function follow({ onState, onEvent, onOffline }) {
  let source = null;
  let timer = null;
  let stopped = false;
  let wait = FIRST_WAIT_MS;
  let seen = 0;

  async function refresh() {
    let state = await readState();
    // An event may have overtaken the answer: then the answer is old.
    while (state.last_event_id < seen && !stopped) state = await readState();
    if (!stopped) onState(state);
    return state;
  }

  async function connect() {
    seen = 0;
    try {
      const state = await refresh();
      if (stopped) return;
      seen = state.last_event_id;
      source = openEvents(seen);
      source.onopen = () => {
        wait = FIRST_WAIT_MS;
      };
      source.onmessage = receive;
      source.onerror = retry;
    } catch {
      retry();
    }
  }

  function receive(message) {
    const id = Number(message.lastEventId);
    if (id && id <= seen) return;
    if (id) seen = id;
    const event = JSON.parse(message.data);
    if (event.type === "channels.changed") refresh().catch(retry);
    else onEvent(event);
  }

  function retry() {
    source?.close();
    clearTimeout(timer);
    if (stopped) return;
    onOffline();
    timer = setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }

  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    source?.close();
  };
}
