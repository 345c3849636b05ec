import { useEffect, useState } from "preact/hooks";

const TICK_MS = 1000;
const listeners = new Set();
let timer = null;

function listen(listener) {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((each) => each()), TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    clearInterval(timer);
    timer = null;
  };
}

/** What `make` gives, made anew every second where `ticks`; drawn anew only when it has become something else. */
export function useSeconds(make, ticks) {
  const [, setShown] = useState(null);
  useEffect(() => (ticks ? listen(() => setShown(make())) : undefined));
  return make();
}
