import { Fragment } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { plainText } from "../lib/text.js";
import { Popup } from "./Popup.jsx";
import { useAction } from "./useAction.jsx";
import { useChoice } from "./useChoice.js";

/** All options in one list; the first of a group carries the group's label. */
function flatten({ options, option_groups: groups }) {
  if (!groups) return (options ?? []).map((option) => ({ option }));
  return groups.flatMap((group) => group.options.map((option, index) => ({ option, group: index === 0 && plainText(group.label) })));
}

export function StaticSelect({ block, element }) {
  const { run, pending, dialog } = useAction(block, element);
  const [picked, setPicked] = useState(element.initial_option ?? null);
  const id = useId();
  const rows = flatten(element);
  const labels = rows.map(({ option }) => plainText(option.text));
  const chosen = rows.findIndex(({ option }) => option.value === picked?.value);
  const choice = useChoice({
    labels,
    start: chosen,
    onChoose(index) {
      const { option } = rows[index];
      const before = picked;
      setPicked(option);
      run({ selected_option: option, denied: () => setPicked(before) });
    },
  });

  useEffect(() => setPicked(element.initial_option ?? null), [element]);

  const shown = chosen >= 0 ? labels[chosen] : plainText(element.placeholder ?? { text: "Choose an option" });
  return (
    <span class="el-select">
      <button
        ref={choice.button}
        type="button"
        class={`el-select__button ${chosen >= 0 ? "" : "el-select__button--empty"}`}
        aria-haspopup="listbox"
        aria-expanded={choice.open}
        aria-controls={choice.open ? id : undefined}
        aria-disabled={pending}
        aria-busy={pending}
        onClick={() => (choice.open ? choice.close() : pending || choice.show())}
        onKeyDown={choice.onButtonKey}
      >
        <span class="el-select__text">{shown}</span>
        <svg class="chevron" viewBox="0 0 12 8" aria-hidden="true"><path d="M1.5 1.5 6 6l4.5-4.5" /></svg>
      </button>
      {choice.open && (
        <Popup
          anchor={choice.button}
          onClose={choice.close}
          id={id}
          role="listbox"
          aria-label={plainText(element.placeholder ?? { text: "Options" })}
          aria-activedescendant={`${id}-${choice.active}`}
          onKeyDown={choice.onListKey}
        >
          {rows.map(({ option, group }, index) => (
            <Fragment key={index}>
              {group && <div class="popup__group" role="presentation">{group}</div>}
              <div
                id={`${id}-${index}`}
                role="option"
                class="popup__item"
                aria-selected={index === chosen}
                data-active={index === choice.active}
                onPointerMove={() => choice.setActive(index)}
                onClick={() => choice.choose(index)}
              >
                {labels[index]}
                {option.description && <small>{plainText(option.description)}</small>}
              </div>
            </Fragment>
          ))}
        </Popup>
      )}
      {dialog}
    </span>
  );
}
