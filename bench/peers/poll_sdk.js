// A poll with the official SDK, as one writes it at first: list the live sessions, compare with those of the poll before
// by id and number of people, post the new ones to one channel. One poll a line of standard input. Argument: base URL.
globalThis.console = new console.Console(process.stderr, process.stderr); // the SDK prints two lines a request
const { createInterface } = require("node:readline");
const HMS = require("@100mslive/server-sdk");
const { WebClient } = require("@slack/web-api");

const sdk = new HMS.SDK(); // HMS_ACCESS_KEY and HMS_SECRET
sdk.api.axios.defaults.baseURL = process.argv[2];
const slack = new WebClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: `${process.env.SLACK_API_URL}/` });
let known = null;

async function poll() {
  const seen = new Map();
  const changed = [];
  for await (const session of sdk.sessions.list({ active: true, limit: 100 })) {
    const people = Object.values(session.peers).filter((peer) => !peer.left_at).length;
    seen.set(session.id, people);
    if (known && known.get(session.id) !== people) changed.push(session);
  }
  for (const session of changed) {
    if (known.has(session.id)) continue; // to edit it, one would have to know the message
    const text = `A session opened in room ${session.room_id}: ${seen.get(session.id)} people`;
    await slack.chat.postMessage({ channel: "C1", text });
  }
  known = seen;
  return changed.length;
}

async function main() {
  process.stdout.write("{}\n");
  for await (const line of createInterface({ input: process.stdin })) {
    JSON.parse(line);
    const before = process.cpuUsage();
    const changed = await poll();
    const { user, system } = process.cpuUsage(before);
    const peak_mb = process.resourceUsage().maxRSS / 1024;
    process.stdout.write(`${JSON.stringify({ cpu_ms: (user + system) / 1000, changed, peak_mb })}\n`);
  }
}

main();
