// A forgotten password and a new address, with the links that come by mail, and the looks of every page on the way.
//
// JETON_MAIL_DIR is where the server writes its mails.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { desk, inspect, launch, phone, signIn, username, visit } from "./browser.mjs";

const mails = process.env.JETON_MAIL_DIR;
const address = `${username}@example.com`;
const work = `${username}@work.example`;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** The path of the link in the first mail to that address which has one to that page. */
async function mailedLink(to, page) {
  for (let tries = 0; tries < 600; tries += 1) {
    for (const name of readdirSync(mails).filter((file) => file.endsWith(".eml"))) {
      const mail = readFileSync(join(mails, name), "utf8");
      const text = mail.replaceAll("=\r\n", "").replaceAll("=3D", "=");
      const link = text.includes(`To: ${to}\r\n`) && text.match(new RegExp(`${page}\\?\\S+`));
      if (link) return link[0];
    }
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`no mail to ${to} with a link to ${page}`);
}

test("a new address is confirmed and a forgotten password replaced, without JavaScript", () => visit(browser, { javaScriptEnabled: false }, async (page) => {
  await page.goto("/-/profile/emails");
  await signIn(page);
  await page.goto("/-/profile/emails");
  await page.getByLabel("New e-mail").fill(`${username}@new.example`);
  await page.getByLabel("Current password").fill("not the password");
  await page.getByRole("button", { name: "Change the address" }).click();
  await page.getByText("Current password is invalid").waitFor();
  await page.getByLabel("Current password").fill(process.env.JETON_PASSWORD);
  await page.getByRole("button", { name: "Change the address" }).click();
  await page.getByRole("heading", { name: "Waiting for your confirmation" }).waitFor();
  await page.getByLabel("Another address").fill(work);
  await page.getByRole("button", { name: "Add the address" }).click();
  await page.getByText("not confirmed").waitFor();
  await page.goto(await mailedLink(work, "/users/confirmation"));
  await page.getByText(work).waitFor();
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("successfully confirmed").waitFor();
  assert.equal(await page.getByText("not confirmed").count(), 0);
  await page.getByRole("button", { name: "Sign out" }).click();

  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail or username").fill(address);
  await page.getByRole("button", { name: "Send the link" }).click();
  await page.getByText("If your email address exists in our database").waitFor();
  await page.goto(await mailedLink(address, "/users/password/edit"));
  await page.getByLabel("Revoke all personal access tokens too").check();
  // The same password: the other tests sign in with it.
  await page.getByLabel("New password", { exact: true }).fill(process.env.JETON_PASSWORD);
  await page.getByLabel("Repeat the new password").fill(process.env.JETON_PASSWORD);
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByText("Your password is set.").waitFor();
  await signIn(page);
}));

for (const colorScheme of ["light", "dark"]) {
  for (const [device, viewport] of Object.entries({ phone, desk })) {
    test(`the pages about mails are accessible on a ${device}, ${colorScheme}`, () => visit(browser, { colorScheme, viewport }, async (page) => {
      await page.goto("/users/password/new");
      await inspect(page, "the form for a forgotten password");
      await page.goto("/users/confirmation/new");
      await inspect(page, "the form for another confirmation");
      await page.goto(await mailedLink(`${username}@new.example`, "/users/confirmation"));
      await inspect(page, "the form that confirms an address");
      await page.goto("/-/profile/emails");
      await signIn(page);
      await page.goto("/-/profile/emails");
      await inspect(page, "the addresses");
      await page.getByLabel("Another address").fill(`${username}@example.com`);
      await page.getByRole("button", { name: "Add the address" }).click();
      await page.getByText("Email has already been taken").waitFor();
      await inspect(page, "the addresses with a refused one");
    }));
  }
}
