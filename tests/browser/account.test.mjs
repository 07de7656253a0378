// What people do about their own account in a browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { desk, inspect, launch, openTokens, phone, signIn, visit } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const sections = ["Profile", "Account", "Access tokens", "Active sessions", "Authentication log"];

for (const colorScheme of ["light", "dark"]) {
  for (const [device, viewport] of Object.entries({ phone, desk })) {
    test(`the pages about oneself are accessible on a ${device}, ${colorScheme}`, () => visit(browser, { colorScheme, viewport }, async (page) => {
      await page.goto("/-/profile");
      await signIn(page);
      for (const section of sections) {
        await page.getByRole("navigation", { name: "About you" }).getByRole("link", { name: section }).click();
        await page.getByRole("heading", { level: 1 }).waitFor();
        assert.equal(await page.locator("nav.sections a[aria-current=page]").innerText(), section);
        await inspect(page, section);
      }
      await page.goto("/-/profile/account");
      await page.getByLabel("Current password").fill("wrong");
      await page.getByLabel("New password", { exact: true }).fill("password");
      await page.getByLabel("Repeat the new password").fill("passwort");
      await page.getByRole("button", { name: "Change password" }).click();
      await page.getByText("Password is one that many people use").waitFor();
      await inspect(page, "the refused password");
    }));
  }
}

test("a session is ended from another browser, also without JavaScript", () => visit(browser, {}, async (page) => {
  await openTokens(page);
  await visit(browser, { javaScriptEnabled: false }, async (other) => {
    await other.goto("/-/user_settings/active_sessions");
    await signIn(other);
    const sessions = other.getByRole("table", { name: "Sessions" });
    await sessions.getByRole("row", { name: "This one" }).waitFor();
    await other.getByRole("button", { name: "End all other sessions" }).click();
    await other.getByText("All other sessions are ended.").waitFor();
    assert.equal(await sessions.getByRole("button", { name: "End" }).count(), 0);
  });
  await page.reload();
  await page.getByLabel("Password").waitFor();
}));

test("who is asked to stays signed in", () => visit(browser, {}, async (page, context) => {
  await page.goto("/-/user_settings/active_sessions");
  await page.getByLabel("Stay signed in").check();
  await signIn(page);
  await page.getByRole("row", { name: "This one" }).getByText("Stays signed in").waitFor();
  const cookies = await context.cookies();
  const days = (name) => (cookies.find((cookie) => cookie.name.endsWith(name)).expires - Date.now() / 1000) / 86400;
  assert.ok(days("jeton_session") > 89 && days("jeton_device") > 364);
}));

test("who is told to wait learns how long", () => visit(browser, { viewport: phone }, async (page) => {
  const nobody = `nobody-${Date.now()}`;
  for (let attempt = 0; attempt < 12; attempt += 1) {
    await page.goto("/users/sign_in");
    await page.getByLabel("Username or e-mail").fill(nobody);
    await page.getByLabel("Password").fill("a guess");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
  }
  await page.getByRole("alert").getByText(/^Too many attempts were wrong\. Try again in 1 second\.$/).waitFor();
  await inspect(page, "the form of who is told to wait");
}));

test("the log tells of this very sign-in", () => visit(browser, {}, async (page) => {
  await page.goto("/-/user_settings/authentication_log");
  await signIn(page);
  await page.getByRole("row", { name: /Signed in/ }).first().getByText("127.0.0.1").waitFor();
  assert.match(await page.getByRole("row", { name: /Signed in/ }).first().innerText(), /Chrome \d+ on Linux/);
}));
