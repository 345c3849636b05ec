import { useEffect, useRef } from "preact/hooks";

/** The slash commands that fit what has been typed. The textarea keeps the focus and names the active option. */
export function CommandList({ id, commands, active, onActive, onPick }) {
  const ref = useRef(null);
  useEffect(() => ref.current?.children[active]?.scrollIntoView({ block: "nearest" }), [active]);
  return (
    <div id={id} class="commands" role="listbox" aria-label="Commands" ref={ref}>
      {commands.map((one, index) => (
        <div
          key={one.command}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          class="commands__item"
          onPointerMove={() => onActive(index)}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onPick(one)}
        >
          <span class="commands__line"><b>{one.command}</b> <span>{one.usage_hint}</span></span>
          <span class="commands__what">{one.description}</span>
        </div>
      ))}
    </div>
  );
}
