import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const NEAR_BOTTOM_PX = 40;

const articlesOf = (log) => [...log.querySelectorAll(":scope > .log__inner > article")];

/** The first message in view and where it is, to hold on to while others above it change. */
function anchorOf(log) {
  const top = log.getBoundingClientRect().top;
  for (const article of articlesOf(log)) {
    const box = article.getBoundingClientRect();
    if (box.bottom > top) return { ts: article.dataset.ts, offset: box.top - top };
  }
  return null;
}

/**
 * Where the message list stands:
 * - at the bottom, a new message is followed; further up, it raises the "New messages" button instead;
 * - a message that changes in place moves nothing that is in view. If it grows at the very end of the list, as much of
 *   it is brought into view as fits.
 */
export function useLogScroll(channel, messages) {
  const ref = useRef(null);
  const state = useRef({ stuck: true, pinned: false, written: null, anchor: null, last: null, count: 0, channel: null });
  const [behind, setBehind] = useState(false);

  const write = useCallback((top) => {
    const log = ref.current;
    log.scrollTop = top;
    state.current.written = log.scrollTop;
    state.current.anchor = anchorOf(log);
  }, []);

  const toBottom = useCallback(() => {
    Object.assign(state.current, { stuck: true, pinned: true });
    setBehind(false);
    write(ref.current.scrollHeight);
  }, [write]);

  const onScroll = useCallback(() => {
    const log = ref.current;
    const now = state.current;
    now.anchor = anchorOf(log);
    if (now.written !== null && Math.abs(log.scrollTop - now.written) < 2) return;
    now.written = null;
    now.pinned = false;
    now.stuck = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_BOTTOM_PX;
    if (now.stuck) setBehind(false);
  }, []);

  useLayoutEffect(() => {
    const log = ref.current;
    const now = state.current;
    const last = messages.at(-1) ?? null;
    const isNew = messages.length > now.count && last?.ts !== now.last?.ts;
    const lastChanged = last !== now.last;
    const arrived = now.channel !== channel;
    Object.assign(now, { last, count: messages.length, channel });
    if (arrived) toBottom();
    else if (isNew && now.stuck) toBottom();
    else {
      hold(log, now.anchor, write);
      if (isNew) setBehind(true);
      else if (lastChanged && now.stuck) {
        now.pinned = false;
        reveal(log, write);
      }
    }
  }, [channel, messages, toBottom, write]);

  // Anything else that changes the room: the window, the composer, a chart that has just measured itself.
  useEffect(() => {
    const log = ref.current;
    let height = log.clientHeight;
    const watch = new ResizeObserver(() => {
      const wasAtBottom = log.scrollHeight - log.scrollTop - height < NEAR_BOTTOM_PX;
      const resized = log.clientHeight !== height;
      height = log.clientHeight;
      if (state.current.pinned || (resized && wasAtBottom)) write(log.scrollHeight);
      else hold(log, state.current.anchor, write);
    });
    watch.observe(log);
    watch.observe(log.firstElementChild);
    return () => watch.disconnect();
  }, [write]);

  // Whoever uses something in the list (a thread, a table) decides where to look: stop following the bottom.
  const onUse = useCallback(() => {
    state.current.pinned = false;
  }, []);

  return { ref, onScroll, onUse, behind, toBottom };
}

function hold(log, anchor, write) {
  const article = anchor && articlesOf(log).find((one) => one.dataset.ts === anchor.ts);
  if (!article) return;
  const offset = article.getBoundingClientRect().top - log.getBoundingClientRect().top;
  if (Math.abs(offset - anchor.offset) >= 1) write(log.scrollTop + offset - anchor.offset);
}

function reveal(log, write) {
  const last = articlesOf(log).at(-1);
  if (!last) return;
  const start = log.scrollTop + last.getBoundingClientRect().top - log.getBoundingClientRect().top;
  const wanted = Math.min(log.scrollHeight - log.clientHeight, start);
  if (wanted > log.scrollTop) write(wanted);
}
