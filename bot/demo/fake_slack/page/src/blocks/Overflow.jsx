import { useId } from "preact/hooks";
import { plainText } from "../lib/text.js";
import { Popup } from "./Popup.jsx";
import { useAction } from "./useAction.jsx";
import { useChoice } from "./useChoice.js";

export function Overflow({ block, element }) {
  const { run, pending, dialog } = useAction(block, element);
  const id = useId();
  const { options } = element;
  const labels = options.map((option) => plainText(option.text));
  const choice = useChoice({
    labels,
    start: 0,
    onChoose(index) {
      const option = options[index];
      if (option.url) open(option.url, "_blank", "noopener,noreferrer");
      run({ selected_option: option });
    },
  });
  return (
    <span class="el-overflow">
      <button
        ref={choice.button}
        type="button"
        class="el-button el-button--icon"
        aria-label={element.accessibility_label ?? "Options"}
        aria-haspopup="menu"
        aria-expanded={choice.open}
        aria-controls={choice.open ? id : undefined}
        aria-disabled={pending}
        aria-busy={pending}
        onClick={() => (choice.open ? choice.close() : pending || choice.show())}
        onKeyDown={choice.onButtonKey}
      >
        <svg viewBox="0 0 4 16" width="4" height="16" aria-hidden="true"><circle cx="2" cy="2" r="1.6" /><circle cx="2" cy="8" r="1.6" /><circle cx="2" cy="14" r="1.6" /></svg>
      </button>
      {choice.open && (
        <Popup
          anchor={choice.button}
          onClose={choice.close}
          id={id}
          role="menu"
          aria-activedescendant={`${id}-${choice.active}`}
          onKeyDown={choice.onListKey}
        >
          {options.map((option, index) => (
            <div
              key={index}
              id={`${id}-${index}`}
              role="menuitem"
              class="popup__item"
              data-active={index === choice.active}
              onPointerMove={() => choice.setActive(index)}
              onClick={() => choice.choose(index)}
            >
              {labels[index]}
              {option.description && <small>{plainText(option.description)}</small>}
            </div>
          ))}
        </Popup>
      )}
      {dialog}
    </span>
  );
}
