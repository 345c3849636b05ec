/** Everything the page knows, and how an event changes it. Pure, so that it is easy to follow. */

export const EMPTY = { ready: false, online: true, toasts: [], unread: {}, messages: [], channels: [], users: [], groups: [], commands: [] };

const byTs = (a, b) => Number(a.ts) - Number(b.ts) || (a.ts < b.ts ? -1 : 1);
/** Of a thread: it stands under its parent, and is no news of the channel. */
export const isReply = ({ thread_ts, ts }) => Boolean(thread_ts) && thread_ts !== ts;
const isNews = (message) => !isReply(message) || message.broadcast;
const same = (a, b) => a.ts === b.ts && a.channel === b.channel;

export function reduce(state, action) {
  switch (action.type) {
    case "loaded":
      return loaded(state, action.state);
    case "offline":
      return { ...state, online: false };
    case "event":
      return applyEvent(state, action.event, action.current);
    case "toast":
      return { ...state, toasts: [...state.toasts.slice(-2), { id: action.id, text: action.text }] };
    case "untoast":
      return { ...state, toasts: state.toasts.filter((toast) => toast.id !== action.id) };
    case "read":
      return { ...state, unread: { ...state.unread, [action.channel]: false } };
    default:
      return state;
  }
}

/** Messages that did not change keep their identity, so that re-reading the state redraws only what is new. */
function loaded(state, fresh) {
  const old = new Map(state.messages.map((message) => [`${message.channel} ${message.ts}`, message]));
  const messages = fresh.messages.map((message) => {
    const before = old.get(`${message.channel} ${message.ts}`);
    return before && JSON.stringify(before) === JSON.stringify(message) ? before : message;
  });
  const missed = state.ready ? messages.filter((message) => !old.has(`${message.channel} ${message.ts}`)) : [];
  const unread = { ...state.unread };
  for (const message of missed) if (isNews(message)) unread[message.channel] = true;
  // A direct message without a name is the one with the bot.
  const channels = fresh.channels.map((one) => (one.is_im && !one.name ? { ...one, name: fresh.bot.name } : one));
  return { ...state, ...fresh, channels, messages: messages.sort(byTs), unread, ready: true, online: true };
}

function applyEvent(state, event, current) {
  const { message } = event;
  switch (event.type) {
    case "message.posted":
    case "message.changed": {
      if (!message) return state;
      const known = state.messages.some((other) => same(other, message));
      const messages = known
        ? state.messages.map((other) => (same(other, message) ? message : other))
        : [...state.messages, message].sort(byTs);
      const news = !known && isNews(message) && message.channel !== current && message.user !== state.me?.id;
      return { ...state, messages, unread: news ? { ...state.unread, [message.channel]: true } : state.unread };
    }
    case "message.deleted":
      return { ...state, messages: state.messages.filter((other) => !same(other, event)) };
    default:
      return state;
  }
}
