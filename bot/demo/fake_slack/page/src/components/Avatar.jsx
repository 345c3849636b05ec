import { colourOf, initials } from "../lib/text.js";

function BotMark() {
  return (
    <svg viewBox="0 0 36 36" aria-hidden="true">
      <rect width="36" height="36" fill="#122b4a" />
      <circle cx="18" cy="18" r="11" fill="none" stroke="#7fd1ff" stroke-width="2.5" stroke-dasharray="52 18" transform="rotate(-70 18 18)" />
      <path d="M14.5 12.5v11l9-5.5z" fill="#fff" />
      <circle cx="27.5" cy="9" r="4" fill="#ff5a5f" stroke="#122b4a" stroke-width="1.5" />
    </svg>
  );
}

export function Avatar({ user, isBot }) {
  if (isBot) return <span class="avatar"><BotMark /></span>;
  const name = user?.real_name || user?.name || "?";
  return (
    <span class="avatar" style={{ background: colourOf(user?.id ?? name) }} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
