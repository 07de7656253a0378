// A real Chromium against a running server, and the checks that hold on every page.
//
// The environment says where the server is and who may sign in: JETON_URL, JETON_USERNAME, JETON_PASSWORD.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

export const url = process.env.JETON_URL;
export const username = process.env.JETON_USERNAME;
const password = process.env.JETON_PASSWORD;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const tokensPage = "/-/user_settings/personal_access_tokens";
export const phone = { width: 375, height: 812 };
export const desk = { width: 1280, height: 800 };

/** Starts the browser; every network access of its own is off. */
export function launch() {
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", ...quiet],
  });
}

/** Address and text of the document that each page shows. */
const documents = new WeakMap();

/** Runs `steps` with a new page, and fails if the page ever complained: of its policy, a script or a missing file. */
export async function visit(browser, options, steps) {
  const context = await browser.newContext({ baseURL: url, viewport: desk, ...options });
  context.setDefaultTimeout(15_000);
  const complaints = [];
  const page = await context.newPage();
  page.on("console", (message) => {
    // Chromium calls an answer of 404 or 422 an error; here such answers are asked for.
    const isAnswer = message.text().startsWith("Failed to load resource") && message.location().url.startsWith(url);
    if (["error", "warning"].includes(message.type()) && !isAnswer) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => {
    // Chromium did not keep a page that is not to be kept, or gave up what the page that was left still waited for.
    const { errorText } = request.failure();
    if (!["net::ERR_CACHE_MISS", "net::ERR_ABORTED"].includes(errorText)) complaints.push(`${request.url()}: ${errorText}`);
  });
  page.on("response", (response) => {
    const isShown = response.request().isNavigationRequest() && response.frame() === page.mainFrame() && ![301, 302, 303, 307].includes(response.status());
    // Of a page that was left at once the text is gone, and nobody asks for it.
    if (isShown) documents.set(page, response.text().then((html) => ({ address: response.url(), html })).catch(() => undefined));
    // Of pages and of scripts' calls, refusals are asked for; a style sheet or an image must be there.
    const isAsset = !["document", "fetch"].includes(response.request().resourceType());
    if (isAsset && response.status() >= 400) complaints.push(response.url());
  });
  try {
    await steps(page, context);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

/** Fills in the sign-in form that the page shows. */
export async function signIn(page) {
  await page.getByLabel("Username or e-mail").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Opens the Access tokens page as somebody who is signed in. */
export async function openTokens(page, query = "") {
  await page.goto(tokensPage + query);
  if (page.url().includes("/users/sign_in")) await signIn(page);
}

/** Fills in the form for a new token and sends it. */
export async function createToken(page, name, ...scopes) {
  await page.getByLabel("Token name").fill(name);
  for (const scope of scopes) await page.getByLabel(scope, { exact: true }).check();
  await page.getByRole("button", { name: "Create personal access token" }).click();
  return newToken(page);
}

/** The token that the page shows. It is printed so that the canary scan knows it. */
export async function newToken(page) {
  const token = await page.getByLabel("Your new personal access token").inputValue();
  console.log(token);
  return token;
}

/** Whose token it is, as the API says. */
export async function ownerOf(token) {
  const answer = await fetch(`${url}/api/v4/user`, { headers: { "PRIVATE-TOKEN": token } });
  return { status: answer.status, username: (await answer.json()).username };
}

/** Row of the token in the list. */
export function row(page, name) {
  return page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });
}

/** What an authenticator app with that secret shows, so many seconds from now. Each code counts once, and the next one early:
 * tests that need two take the one of now and that of half a minute later. */
export const code = (secret, later = 0) =>
  execFileSync("oathtool", ["--totp", "-b", secret, "--now", `@${Math.floor(Date.now() / 1000) + later}`], { encoding: "utf8" }).trim();

/** Checks the page as it stands, and as it looks where JavaScript is off. */
export async function inspect(page, what) {
  await audit(page, what);
  const { address, html } = await documents.get(page);
  const twin = await page.context().newPage();
  // The same answer once more, without a question to the server, and without the page's scripts. (axe itself needs
  // JavaScript; no page of ours has a part that only browsers without it show.)
  await twin.route("**/*", (route) => {
    const kind = route.request().resourceType();
    if (kind === "document") return route.fulfill({ contentType: "text/html; charset=utf-8", body: html });
    return kind === "script" ? route.abort() : route.continue();
  });
  await twin.goto(address);
  await audit(twin, `${what}, without JavaScript`);
  await twin.close();
}

/** Checks contrast, names, roles and the rest of WCAG 2.2 AA as far as axe can, and that nothing runs out of the page. */
async function audit(page, what) {
  // Not as a script element: the page's policy allows none but its own.
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const result = await window.axe.run({ runOnly: tags });
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  });
  assert.deepEqual(violations, [], what);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${what} is ${overflow} pixels too wide`);
}
