// A digest of a week with the official SDK, as one writes it at first: list the sessions since the week before, then
// count those of each week: sessions, people, minutes, the longest, minutes per room, the peak. One a line of standard
// input. Arguments: base URL, the end of the week in Unix seconds.
globalThis.console = new console.Console(process.stderr, process.stderr); // the SDK prints two lines a request
const { createInterface } = require("node:readline");
const HMS = require("@100mslive/server-sdk");

const WEEK_MS = 7 * 86_400_000;
const sdk = new HMS.SDK(); // HMS_ACCESS_KEY and HMS_SECRET
sdk.api.axios.defaults.baseURL = process.argv[2];
const due = Number(process.argv[3]) * 1000;

function weekOf(sessions, start, end) {
  const people = new Set();
  const rooms = new Map();
  const moves = [];
  let started = 0;
  let minutes = 0;
  let longest = 0;
  for (const session of sessions) {
    const began = Date.parse(session.created_at);
    const over = session.active ? end : Date.parse(session.updated_at);
    if (began >= start && began < end) started += 1;
    if (began < end && over > start) longest = Math.max(longest, Math.min(over, end) - began);
    for (const peer of Object.values(session.peers)) {
      const joined = Math.max(start, Date.parse(peer.joined_at));
      const left = Math.min(end, peer.left_at ? Date.parse(peer.left_at) : over);
      if (left <= joined) continue;
      people.add(peer.user_id);
      minutes += (left - joined) / 60_000;
      rooms.set(session.room_id, (rooms.get(session.room_id) ?? 0) + (left - joined) / 60_000);
      moves.push([joined, 1], [left, -1]);
    }
  }
  moves.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let now = 0;
  let peak = 0;
  for (const [, step] of moves) peak = Math.max(peak, (now += step));
  return { started, people: people.size, minutes, longest, peak, rooms: rooms.size };
}

async function digest() {
  const sessions = [];
  const after = new Date(due - 2 * WEEK_MS - 13 * 3_600_000).toISOString();
  const before = new Date(due).toISOString();
  for (const active of [true, false]) {
    for await (const session of sdk.sessions.list({ active, after, before, limit: 100 })) sessions.push(session);
  }
  return [weekOf(sessions, due - WEEK_MS, due), weekOf(sessions, due - 2 * WEEK_MS, due - WEEK_MS)];
}

async function main() {
  process.stdout.write("{}\n");
  for await (const line of createInterface({ input: process.stdin })) {
    JSON.parse(line);
    const began = performance.now();
    const before = process.cpuUsage();
    const [week] = await digest();
    const { user, system } = process.cpuUsage(before);
    const s = (performance.now() - began) / 1000;
    const peak_mb = process.resourceUsage().maxRSS / 1024;
    process.stdout.write(`${JSON.stringify({ s, cpu_s: (user + system) / 1e6, peak_mb, sessions: week.started })}\n`);
  }
}

main();
