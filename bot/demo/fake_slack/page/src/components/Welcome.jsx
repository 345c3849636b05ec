const EXAMPLES = [
  ["/sessions active", "who is live right now"],
  ["/sessions subscribe on:start,end,join,leave", "tell this channel what changes"],
  ["/sessions ended after:3d", "what ended in the last three days"],
  ["/sessions all role:host peers:>=2", "sessions with a host and company"],
  ["/sessions help", "everything it can do"],
];

export function Welcome({ onExample }) {
  return (
    <section class="welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">Welcome to #live-ops</h2>
      <p>
        <strong>sessions-bot</strong> brings your 100ms live-video sessions into Slack: see who is live, page through what
        ended, share it with the channel, and let a channel be told of what opens and closes.
      </p>
      <p class="welcome__try">Try one of these:</p>
      <ul>
        {EXAMPLES.map(([command, what]) => (
          <li key={command}>
            <button type="button" onClick={() => onExample(command)}>{command}</button>
            <span>{what}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
