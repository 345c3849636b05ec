import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { Directory } from "../blocks/contexts.js";
import { channelLabel } from "../lib/channels.js";
import { usePage } from "../state/usePage.js";
import { ChannelHeader } from "./ChannelHeader.jsx";
import { Composer } from "./Composer.jsx";
import { MessageList } from "./MessageList.jsx";
import { Sidebar } from "./Sidebar.jsx";
import { Toasts } from "./Toasts.jsx";

function StandIn() {
  return <div class="stand-in">Demo workspace: not Slack, nothing leaves this computer</div>;
}

function Reconnecting({ online }) {
  return <div role="status">{!online && <div class="banner">Reconnecting…</div>}</div>;
}

export function App() {
  const { state, channel, act, send, unarchive, closeToast } = usePage();
  const [draft, setDraft] = useState(null);
  const [menuOpen, setMenuOpen] = useState(false);
  const [sent, setSent] = useState(0);
  const fill = useCallback((text) => setDraft({ text }), []);
  const sendLine = useCallback(
    (channelId, text) => {
      setSent((count) => count + 1);
      return send(channelId, text);
    },
    [send],
  );
  const { users, groups, channels, me, bot, team } = state;
  const directory = useMemo(() => ({ users, groups, channels, me, bot }), [users, groups, channels, me, bot]);
  const unreadElsewhere = channels.some((one) => state.unread[one.id] && one.id !== channel?.id);

  useEffect(() => {
    if (channel) document.title = `${channelLabel(channel)} - ${team.name}`;
  }, [channel, team]);

  // On narrow screens the channel list is a drawer: it takes the focus, and Escape gives it back.
  useEffect(() => {
    if (!menuOpen) return undefined;
    document.querySelector("#sidebar [aria-current]")?.focus();
    const key = (event) => {
      if (event.key !== "Escape") return;
      setMenuOpen(false);
      document.querySelector("[aria-controls=sidebar]")?.focus();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [menuOpen]);

  if (!state.ready || !channel) {
    return (
      <div class="app">
        <header class="top"><StandIn /></header>
        <main class="main main--loading">
          <Reconnecting online={state.online} />
          <p>Loading…</p>
        </main>
      </div>
    );
  }

  return (
    <Directory.Provider value={directory}>
      <div class="app">
        <header class="top"><StandIn /></header>
        <Sidebar state={state} channel={channel} isOpen={menuOpen} onPick={() => setMenuOpen(false)} />
        {menuOpen && <div class="shade" onClick={() => setMenuOpen(false)} />}
        <main class="main">
          <ChannelHeader channel={channel} menuOpen={menuOpen} hasUnread={unreadElsewhere} onMenu={() => setMenuOpen(!menuOpen)} />
          <Reconnecting online={state.online} />
          <MessageList channel={channel} messages={state.messages} sent={sent} onAct={act} onExample={fill} />
          <Composer channel={channel} commands={state.commands} send={sendLine} unarchive={unarchive} draft={draft} />
        </main>
        <Toasts toasts={state.toasts} onClose={closeToast} />
      </div>
    </Directory.Provider>
  );
}
