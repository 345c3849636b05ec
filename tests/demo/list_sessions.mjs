// Every session's id as the official SDK lists them. Arguments: base URL, folder with node_modules.
// HMS_ACCESS_KEY and HMS_SECRET are the SDK's own settings.
import { createRequire } from "node:module";

const [url, modules] = process.argv.slice(2);
const HMS = createRequire(`${modules}/package.json`)("@100mslive/server-sdk");
const sdk = new HMS.SDK();
sdk.api.axios.defaults.baseURL = url;

async function idsOf(filters) {
  const ids = [];
  for await (const session of sdk.sessions.list(filters)) ids.push(session.id);
  return ids;
}

const found = { active: await idsOf({ active: true }), ended: await idsOf({ active: false, limit: 100 }) };
console.log(JSON.stringify(found));
