// What a person does with the player, and what they get to see. Each gives facts; tests judge them.

/** Have the model call the tool, and the chat show the player. */
async function show({ page, asked }) {
  const { tool, arguments: args, era, policy, handed, without, context } = asked;
  return page.evaluate(
    ([...call]) => window.chat.show(...call),
    [tool, args, { era, policy, handed, without, context }],
  );
}

async function isReady(player) {
  await player.locator("#state").filter({ hasText: "Ready" }).waitFor();
  await player.locator(".pane:last-child video:visible").waitFor();
}

/** What the page says of itself, beside the films. */
function words(player) {
  return player.locator("#card").evaluate((card) => {
    const text = (selector) => card.querySelector(selector)?.textContent ?? null;
    const shown = (selector) => [...card.querySelectorAll(selector)].filter((one) => one.checkVisibility());
    return {
      state: text("#state"),
      prompt: text("#prompt"),
      facts: [...card.querySelectorAll("#facts li")].map((one) => one.textContent),
      buttons: shown("#buttons button").map((one) => one.textContent.trim()),
      reason: shown(".reason").map((one) => one.textContent).join(),
      notice: shown("#notice").map((one) => one.textContent).join(),
      say: shown("#say bdi").map((one) => one.textContent).join(),
      place: shown("#place bdi").map((one) => one.textContent).join(),
      live: text("#live"),
      tags: shown(".tag").map((one) => one.textContent),
      strip: shown("#strip span").map((one) => one.textContent),
      posters: shown("#strip img").length,
      poster: shown(".backdrop").length,
      preview: shown("#preview").length === 1,
    };
  });
}

/** Films in the stage, after they have been seen to move and to go where they are sent. */
function films(player) {
  return player.locator("#stage").evaluate(async (stage) => {
    const until = (video, event, happened) => happened()
      || new Promise((done) => video.addEventListener(event, () => happened() && done()));
    const found = [];
    for (const video of stage.querySelectorAll("video:not([hidden])")) {
      const { muted, controls, duration } = video;
      await until(video, "timeupdate", () => video.currentTime > 0);
      video.pause();
      const sought = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
      video.currentTime = duration / 2;
      await sought;
      found.push({
        muted, controls, duration, at: video.currentTime,
        width: video.videoWidth, height: video.videoHeight,
        source: video.src.split(":")[0], start: video.src.slice(0, 100), length: video.src.length,
      });
    }
    return found;
  });
}

export async function film({ page, player, asked }) {
  const shown = await show({ page, asked });
  await isReady(player);
  return { era: shown.era, films: await films(player), ...(await words(player)) };
}

/** Several videos, once there is a poster of each. */
export async function strip({ page, player, asked }) {
  await show({ page, asked });
  await isReady(player);
  await player.locator("#strip").evaluate((strip) => new Promise((done) => {
    const look = () => strip.querySelector(".blank:not([hidden])") === null && done();
    new MutationObserver(look).observe(strip, { attributes: true, childList: true, subtree: true });
    look();
  }));
  await player.locator("#stage:not(:has(video[hidden]))").waitFor();
  return { films: await films(player), ...(await words(player)) };
}

/** Sound, then a remix, all by keyboard; then back to the first video. */
export async function remix({ page, player, asked }) {
  const first = await film({ page, player, asked });
  await player.getByRole("button", { name: "Turn sound on" }).press("Enter");
  const muted = await player.locator("video").evaluate((video) => video.muted);
  await player.getByRole("button", { name: "Remix" }).press("Enter");
  await page.keyboard.type(asked.change);
  await page.keyboard.press("Enter");
  await player.locator("#strip button").nth(1).waitFor();
  const before = await words(player);
  await isReady(player);
  await player.locator("#strip img:visible").nth(1).waitFor();
  const both = { films: await films(player), ...(await words(player)) };
  const focus = await player.locator("#strip [aria-pressed=true]").evaluate((one) => one === document.activeElement);
  await player.getByRole("button", { name: "Original" }).click();
  const again = { films: await films(player), ...(await words(player)) };
  return { first, muted, before, both, focus, again };
}

/** A job is watched for a while; then the chat takes the player away. */
export async function running({ page, player, asked }) {
  await show({ page, asked });
  const bar = player.getByRole("progressbar", { name: "Progress of the video" });
  const look = () => bar.evaluate((one) => {
    const text = (name) => one.closest(".pane").querySelector(name).textContent;
    return {
      now: Number(one.ariaValueNow), drawn: one.firstElementChild.style.width, percent: text(".percent"),
      doing: text(".doing"), elapsed: text(".elapsed"), expected: text(".expected"),
    };
  });
  const above = async (least) => {
    await player.locator("#stage").evaluate((stage, than) => new Promise((done) => {
      const bar = stage.querySelector(".making .bar");
      const look = () => Number(bar.ariaValueNow) > than && done();
      new MutationObserver(look).observe(bar, { attributes: true });
      look();
    }), least);
    return look();
  };
  const early = await above(0);
  const late = await above(early.now);
  const told = await words(player);
  const asks = () => page.evaluate(() => window.chat.seen.calls.length);
  await page.evaluate(() => window.chat.tearDown());
  const before = await asks();
  await page.clock.runFor("05:00");
  return { early, late, ...told, afterwards: (await asks()) - before };
}

