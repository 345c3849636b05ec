import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const GAP = 4;
const MARGIN = 8;
const TALLEST = 320;

/** Where a popup of this size fits beside its button: below if it can, else above, never off the screen. */
function place(anchor, popup) {
  const button = anchor.getBoundingClientRect();
  const { width, height } = popup.getBoundingClientRect();
  const below = innerHeight - button.bottom - MARGIN >= height || button.top < innerHeight - button.bottom;
  return {
    left: Math.max(MARGIN, Math.min(button.left, innerWidth - width - MARGIN)),
    top: below ? button.bottom + GAP : Math.max(MARGIN, button.top - GAP - height),
    maxHeight: Math.min(TALLEST, (below ? innerHeight - button.bottom : button.top) - MARGIN - GAP),
    minWidth: button.width,
  };
}

/** A list that floats beside `anchor`. Takes the focus, and calls onClose on a press elsewhere. */
export function Popup({ anchor, onClose, children, ...props }) {
  const ref = useRef(null);
  const [style, setStyle] = useState({ opacity: 0 });

  useLayoutEffect(() => {
    setStyle(place(anchor.current, ref.current));
    ref.current.focus({ preventScroll: true });
  }, []);

  useEffect(() => {
    const press = (event) => {
      if (!ref.current?.contains(event.target) && !anchor.current?.contains(event.target)) onClose(false);
    };
    const move = (event) => {
      if (event.target === window || !ref.current?.contains(event.target)) setStyle(place(anchor.current, ref.current));
    };
    document.addEventListener("pointerdown", press, true);
    document.addEventListener("scroll", move, true);
    addEventListener("resize", move);
    return () => {
      document.removeEventListener("pointerdown", press, true);
      document.removeEventListener("scroll", move, true);
      removeEventListener("resize", move);
    };
  }, [anchor, onClose]);

  return (
    <div ref={ref} class="popup" tabIndex={0} style={style} {...props}>
      {children}
    </div>
  );
}
