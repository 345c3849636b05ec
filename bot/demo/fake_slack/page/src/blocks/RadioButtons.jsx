import { useEffect, useId, useState } from "preact/hooks";
import { Text } from "./Text.jsx";
import { useAction } from "./useAction.jsx";

export function RadioButtons({ block, element }) {
  const { run, pending, dialog } = useAction(block, element);
  const [picked, setPicked] = useState(element.initial_option?.value);
  const name = useId();

  useEffect(() => setPicked(element.initial_option?.value), [element]);

  return (
    <div class="el-radios" role="radiogroup">
      {element.options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            checked={option.value === picked}
            disabled={pending}
            onChange={() => {
              const before = picked;
              setPicked(option.value);
              run({ selected_option: option, denied: () => setPicked(before) });
            }}
          />
          <Text object={option.text} />
        </label>
      ))}
      {dialog}
    </div>
  );
}
