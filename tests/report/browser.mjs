// Opens every page of a site from disk in Chromium and reports, as JSON, what is wrong with it.
// node browser.mjs <site> <chromium> <folder where playwright-core and axe-core are installed>
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [site, chromiumPath, tools] = process.argv.slice(2);
const require = createRequire(join(tools, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const home = pathToFileURL(site).href;
const wrong = [];

function pages(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? pages(path) : entry.name.endsWith(".html") ? [path] : [];
  });
}

const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-gpu"] });

async function opened(width, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(`${page.url()} console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`${page.url()} script: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(home) && !request.url().startsWith("data:")) {
      wrong.push(`${page.url()} asks for ${request.url()}`);
    }
  });
  return page;
}

for (const [width, scheme] of [320, 768, 1440].flatMap((width) => [[width, "light"], [width, "dark"]])) {
  const page = await opened(width, scheme);
  for (const path of pages(site)) {
    await page.goto(pathToFileURL(path).href);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) wrong.push(`${path} at ${width}: ${over} pixels too wide`);
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"], preload: false }));
    for (const violation of found.violations) {
      wrong.push(`${path} ${scheme} axe ${violation.id}: ${violation.nodes[0].target.join(" ")}`);
    }
  }
}

// By keyboard alone: the first Tab offers to skip to the content; the search field answers, and Escape closes it.
const page = await opened(1440, "light");
await page.goto(pathToFileURL(join(site, "territoires", "index.html")).href);
await page.keyboard.press("Tab");
if (!(await page.evaluate(() => document.activeElement.classList.contains("skip")))) wrong.push("no skip link first");
await page.keyboard.press("Enter");
if ((await page.evaluate(() => document.activeElement.id)) !== "contenu") wrong.push("the skip link does not move");
const answers = { "pyrenees orientales": "Pyrénées-Orientales", RSA: "RSA", "390 949": "crédits de 2021", "390949": "crédits de 2021", "31 390": "Gard" };
for (const [query, expected] of Object.entries(answers)) {
  await page.focus("#recherche");
  await page.keyboard.press("Control+A");
  await page.keyboard.type(query);
  await page.waitForFunction(() => !document.querySelector("header .found").hidden, null, { timeout: 5000 });
  await page.waitForTimeout(100);
  const found = await page.locator("header .found-list").innerText();
  if (!found.includes(expected)) wrong.push(`search « ${query} » does not find ${expected}: ${found.slice(0, 200)}`);
  await page.keyboard.press("Escape");
  if (!(await page.evaluate(() => document.querySelector("header .found").hidden))) wrong.push("Escape does not close");
}
await page.focus("#recherche");
await page.keyboard.type("RSA Gard");
await page.keyboard.press("Enter");
await page.waitForURL(/recherche\.html\?q=/);
await page.waitForFunction(() => document.querySelectorAll(".results a").length > 0);
await browser.close();
console.log(JSON.stringify(wrong));
