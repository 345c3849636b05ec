import { Avatar } from "./Avatar.jsx";

function Glyph({ channel }) {
  if (channel.is_archived) return <span class="nav__glyph" aria-hidden="true">▤</span>;
  if (!channel.is_private) return <span class="nav__glyph" aria-hidden="true">#</span>;
  return (
    <svg class="nav__glyph" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d="M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3.5 7h9v6.5h-9z" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" />
    </svg>
  );
}

function ChannelLink({ channel, isCurrent, unread, directory, onPick }) {
  const bot = directory.bot;
  const other = channel.is_im && directory.users.find((user) => user.name === channel.name || user.id === channel.name);
  const isBot = channel.is_im && (channel.name === bot.name || other?.id === bot.id);
  return (
    <li>
      <a
        href={`#${channel.name}`}
        class={`nav__link ${unread ? "nav__link--unread" : ""} ${channel.is_archived ? "nav__link--archived" : ""}`}
        aria-current={isCurrent ? "page" : undefined}
        aria-label={unread ? `${channel.name}, unread` : undefined}
        onClick={onPick}
      >
        {channel.is_im ? <Avatar user={other || { id: channel.id, name: channel.name }} isBot={isBot} /> : <Glyph channel={channel} />}
        <span class="nav__name">{channel.name}</span>
      </a>
    </li>
  );
}

export function Sidebar({ state, channel, isOpen, onPick }) {
  const groups = [
    ["Channels", state.channels.filter((one) => !one.is_im)],
    ["Direct messages", state.channels.filter((one) => one.is_im)],
  ];
  return (
    <aside class={`sidebar ${isOpen ? "sidebar--open" : ""}`} id="sidebar" aria-label="Workspace">
      <div class="sidebar__team">{state.team.name}</div>
      <nav aria-label="Channels and direct messages">
        {groups.map(([title, channels]) =>
          channels.length === 0 ? null : (
            <div key={title}>
              <h2 class="nav__title">{title}</h2>
              <ul>
                {channels.map((one) => (
                  <ChannelLink
                    key={one.id}
                    channel={one}
                    isCurrent={one.id === channel?.id}
                    unread={Boolean(state.unread[one.id]) && one.id !== channel?.id}
                    directory={state}
                    onPick={onPick}
                  />
                ))}
              </ul>
            </div>
          ),
        )}
      </nav>
      <div class="sidebar__me">
        <Avatar user={state.me} />
        <span>{state.me.real_name || state.me.name}</span>
        <span class="sidebar__presence" aria-hidden="true" />
      </div>
    </aside>
  );
}
