// Plays one scenario and prints what was seen as JSON: node run.mjs '{"scenario": "film", …}'
import { chromium } from "playwright-core";
import * as scenarios from "./scenarios.mjs";
import { serve } from "./serve.mjs";

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const LONGEST = 120_000;

const asked = {
  width: 720, policy: "default", handed: "everything", without: [], context: {}, browser: {},
  ...JSON.parse(process.argv[2]),
};
const chat = await serve(asked.server);
const browser = await chromium.launch({ executablePath: asked.chromium, args: ARGUMENTS });
try {
  const page = await browser.newPage({ viewport: { width: asked.width, height: 900 }, ...asked.browser });
  page.setDefaultTimeout(LONGEST);
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.clock.install();
  await page.goto(chat.address);
  const player = page.frameLocator("iframe").frameLocator("iframe");
  const facts = await scenarios[asked.scenario]({ page, player, asked });
  const seen = await page.evaluate(() => window.chat.seen);
  console.log(JSON.stringify({ ...facts, seen, complaints }));
} finally {
  await browser.close();
  chat.close();
}
