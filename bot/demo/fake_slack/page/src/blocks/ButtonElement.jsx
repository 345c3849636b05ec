import { plainText } from "../lib/text.js";
import { useAction } from "./useAction.jsx";

export function ButtonElement({ block, element }) {
  const { run, pending, dialog } = useAction(block, element);

  function click() {
    if (pending) return;
    if (element.url) open(element.url, "_blank", "noopener,noreferrer");
    run({ value: element.value ?? null });
  }

  // The name stays the button's text, by which people and tests find it; the longer label is its description.
  return (
    <>
      <button
        type="button"
        class={`el-button ${element.style ? `el-button--${element.style}` : ""}`}
        aria-description={element.accessibility_label}
        aria-disabled={pending}
        aria-busy={pending}
        onClick={click}
      >
        {plainText(element.text)}
      </button>
      {dialog}
    </>
  );
}