/** A bad end, and the button that asks for another try. */
export async function failure({ page, player, asked }) {
  await show({ page, asked });
  const again = player.locator("#again");
  await again.waitFor();
  const first = await words(player);
  await again.click();
  await player.locator("#notice").waitFor();
  return { first, ...(await words(player)) };
}

/** The buttons that need the chat: where it can do nothing, they say where the file is. */
export async function handedOver({ page, player, asked }) {
  await show({ page, asked });
  const ready = player.locator("#state").filter({ hasText: "Ready" });
  await ready.waitFor();
  const notices = [];
  for (const [name, list] of [["Download", "downloads"], ["Open", "links"]]) {
    await player.getByRole("button", { name }).click();
    if (asked.without.length) await player.locator("#notice", { hasText: name === "Open" ? "open" : "save" }).waitFor();
    else await page.waitForFunction((of) => window.chat.seen[of].length > 0, list);
    notices.push((await words(player)).notice);
  }
  await player.getByRole("button", { name: /^Copy the/ }).click();
  await player.locator("#place button", { hasText: "Copied" }).waitFor();
  await player.getByRole("button", { name: "Remix" }).click();
  await page.keyboard.press("Control+V");
  return { notices, pasted: await player.locator("#change").inputValue(), ...(await words(player)) };
}

/** A video too large for a chat. */
export async function tooLarge({ page, player, asked }) {
  await show({ page, asked });
  await player.locator("#notice").waitFor();
  await player.locator(".backdrop").waitFor();
  return words(player);
}

/** Text from outside that would like to be more than text. */
export async function hostile({ page, player, asked }) {
  await film({ page, player, asked });
  const inside = await player.locator("#card").evaluate((card) => ({
    elements: card.querySelectorAll("[onerror], #prompt *, #facts li *, .reason *").length,
    owned: "owned" in window,
  }));
  return { ...inside, ...(await words(player)) };
}

/** How it looks: colours of both themes, what sticks out, and whether the chat knows the height. */
export async function looks({ page, player, asked }) {
  await film({ page, player, asked });
  const measure = async () => {
    await page.waitForFunction(() => {
      const frame = document.querySelector("iframe");
      return frame.clientHeight === window.chat.seen.sizes.at(-1).height;
    });
    return player.locator("#card").evaluate((card) => {
      const { backgroundColor, color } = getComputedStyle(card);
      const { width, height } = card.getBoundingClientRect();
      const { scrollWidth, scrollHeight } = document.documentElement;
      return { colours: [backgroundColor, color], width, height, scrollWidth, scrollHeight };
    });
  };
  const found = [];
  for (const width of asked.widths) {
    await page.setViewportSize({ width, height: 900 });
    await player.locator("#card").evaluate((card, wanted) => new Promise((done) => {
      const look = () => card.getBoundingClientRect().width === wanted && done();
      new ResizeObserver(look).observe(card);
    }), width);
    for (const theme of ["light", "dark"]) {
      await page.evaluate((change) => window.chat.change(change), { theme });
      await player.locator(`:root[data-theme=${theme}]`).waitFor();
      found.push({ width, theme, look: await measure() });
    }
  }
  return { found, tree: await player.locator("body").ariaSnapshot() };
}

const MOMENTS = {
  running: (player) => player.locator(".percent").filter({ hasText: /^[2-8]\d %$/ }).waitFor(),
  ready: isReady,
  failed: (player) => player.locator("#again").waitFor(),
};

/** A picture of the player at a moment of its life. */
export async function picture({ page, player, asked }) {
  await page.addStyleTag({ content: "body { padding: 16px; }" });
  await page.evaluate((dark) => document.documentElement.classList.toggle("dark", dark), asked.context.theme === "dark");
  await show({ page, asked });
  await MOMENTS[asked.moment](player);
  if (asked.change) {
    await player.getByRole("button", { name: "Remix" }).click();
    await page.keyboard.type(asked.change);
    await page.keyboard.press("Enter");
    await player.locator("#strip button").nth(1).waitFor();
    await isReady(player);
    await player.locator("#strip img:visible").nth(1).waitFor();
  }
  for (const video of await player.locator("#stage video:visible").all()) {
    await video.evaluate((one) => new Promise((done) => {
      one.pause();
      one.controls = false; // They would be caught halfway through fading out.
      one.addEventListener("seeked", done, { once: true });
      one.currentTime = one.duration * 0.4;
    }));
  }
  const { height } = await page.locator("iframe").boundingBox();
  await page.screenshot({ path: asked.file, clip: { x: 0, y: 0, width: asked.width, height: height + 32 } });
  return {};
}
