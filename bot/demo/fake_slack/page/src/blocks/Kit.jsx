import { useContext, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Message } from "slack-blocks-to-jsx";
import { formatDateToken, fullDate } from "../lib/dates.js";
import { useSeconds } from "../lib/useSeconds.js";
import { Directory } from "./contexts.js";
import { literalStrings } from "./literal.js";
import { Unsupported } from "./Unsupported.jsx";

function UserMention({ id, name }) {
  const user = useContext(Directory).users.find((one) => one.id === id);
  return <span class="mention">@{user?.real_name || user?.name || name}</span>;
}

function ChannelMention({ id, name }) {
  const channel = useContext(Directory).channels.find((one) => one.id === id.split("|")[0]);
  if (!channel) return <span class="mention">#{name}</span>;
  return <a class="mention" href={`#${channel.name}`}>#{channel.name}</a>;
}

function GroupMention({ id, name }) {
  const group = useContext(Directory).groups.find((one) => one.id === id);
  return <span class="mention">@{group?.handle || name || id}</span>;
}

function Broadcast({ range }) {
  return <span class="mention mention--broadcast">@{range}</span>;
}

function DateToken({ timestamp, format, fallback }) {
  const ticks = format.includes("{ago}");
  const text = useSeconds(() => formatDateToken(timestamp, format), ticks);
  if (text === null) return <>{fallback}</>;
  const date = new Date(Number(timestamp) * 1000);
  // The log reads out what changes in it: not a time that passes.
  return <time dateTime={date.toISOString()} title={fullDate(date)} aria-live={ticks ? "off" : undefined}>{text}</time>;
}

const HOOKS = {
  user: (data) => <UserMention {...data} />,
  channel: (data) => <ChannelMention {...data} />,
  usergroup: (data) => <GroupMention {...data} />,
  atHere: () => <Broadcast range="here" />,
  atChannel: () => <Broadcast range="channel" />,
  atEveryone: () => <Broadcast range="everyone" />,
  emoji: (data, parse) => {
    const glyph = parse(data);
    return <>{glyph === data.name ? `:${data.name}:` : glyph}</>;
  },
  date: (data) => <DateToken {...data} />,
};

/** Blocks drawn by slack-blocks-to-jsx. */
export function Kit({ blocks }) {
  // The renderer writes block ids as DOM ids, which must be unique in a page: leave them out.
  const anonymous = blocks.map(({ block_id: _, ...block }) => block);
  return <Message theme="light" withoutWrapper blocks={anonymous} hooks={HOOKS} name="" logo="" />;
}

/** A block that the library draws whole. Where it draws nothing (a chart without values, say), that is said. */
export function LibraryBlock({ block }) {
  const ref = useRef(null);
  const [empty, setEmpty] = useState(false);
  useLayoutEffect(() => {
    setEmpty(!ref.current.firstElementChild.textContent.trim() && !ref.current.querySelector("img, svg, iframe, input"));
  }, [block]);
  return (
    <div ref={ref}>
      <Kit blocks={[literalStrings(block)]} />
      {empty && <Unsupported type={block.type} />}
    </div>
  );
}
