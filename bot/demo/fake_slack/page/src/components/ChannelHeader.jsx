import { channelLabel } from "../lib/channels.js";

export function ChannelHeader({ channel, menuOpen, onMenu, hasUnread }) {
  return (
    <header class="channel-header">
      <button type="button" class="menu-button" aria-expanded={menuOpen} aria-controls="sidebar" aria-label="Channel list" onClick={onMenu}>
        <svg viewBox="0 0 18 14" width="18" height="14" aria-hidden="true"><path d="M0 1h18M0 7h18M0 13h18" stroke="currentColor" stroke-width="2" /></svg>
        {hasUnread && <span class="menu-button__dot" aria-hidden="true" />}
      </button>
      <h1>{channelLabel(channel)}</h1>
      {channel.topic && <p title={channel.topic}>{channel.topic}</p>}
    </header>
  );
}
