// `/sessions [active|ended] [room:<id>] [limit:<n>]` with Bolt for JavaScript and the official SDK. Argument: port.
const { App } = require("@slack/bolt");
const HMS = require("@100mslive/server-sdk");

const SECTION_CHARS = 3000;
const sdk = new HMS.SDK(); // HMS_ACCESS_KEY and HMS_SECRET
sdk.api.axios.defaults.baseURL = process.env.HMS_API_URL;
const roomNames = new Map();

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  clientOptions: { slackApiUrl: `${process.env.SLACK_API_URL}/` },
  customRoutes: [{ path: "/readyz", method: ["GET"], handler: (_, res) => res.end("ready\n") }],
});

app.command("/sessions", async ({ ack, command, respond }) => {
  await ack();
  const asked = parse(command.text);
  const sessions = await firstPage(asked);
  const names = await lookUp([...new Set(sessions.map((session) => session.room_id))]);
  await respond(message(asked, sessions, names));
});

function parse(text) {
  const words = text.split(/\s+/);
  const asked = { active: !words.includes("ended"), limit: 10 };
  for (const word of words) {
    const [key, value] = word.split(":");
    if (key === "room") asked.room_id = value;
    if (key === "limit") asked.limit = Number(value);
  }
  return asked;
}

async function firstPage(asked) {
  const sessions = [];
  for await (const session of sdk.sessions.list({ ...asked })) {
    sessions.push(session);
    if (sessions.length >= asked.limit) break;
  }
  return sessions;
}

async function lookUp(roomIds) {
  const missing = roomIds.filter((id) => !roomNames.has(id));
  await Promise.all(missing.map(async (id) => roomNames.set(id, (await sdk.rooms.retrieveById(id)).name)));
  return roomNames;
}

function message(asked, sessions, names) {
  const state = asked.active ? "Active" : "Ended";
  const title = `*${state} sessions*${asked.room_id ? ` in *${escape(names.get(asked.room_id))}*` : ""}`;
  const draw = sessions.length <= 25 ? cards : lines;
  const value = JSON.stringify(asked);
  const last = sessions.length ? sessions[sessions.length - 1].id : undefined;
  return {
    response_type: "ephemeral",
    text: `${state} sessions: ${sessions.length}`,
    blocks: [
      section(title),
      { type: "context", elements: [mrkdwn(`${sessions.length} sessions · as of ${date(new Date())}`)] },
      ...draw(sessions, names),
      {
        type: "actions",
        elements: [
          button("More", "sessions.more", JSON.stringify({ ...asked, start: last })),
          button("Refresh", "sessions.refresh", value),
          button("Share in channel", "sessions.share", value),
        ],
      },
    ],
  };
}

function cards(sessions, names) {
  return sessions.map((session) => ({
    ...section(`${describe(session, names)}\nsession \`${session.id}\` · room \`${session.room_id}\``),
    accessory: button("Show", "sessions.show", session.id),
  }));
}

function lines(sessions, names) {
  const blocks = [];
  let text = "";
  sessions.forEach((session, index) => {
    const line = `${index + 1} ${describe(session, names).replaceAll("\n", " · ")}\n`;
    if (text.length + line.length > SECTION_CHARS) {
      blocks.push(section(text));
      text = "";
    }
    text += line;
  });
  const options = sessions.map((session, index) => ({ text: plain(`No. ${index + 1}`), value: session.id }));
  const placeholder = plain("Show a session");
  const menu = { type: "static_select", action_id: "sessions.show", placeholder, options };
  return [...blocks, section(text), { type: "actions", elements: [menu] }];
}

function describe(session, names) {
  const peers = Object.values(session.peers ?? {});
  const people = new Map(peers.map((peer) => [peer.user_id ?? peer.id, peer]));
  const roles = new Map();
  for (const { role } of people.values()) roles.set(role, (roles.get(role) ?? 0) + 1);
  const hosts = [...people.values()].filter((peer) => peer.role.endsWith("host")).map((peer) => escape(peer.name));
  const started = new Date(session.created_at);
  const ended = session.active ? new Date() : new Date(session.updated_at);
  const inNow = peers.filter((peer) => !peer.left_at).length;
  const count = session.active ? `${inNow} in now, ${people.size} in all` : `${people.size} people`;
  return [
    `${session.active ? "🟢 Live" : "⚪ Ended"} · *${escape(names.get(session.room_id) ?? session.room_id)}*`,
    `${count} · started ${date(started)} · ${length(ended - started)}`,
    `${[...roles].map(([role, number]) => `${number} ${escape(role)}`).join(", ")} · hosted by ${hosts.join(", ")}`,
  ].join("\n");
}

function date(when) {
  return `<!date^${Math.floor(when / 1000)}^{date_short} {time}|${when.toISOString()}>`;
}

function length(ms) {
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const mrkdwn = (text) => ({ type: "mrkdwn", text });
const plain = (text) => ({ type: "plain_text", text });
const section = (text) => ({ type: "section", text: mrkdwn(text) });
const button = (label, action_id, value) => ({ type: "button", text: plain(label), action_id, value });

app.start({ port: Number(process.argv[2]), host: "127.0.0.1" });
