// What a Node user writes: chat.postMessage of @slack/web-api for each channel, 20 at a time, with what the bot posted
// last. Once a line of standard input. Argument: the stub's URL.
const { createInterface } = require("node:readline");
const { WebClient } = require("@slack/web-api");

const slack = new WebClient(process.env.SLACK_BOT_TOKEN, {
  slackApiUrl: `${process.env.SLACK_API_URL}/`,
  maxRequestConcurrency: 20,
});

async function work() {
  const bodies = await (await fetch(`${process.argv[2]}/bench/bodies`)).json();
  const began = performance.now();
  const before = process.cpuUsage();
  const answers = await Promise.all(bodies.map((body) => slack.chat.postMessage(body)));
  const { user, system } = process.cpuUsage(before);
  const sent = answers.filter((answer) => answer.ok).length;
  return { s: (performance.now() - began) / 1000, cpu_s: (user + system) / 1e6, sent };
}

async function main() {
  process.stdout.write("{}\n");
  for await (const line of createInterface({ input: process.stdin })) {
    if (line) process.stdout.write(`${JSON.stringify(await work())}\n`);
  }
}

main();
