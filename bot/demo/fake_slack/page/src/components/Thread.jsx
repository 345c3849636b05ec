import { useId, useState } from "preact/hooks";
import { clock, dateOfTs } from "../lib/dates.js";
import { MessageItem } from "./MessageItem.jsx";

const NONE = [];

export function Thread({ parent, replies = NONE, onAct }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const count = Math.max(parent.reply_count ?? 0, replies.length);
  if (count === 0) return null;
  const last = replies.at(-1);
  return (
    <div class="thread">
      <button type="button" class="thread__toggle" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        {count} {count === 1 ? "reply" : "replies"}
      </button>
      {last && !open && <span class="thread__last">Last reply at {clock(dateOfTs(last.ts))}</span>}
      <div id={id} class="thread__replies" role="group" aria-label="Thread" hidden={!open}>
        {open && replies.map((reply) => <MessageItem key={reply.ts} message={reply} onAct={onAct} inThread />)}
        {open && replies.length < count && <p class="thread__note">Some replies are not loaded.</p>}
      </div>
    </div>
  );
}
