// Who proved long ago who they are is asked again before what lasts, and loses nothing of what they entered.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { code, desk, inspect, launch, newToken, openTokens, ownerOf, phone, row, signIn, username, visit } from "./browser.mjs";

const password = process.env.JETON_PASSWORD;
const [program, ...statement] = JSON.parse(process.env.JETON_AGE_PROOFS);
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** An hour passes, for the proofs of this person. */
const anHourPasses = () => execFileSync(program, statement);

const question = (page) => page.getByRole("heading", { name: "Confirm that it is you" });

async function fillInToken(page, name) {
  await page.getByLabel("Token name").fill(name);
  await page.getByLabel("Description").fill(`"What" <for> & ${name}`);
  await page.getByLabel("read_user", { exact: true }).check();
  await page.getByLabel("read_api", { exact: true }).check();
  await page.getByRole("button", { name: "Create personal access token" }).click();
}

/** The token was made with everything that was entered before the question. */
async function expectToken(page, name) {
  assert.deepEqual(await ownerOf(await newToken(page)), { status: 200, username });
  const text = await row(page, name).innerText();
  for (const part of [`"What" <for> & ${name}`, "read_user", "read_api"]) assert.ok(text.includes(part), text);
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";

  test(`the form of a token waits for the password, ${how} JavaScript`, () => visit(browser, { javaScriptEnabled }, async (page) => {
    await openTokens(page);
    anHourPasses();
    const name = `waits ${how}`;
    await fillInToken(page, name);
    await question(page).waitFor();
    await page.getByText("What you entered is kept.").waitFor();
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Invalid password.").waitFor();
    assert.equal(await page.getByText("Your new personal access token").count(), 0);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Continue" }).click();
    await expectToken(page, name);
    // The proof lasts: the next one is made at once.
    await fillInToken(page, `${name} no more`);
    await expectToken(page, `${name} no more`);
  }));

  test(`a new address and a new password wait, ${how} JavaScript`, () => visit(browser, { javaScriptEnabled }, async (page) => {
    await page.goto("/-/profile/emails");
    await signIn(page);
    anHourPasses();
    const address = `${username}-${how}@example.com`;
    await page.getByLabel("Another address").fill(address);
    await page.getByRole("button", { name: "Add the address" }).click();
    await question(page).waitFor();
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText(address).first().waitFor();

    await page.goto("/-/profile/account");
    anHourPasses();
    await page.getByLabel("Current password").fill("not the one of now");
    await page.getByLabel("New password", { exact: true }).fill("quite another sentence 7");
    await page.getByLabel("Repeat the new password").fill("quite another sentence 7");
    await page.getByRole("button", { name: "Change password" }).click();
    await question(page).waitFor();
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Continue" }).click();
    // The form arrived as it was filled in: it is refused for what was wrong in it.
    await page.getByText("This is not your current password").waitFor();
  }));

  test(`the form of a token waits for a code, ${how} JavaScript`, () => visit(browser, { javaScriptEnabled }, async (page) => {
    await page.goto("/-/profile/two_factor_auth");
    await signIn(page);
    const secret = await page.locator("#two-factor-secret").innerText();
    await page.getByLabel("Code from the app").fill(code(secret));
    await page.getByLabel("Current password").fill(password);
    await page.getByRole("button", { name: "Register with two-factor app" }).click();
    await page.getByText("Save your recovery codes").waitFor();
    await openTokens(page);
    anHourPasses();
    const name = `waits for a code ${how}`;
    await fillInToken(page, name);
    await question(page).waitFor();
    assert.equal(await page.getByLabel("Password").count(), 0, "beside a second factor the password is none");
    await page.getByLabel("Two-factor code").fill("000000");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Invalid two-factor code.").waitFor();
    await page.getByLabel("Two-factor code").fill(code(secret, 30));
    await page.getByRole("button", { name: "Continue" }).click();
    await expectToken(page, name);

    await page.goto("/-/profile/two_factor_auth");
    await page.getByText("Switch two-factor authentication off").click();
    await page.getByRole("button", { name: "Disable two-factor authentication" }).click();
    await page.getByText("Two-factor authentication is switched off.").waitFor();
  }));
}

for (const colorScheme of ["light", "dark"]) {
  for (const [device, viewport] of Object.entries({ phone, desk })) {
    test(`the question is accessible on a ${device}, ${colorScheme}`, () => visit(browser, { colorScheme, viewport }, async (page) => {
      await openTokens(page);
      anHourPasses();
      await fillInToken(page, `looks ${device} ${colorScheme}`);
      await question(page).waitFor();
      await inspect(page, "the question who it is, with a form that waits");
      await page.keyboard.type("wrong");
      await page.keyboard.press("Enter");
      await page.getByText("Invalid password.").waitFor();
      await inspect(page, "the question after a wrong answer");
    }));
  }
}
