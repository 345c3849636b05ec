import { Fragment } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { channelLabel } from "../lib/channels.js";
import { dateOfTs, dayKey, dayLabel } from "../lib/dates.js";
import { isReply } from "../state/store.js";
import { MessageItem } from "./MessageItem.jsx";
import { useLogScroll } from "./useLogScroll.js";
import { Welcome } from "./Welcome.jsx";

/** The messages of a channel, replies under their parents: one that was broadcast stands in the channel too. A reply
 * whose parent is not here stands alone. */
function threaded(all, channel) {
  const here = all.filter((message) => message.channel === channel);
  const parents = new Map(here.filter((message) => !isReply(message)).map((message) => [message.ts, message]));
  const replies = new Map();
  const top = [];
  for (const message of here) {
    if (isReply(message) && parents.has(message.thread_ts)) {
      replies.set(message.thread_ts, [...(replies.get(message.thread_ts) ?? []), message]);
      if (message.broadcast) top.push(message);
    } else top.push(message);
  }
  return { top, replies, parents };
}

/** `sent` counts what was sent from here: whoever writes wants to see the answer, wherever the list stood. */
export function MessageList({ channel, messages, sent, onAct, onExample }) {
  const { top, replies, parents } = useMemo(() => threaded(messages, channel.id), [messages, channel.id]);
  const { ref, onScroll, onUse, behind, toBottom } = useLogScroll(channel.id, top);
  useEffect(toBottom, [sent, toBottom]);
  const label = channelLabel(channel);
  let day = null;

  return (
    <div class="log-frame">
      <h2 class="sr-only">Messages</h2>
      <div
        class="log"
        role="log"
        aria-label={`Messages in ${label}`}
        tabIndex={0}
        ref={ref}
        onScroll={onScroll}
        onPointerDown={onUse}
        onKeyDown={onUse}
      >
        <div class="log__inner">
          {top.length === 0 && (channel.name === "live-ops" ? <Welcome onExample={onExample} /> : <Empty label={label} channel={channel} />)}
          {top.map((message) => {
            const date = dateOfTs(message.ts);
            const isNewDay = dayKey(date) !== day;
            day = dayKey(date);
            return (
              <Fragment key={message.ts}>
                {isNewDay && <div class="day"><span>{dayLabel(date)}</span></div>}
                <MessageItem message={message} replies={replies.get(message.ts)} root={parents.get(message.thread_ts)} onAct={onAct} />
              </Fragment>
            );
          })}
        </div>
      </div>
      {behind && (
        <button type="button" class="behind" onClick={toBottom}>
          <span aria-hidden="true">↓ </span>New messages
        </button>
      )}
    </div>
  );
}

function Empty({ label, channel }) {
  return (
    <div class="empty">
      <h2>{label}</h2>
      <p>{channel.topic || "No messages here yet."}</p>
    </div>
  );
}
