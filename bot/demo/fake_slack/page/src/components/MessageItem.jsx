import { memo } from "preact/compat";
import { useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { BlockList } from "../blocks/BlockList.jsx";
import { Directory, Interaction } from "../blocks/contexts.js";
import { Mrkdwn } from "../blocks/Text.jsx";
import { clock, dateOfTs, fullDate } from "../lib/dates.js";
import { Avatar } from "./Avatar.jsx";
import { Thread } from "./Thread.jsx";

const PENDING_MS = 3000;

const keyOf = (block, element) => `${block.block_id} ${element.action_id}`;

/** The elements that were just used: they rest until the message changes, or three seconds, as in Slack. */
function usePending(message, onAct) {
  const [pending, setPending] = useState(new Set());
  const timers = useRef(new Map());

  const rest = useCallback((key) => {
    clearTimeout(timers.current.get(key));
    timers.current.delete(key);
    setPending((keys) => new Set([...keys].filter((one) => one !== key)));
  }, []);

  useEffect(() => {
    setPending((keys) => (keys.size ? new Set() : keys));
    return () => {
      for (const timer of timers.current.values()) clearTimeout(timer);
      timers.current.clear();
    };
  }, [message]);

  return useMemo(
    () => ({
      isPending: (block, element) => pending.has(keyOf(block, element)),
      async act(block, element, { value = null, selected_option = null }) {
        const key = keyOf(block, element);
        setPending((keys) => new Set(keys).add(key));
        timers.current.set(key, setTimeout(() => rest(key), PENDING_MS));
        const ok = await onAct({
          channel: message.channel,
          ts: message.ts,
          block_id: block.block_id ?? null,
          action_id: element.action_id ?? null,
          value,
          selected_option,
        });
        if (!ok) rest(key);
      },
    }),
    [message, onAct, pending, rest],
  );
}

/** When the focused element goes away with an update, keyboard users stay in the message. */
function useKeptFocus(message) {
  const ref = useRef(null);
  const focused = useRef(null);
  useLayoutEffect(() => {
    const lost = focused.current && !focused.current.isConnected && document.activeElement === document.body;
    if (lost) ref.current?.focus({ preventScroll: true });
  }, [message]);
  return { ref, onFocusCapture: (event) => (focused.current = event.target) };
}

function OnlyYou() {
  return (
    <div class="message__only-you">
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d="M1 8s2.6-4.5 7-4.5S15 8 15 8s-2.6 4.5-7 4.5S1 8 1 8Z" fill="none" stroke="currentColor" stroke-width="1.3" />
        <circle cx="8" cy="8" r="2" fill="currentColor" />
      </svg>
      Only visible to you
    </div>
  );
}

/** The line over a reply that was broadcast, as in Slack. */
function RepliedTo({ root }) {
  return (
    <div class="message__root">
      <span>replied to a thread:</span>
      <Mrkdwn text={root.text.split("\n")[0]} />
    </div>
  );
}

/** `root`: the first message of the thread, of a reply that stands in the channel. */
export const MessageItem = memo(function MessageItem({ message, replies, root, onAct, inThread = false }) {
  const { users, bot } = useContext(Directory);
  const interaction = usePending(message, onAct);
  const kept = useKeptFocus(message);
  const id = useId();
  const isBot = message.user === bot?.id;
  const user = users.find((one) => one.id === message.user);
  const name = user?.real_name || user?.name || (isBot && bot.name) || message.user;
  const at = dateOfTs(message.ts);
  const hasBlocks = message.blocks?.length > 0;

  return (
    <article
      class={`message ${message.ephemeral ? "message--ephemeral" : ""} ${inThread ? "message--reply" : ""}`}
      aria-labelledby={`${id}-name ${id}-time`}
      data-ts={message.ts}
      tabIndex={-1}
      {...kept}
    >
      {message.ephemeral && <OnlyYou />}
      <Avatar user={user} isBot={isBot} />
      <div class="message__main">
        <div class="message__head">
          <span class="message__name" id={`${id}-name`}>{isBot ? bot.name : name}</span>
          {(isBot || user?.is_bot) && <span class="badge">APP</span>}
          <time class="message__time" id={`${id}-time`} dateTime={at.toISOString()} title={fullDate(at)}>{clock(at)}</time>
        </div>
        {message.broadcast && root && <RepliedTo root={root} />}
        <Interaction.Provider value={interaction}>
          {hasBlocks ? <BlockList blocks={message.blocks} /> : <Mrkdwn text={message.text ?? ""} />}
        </Interaction.Provider>
        {/* As in Slack: a message of blocks that the app changes doesn't say so (docs.slack.dev, chat.update). */}
        {message.edited && !hasBlocks && <span class="message__edited">(edited)</span>}
        {!inThread && <Thread parent={message} replies={replies} onAct={onAct} />}
      </div>
    </article>
  );
});
