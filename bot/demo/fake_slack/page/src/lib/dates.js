/** Slack's date tokens and the times of the message list, always in the viewer's own zone. */

const day = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
const shown = (date, options) => date.toLocaleString("en-US", options);

function relativeDay(date) {
  const away = Math.round((day(date) - day(new Date())) / 86_400_000);
  return { 0: "Today", 1: "Tomorrow", [-1]: "Yesterday" }[away] ?? null;
}

function ordinal(number) {
  const rest = number % 100;
  const suffix = rest >= 11 && rest <= 13 ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th");
  return `${number}${suffix}`;
}

function ago(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, size] of [["day", 86_400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return words.format(seconds, "second");
}

const plain = (date) => `${shown(date, { month: "long" })} ${ordinal(date.getDate())}, ${date.getFullYear()}`;
const long = (date) => `${shown(date, { weekday: "long" })}, ${plain(date)}`;
const short = (date) => shown(date, { month: "short", day: "numeric", year: "numeric" });

const TOKENS = {
  date_num: (date) => date.toLocaleDateString("sv-SE"),
  date_slash: (date) => shown(date, { month: "2-digit", day: "2-digit", year: "numeric" }),
  date: plain,
  date_pretty: (date) => relativeDay(date) ?? plain(date),
  date_short: short,
  date_short_pretty: (date) => relativeDay(date) ?? short(date),
  date_long: long,
  date_long_pretty: (date) => relativeDay(date) ?? long(date),
  date_long_full: (date) => shown(date, { month: "long", day: "numeric", year: "numeric" }),
  day_divider_pretty: (date) => relativeDay(date) ?? shown(date, { weekday: "long", month: "long", day: "numeric" }),
  time: clock,
  time_secs: (date) => shown(date, { hour: "numeric", minute: "2-digit", second: "2-digit" }),
  ago,
};

/** `{date_short} at {time}` -> "Nov 23, 2026 at 9:30 AM"; null when the format or the time is no good. */
export function formatDateToken(timestamp, format) {
  const date = new Date(Number(timestamp) * 1000);
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const text = format.replace(/\{(\w+)\}/g, (_, token) => {
    if (!TOKENS[token]) known = false;
    return TOKENS[token]?.(date);
  });
  return known ? text : null;
}

export const dateOfTs = (ts) => new Date(Number(ts) * 1000);

export function clock(date) {
  return shown(date, { hour: "numeric", minute: "2-digit" });
}

export const fullDate = (date) => `${TOKENS.date_long(date)} at ${clock(date)}`;
export const dayKey = (date) => date.toDateString();
export const dayLabel = (date) => relativeDay(date) ?? shown(date, { weekday: "long", month: "long", day: "numeric" });
