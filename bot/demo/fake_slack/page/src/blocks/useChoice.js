import { useCallback, useEffect, useRef, useState } from "preact/hooks";

const TYPEAHEAD_MS = 700;

/**
 * The behaviour shared by the select and the overflow menu: a button opens a list, keys move in it, Enter or a click
 * chooses, Escape gives the focus back to the button.
 */
export function useChoice({ labels, start, onChoose }) {
  const button = useRef(null);
  const [active, setActive] = useState(-1);
  const typed = useRef({ text: "", at: 0 });
  const open = active >= 0;

  const close = useCallback((refocus = true) => {
    setActive(-1);
    if (refocus) button.current?.focus({ preventScroll: true });
  }, []);

  useEffect(() => {
    if (open) document.querySelector(".popup [data-active=true]")?.scrollIntoView({ block: "nearest" });
  }, [active, open]);

  function show() {
    setActive(Math.max(0, start));
  }

  function choose(index) {
    close();
    onChoose(index);
  }

  function find(key) {
    const now = Date.now();
    const { text, at } = typed.current;
    const wanted = (now - at < TYPEAHEAD_MS ? text : "") + key.toLowerCase();
    typed.current = { text: wanted, at: now };
    const lower = labels.map((label) => label.toLowerCase());
    const starts = lower.findIndex((label) => label.startsWith(wanted));
    return starts >= 0 ? starts : lower.findIndex((label) => label.includes(wanted));
  }

  function onListKey(event) {
    const last = labels.length - 1;
    const moves = {
      ArrowDown: Math.min(last, active + 1),
      ArrowUp: Math.max(0, active - 1),
      PageDown: Math.min(last, active + 8),
      PageUp: Math.max(0, active - 8),
      Home: 0,
      End: last,
    };
    const searching = Date.now() - typed.current.at < TYPEAHEAD_MS && typed.current.text;
    if (event.key in moves) setActive(moves[event.key]);
    else if (event.key === "Enter" || (event.key === " " && !searching)) choose(active);
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") return close();
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const hit = find(event.key);
      if (hit >= 0) setActive(hit);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function onButtonKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    show();
  }

  return { button, active, open, show, close, choose, setActive, onListKey, onButtonKey };
}
