// Page through every session with the official SDK's async iterator. Arguments: base URL, timed passes.
const HMS = require("@100mslive/server-sdk");

async function onePass(sdk) {
  let sessions = 0;
  let peers = 0;
  for await (const session of sdk.sessions.list({ limit: 100 })) {
    sessions += 1;
    peers += Object.keys(session.peers).length;
  }
  return [sessions, peers];
}

async function main(url, passes) {
  const sdk = new HMS.SDK(); // HMS_ACCESS_KEY and HMS_SECRET
  sdk.api.axios.defaults.baseURL = url;
  const seen = await onePass(sdk);
  const times_ms = [];
  for (let pass = 0; pass < passes; pass += 1) {
    const began = performance.now();
    await onePass(sdk);
    times_ms.push(performance.now() - began);
  }
  const peak_mb = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ seen, times_ms, peak_mb }));
}

main(process.argv[2], Number(process.argv[3]));
