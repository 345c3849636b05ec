import { useContext, useState } from "preact/hooks";
import { ConfirmDialog } from "../components/ConfirmDialog.jsx";
import { Interaction } from "./contexts.js";

/** Sends an element's action, asking first when it has a `confirm`. Draw `dialog` beside the element. */
export function useAction(block, element) {
  const { act, isPending } = useContext(Interaction);
  const [asking, setAsking] = useState(null);
  const pending = isPending(block, element);

  function run(choice) {
    if (pending) return;
    const confirm = choice.confirm ?? element.confirm;
    if (confirm) setAsking({ confirm, choice });
    else act(block, element, choice);
  }

  const dialog = asking && (
    <ConfirmDialog
      confirm={asking.confirm}
      onConfirm={() => {
        setAsking(null);
        act(block, element, asking.choice);
      }}
      onDeny={() => {
        setAsking(null);
        asking.choice.denied?.();
      }}
    />
  );
  return { run, pending, dialog };
}
