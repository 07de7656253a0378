// What people do with their tokens in a browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createToken, launch, newToken, openTokens, ownerOf, row, signIn, tokensPage, username, visit } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test("a link fills the form, also with a sign-in on the way", () => visit(browser, {}, async (page) => {
  await page.goto("/profile/personal_access_tokens?name=From+a+link&description=Why&scopes=api,%20read_user,nonsense&expires_at=2099-01-31");
  await signIn(page);
  assert.equal(await page.getByLabel("Token name").inputValue(), "From a link");
  assert.equal(await page.getByLabel("Description").inputValue(), "Why");
  assert.equal(await page.getByLabel("Expiration date").inputValue(), "2099-01-31");
  const ticked = await page.getByRole("checkbox", { checked: true }).evaluateAll((boxes) => boxes.map((box) => box.value));
  assert.deepEqual(ticked, ["api", "read_user"]);
}));

test("a token is shown once, can be copied, works, and is gone after a reload", () => visit(browser, {}, async (page, context) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openTokens(page);
  const token = await createToken(page, "shown once", "read_user");
  assert.match(token, /^jeton_[0-9A-Za-z]{38}$/);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
  assert.deepEqual(await ownerOf(token), { status: 200, username });

  const heading = await page.getByRole("heading", { name: "Active personal access tokens" }).innerText();
  await page.reload();
  assert.ok(!(await page.content()).includes(token));
  assert.equal(await page.getByLabel("Your new personal access token").count(), 0);
  assert.equal(await page.getByRole("heading", { name: "Active personal access tokens" }).innerText(), heading);
  assert.equal(await row(page, "shown once").count(), 1);
  await page.getByText("This form was sent before").waitFor();
}));

test("without a clipboard interface a token is copied, too", () => visit(browser, {}, async (page) => {
  // As on plain HTTP, where browsers hide the interface.
  await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await openTokens(page);
  const token = await createToken(page, "selected", "read_user");
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  await page.getByLabel("Description").focus();
  await page.keyboard.press("Control+V");
  assert.equal(await page.getByLabel("Description").inputValue(), token);
}));

test("a token is wiped when its page is left", () => visit(browser, {}, async (page) => {
  await openTokens(page);
  await createToken(page, "wiped", "read_user");
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
  assert.equal(await page.getByLabel("Your new personal access token").inputValue(), "");
}));

test("going back does not show a token again", () => visit(browser, {}, async (page, context) => {
  await openTokens(page);
  await createToken(page, "left behind", "read_user");
  await page.goto("/");
  // Nothing of that page was kept, so Chromium can only offer to send the form again.
  await assert.rejects(page.goBack(), /ERR_CACHE_MISS/);
  const next = await context.newPage();
  await next.goto(tokensPage);
  assert.equal(await row(next, "left behind").count(), 1);
}));

test("a revoked token is asked about, disappears, and opens nothing any more", () => visit(browser, {}, async (page) => {
  await openTokens(page);
  const token = await createToken(page, "short-lived", "read_user");
  await row(page, "short-lived").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("heading", { name: "Revoke “short-lived”?" }).waitFor();
  assert.equal((await ownerOf(token)).status, 200);
  await page.getByRole("button", { name: /^(Revoke|Confirm)$/ }).click();
  await page.getByText("Revoked personal access token short-lived!").waitFor();
  assert.equal(await row(page, "short-lived").count(), 0);
  assert.equal((await ownerOf(token)).status, 401);
}));

test("a form with flaws keeps what was entered", () => visit(browser, {}, async (page) => {
  await openTokens(page);
  await page.getByLabel("Token name").fill("   ");
  await page.getByLabel("Description").fill("kept");
  await page.getByLabel("Expiration date").fill("");
  await page.getByLabel("read_api", { exact: true }).check();
  await page.getByRole("button", { name: "Create personal access token" }).click();
  await page.getByRole("alert").getByText("Name can't be blank").waitFor();
  assert.equal(await page.getByLabel("Token name").getAttribute("aria-invalid"), "true");
  assert.equal(await page.getByLabel("Description").inputValue(), "kept");
  assert.equal(await page.getByLabel("Expiration date").inputValue(), "");
  assert.ok(await page.getByLabel("read_api", { exact: true }).isChecked());

  const token = await createToken(page, "mended");
  assert.match(token, /^jeton_/);
  await row(page, "mended").getByText("Never", { exact: true }).last().waitFor();
}));

test("everything works with the keyboard alone", () => visit(browser, {}, async (page) => {
  await page.goto(tokensPage);
  await page.keyboard.type(username);
  await page.keyboard.press("Tab");
  await page.keyboard.type(process.env.JETON_PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await tabTo(page, "Skip to the content");
  await page.keyboard.press("Enter");
  await tabTo(page, "Token name");
  await page.keyboard.type("typed");
  await tabTo(page, "read_user");
  await page.keyboard.press("Space");
  await tabTo(page, "Create personal access token");
  await page.keyboard.press("Enter");
  assert.match(await newToken(page), /^jeton_/);
  await tabTo(page, "Copy");
}));

/** Presses Tab until the element of that label or text has the focus, which must be visible on every step. */
async function tabTo(page, label) {
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      return {
        names: [element.labels?.[0]?.textContent, element.textContent].map((name) => name?.trim()),
        visible: style.outlineStyle !== "none" || style.boxShadow !== "none",
      };
    });
    assert.ok(focus.visible, `the focus on ${focus.names} cannot be seen`);
    if (focus.names.includes(label)) return;
  }
  assert.fail(`Tab does not lead to ${label}`);
}

test("everything works without JavaScript", () => visit(browser, { javaScriptEnabled: false }, async (page) => {
  await openTokens(page);
  const token = await createToken(page, "plain", "read_user");
  assert.equal(await page.getByRole("button", { name: "Copy" }).count(), 0);
  assert.equal((await ownerOf(token)).status, 200);
  await row(page, "plain").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("Revoked personal access token plain!").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  await page.goto(tokensPage);
  await page.getByLabel("Password").waitFor();
}));

test("a page's scripts can call the API with the session and the page's value", () => visit(browser, {}, async (page) => {
  await openTokens(page);
  const made = await page.evaluate(async () => {
    const value = document.querySelector("meta[name=csrf-token]").content;
    const send = (headers) => fetch("/api/v4/projects", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify({ name: `from-a-page-${Date.now()}` }),
    });
    return [(await send({})).status, (await send({ "X-CSRF-Token": value })).status];
  });
  assert.deepEqual(made, [401, 201]);
}));
