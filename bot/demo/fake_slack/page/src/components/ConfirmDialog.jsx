import { useEffect, useId, useRef } from "preact/hooks";
import { Text } from "../blocks/Text.jsx";
import { plainText } from "../lib/text.js";

/** Slack's confirm object, as a modal dialog: the browser keeps the focus in it, Escape denies. */
export function ConfirmDialog({ confirm, onConfirm, onDeny }) {
  const ref = useRef(null);
  const id = useId();

  useEffect(() => {
    const opener = document.activeElement;
    ref.current.showModal();
    return () => opener?.focus?.({ preventScroll: true });
  }, []);

  return (
    <dialog
      ref={ref}
      class="confirm"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onCancel={(event) => {
        event.preventDefault();
        onDeny();
      }}
    >
      <h2 id={`${id}-title`}>{plainText(confirm.title)}</h2>
      <div id={`${id}-text`}>
        <Text object={confirm.text} />
      </div>
      <div class="confirm__buttons">
        <button type="button" class="el-button" onClick={onDeny}>
          {plainText(confirm.deny ?? { text: "Cancel" })}
        </button>
        <button type="button" class={`el-button el-button--${confirm.style ?? "primary"}`} onClick={onConfirm}>
          {plainText(confirm.confirm ?? { text: "Yes" })}
        </button>
      </div>
    </dialog>
  );
}
