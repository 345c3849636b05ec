/** The page's state as a hook: live data, the channel in the address bar, and what a person can do. */
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import * as api from "./api.js";
import { follow } from "./live.js";
import { EMPTY, reduce } from "./store.js";

const HOME = "live-ops";
const TOAST_MS = 7000;

const hashName = () => decodeURIComponent(location.hash.slice(1)) || HOME;

function useHash() {
  const [name, setName] = useState(hashName);
  useEffect(() => {
    const changed = () => setName(hashName());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return name;
}

export function usePage() {
  const [state, dispatch] = useReducer(reduce, EMPTY);
  const name = useHash();
  const { channels } = state;
  const channel = useMemo(() => {
    const named = (wanted) => channels.find((one) => one.name === wanted || one.id === wanted);
    return named(name) ?? named(HOME) ?? channels[0] ?? null;
  }, [channels, name]);
  const current = useRef(null);
  current.current = channel?.id ?? null;
  const nextToast = useRef(0);

  const toast = useCallback((text) => {
    const id = ++nextToast.current;
    dispatch({ type: "toast", id, text });
    setTimeout(() => dispatch({ type: "untoast", id }), TOAST_MS);
  }, []);
  const closeToast = useCallback((id) => dispatch({ type: "untoast", id }), []);

  useEffect(
    () =>
      follow({
        onState: (fresh) => dispatch({ type: "loaded", state: fresh }),
        onOffline: () => dispatch({ type: "offline" }),
        onEvent: (event) => {
          if (event.type === "notice") toast(event.text);
          else dispatch({ type: "event", event, current: current.current });
        },
      }),
    [toast],
  );

  useEffect(() => {
    if (channel) dispatch({ type: "read", channel: channel.id });
  }, [channel, state.unread[channel?.id]]);

  const told = useCallback(
    (call) =>
      async (...args) => {
        const answer = await call(...args);
        if (!answer.ok) toast(answer.error);
        return answer.ok;
      },
    [toast],
  );
  const act = useMemo(() => told(api.act), [told]);
  const unarchive = useMemo(() => told(api.unarchive), [told]);

  return { state, channel, act, send: api.send, unarchive, closeToast };
}
