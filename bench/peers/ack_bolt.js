// Bolt for JavaScript that only acknowledges. Argument: port.
const { App } = require("@slack/bolt");

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  clientOptions: { slackApiUrl: `${process.env.SLACK_API_URL}/` },
  customRoutes: [{ path: "/readyz", method: ["GET"], handler: (_, res) => res.end("ready\n") }],
});

app.command("/sessions", async ({ ack }) => {
  await ack();
});

app.start({ port: Number(process.argv[2]), host: "127.0.0.1" });
