// Second factors in a browser: an authenticator app, recovery codes, and passkeys of a virtual authenticator.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { code, desk, inspect, launch, openTokens, createToken, phone, signIn, url, username, visit } from "./browser.mjs";

const factorsPage = "/-/profile/two_factor_auth";
const password = process.env.JETON_PASSWORD;
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Plugs a key into the browser. */
async function plugIn(page, options = {}) {
  const client = await page.context().newCDPSession(page);
  await client.send("WebAuthn.enable");
  const key = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...options };
  const { authenticatorId } = await client.send("WebAuthn.addVirtualAuthenticator", { options: key });
  return { client, authenticatorId };
}

async function openFactors(page) {
  await page.goto(factorsPage);
  if (page.url().includes("/users/sign_in")) await signIn(page);
}

async function signOut(page) {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
}

async function firstStep(page) {
  await page.getByLabel("Username or e-mail").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Two-factor authentication" }).waitFor();
}

async function switchOff(page) {
  await page.goto(factorsPage);
  await page.getByText("Switch two-factor authentication off").click();
  await page.getByRole("button", { name: "Disable two-factor authentication" }).click();
  await page.getByText("Two-factor authentication is switched off.").waitFor();
}

async function addPasskey(page, name) {
  await page.getByLabel("Name of the new key").fill(name);
  await page.getByRole("button", { name: "Add a passkey" }).click();
}

/** Somebody recorded the sign-in, cookies and all, and sends it once more: the key's answer has done its work. */
async function replayed(request) {
  const { cookie, "content-type": kind } = await request.allHeaders();
  const headers = { cookie, "content-type": kind, origin: url };
  const again = await fetch(request.url(), { method: "POST", redirect: "manual", headers, body: request.postData() });
  assert.equal(again.status, 422);
  assert.match(await again.text(), /was answered before/);
  assert.ok(!again.headers.getSetCookie().some((line) => line.startsWith("jeton_session=")));
}

const codesOf = (page) => page.locator("#recovery-codes li").allInnerTexts();

test("an authenticator app is set up, asked for, and switched off, without JavaScript", () => visit(browser, { javaScriptEnabled: false }, async (page) => {
  await openFactors(page);
  const secret = await page.locator("#two-factor-secret").innerText();
  assert.match(secret, /^[A-Z2-7]{32}$/);
  await page.getByLabel("Code from the app").fill("000000");
  await page.getByLabel("Current password").fill(password);
  await page.getByRole("button", { name: "Register with two-factor app" }).click();
  await page.getByText("Invalid pin code.").waitFor();
  assert.equal(await page.locator("#two-factor-secret").innerText(), secret);
  const first = code(secret);
  await page.getByLabel("Code from the app").fill(first);
  await page.getByLabel("Current password").fill("wrong");
  await page.getByRole("button", { name: "Register with two-factor app" }).click();
  await page.getByText("You must provide a valid current password.").waitFor();
  await page.getByLabel("Code from the app").fill(first);
  await page.getByLabel("Current password").fill(password);
  await page.getByRole("button", { name: "Register with two-factor app" }).click();
  await page.getByText("Save your recovery codes").waitFor();
  const codes = await codesOf(page);
  assert.equal(new Set(codes).size, 10);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download as text" }).click()]);
  assert.equal(download.suggestedFilename(), "jeton-recovery-codes.txt");

  await signOut(page);
  await firstStep(page);
  await page.getByLabel("Two-factor code").fill("123456");
  await page.getByRole("button", { name: "Verify code" }).click();
  await page.getByText("Invalid two-factor code.").waitFor();
  // It confirmed the app, so it is used up.
  await page.getByLabel("Two-factor code").fill(first);
  await page.getByRole("button", { name: "Verify code" }).click();
  await page.getByText("Invalid two-factor code.").waitFor();
  await page.getByLabel("Two-factor code").fill(code(secret, 30));
  await page.getByRole("button", { name: "Verify code" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();

  await signOut(page);
  await firstStep(page);
  await page.getByLabel("Two-factor code").fill(codes[3]);
  await page.getByRole("button", { name: "Verify code" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await page.goto(factorsPage);
  await page.getByText("9 are left.").waitFor();
  await page.getByRole("button", { name: "Generate new recovery codes" }).click();
  const fresh = await codesOf(page);
  assert.equal(fresh.filter((each) => codes.includes(each)).length, 0);
  await switchOff(page);
  await signOut(page);
  await signIn(page);
}));

test("a passkey is registered, renamed, asked for as second step, signs in alone, and is removed", () => visit(browser, {}, async (page) => {
  const { client, authenticatorId } = await plugIn(page);
  await openFactors(page);
  await addPasskey(page, "phone");
  await page.getByText("Save your recovery codes").waitFor();
  assert.equal((await codesOf(page)).length, 10);
  const { credentials } = await client.send("WebAuthn.getCredentials", { authenticatorId });
  assert.deepEqual(credentials.map(({ rpId, isResidentCredential }) => [rpId, isResidentCredential]), [["localhost", true]]);

  // The same key does not register twice.
  await addPasskey(page, "again");
  await page.getByText("This key is registered already.").waitFor();

  // Alone: the browser offers it by itself.
  await client.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
  await signOut(page);
  await page.getByRole("button", { name: "Use a passkey" }).waitFor();
  await firstStep(page);
  await client.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: true });
  await page.getByRole("button", { name: "Use a passkey or security key" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();

  await client.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
  await signOut(page);
  await client.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: true });
  const sent = page.waitForRequest((request) => request.method() === "POST");
  // The field may have been offered the key first, and be on its way.
  const signedIn = page.getByRole("button", { name: "Sign out" }).waitFor();
  await Promise.any([page.getByRole("button", { name: "Use a passkey" }).click(), signedIn]);
  await signedIn;
  await replayed(await sent);

  await page.goto(factorsPage);
  await page.getByText("Rename or remove").click();
  await page.getByLabel("New name").fill("blue phone");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByText("The passkey has a new name.").waitFor();
  await page.getByText("Rename or remove").click();
  await page.getByRole("button", { name: "Remove blue phone" }).click();
  await page.getByText("The last factor cannot be removed by itself.").waitFor();

  // A second one, a plain security key.
  await client.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  await plugIn(page, { transport: "usb", hasResidentKey: false, hasUserVerification: false, isUserVerified: false });
  await addPasskey(page, "stick");
  await page.getByText("The factor was added.").waitFor();
  await page.locator(".keys > li").filter({ hasText: "blue phone" }).getByText("Rename or remove").click();
  await page.getByRole("button", { name: "Remove blue phone" }).click();
  await page.getByText("The factor was removed.").waitFor();
  await signOut(page);
  await firstStep(page);
  await page.getByRole("button", { name: "Use a passkey or security key" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await switchOff(page);
}));

test("an old U2F key is a second factor", () => visit(browser, {}, async (page) => {
  const old = { protocol: "u2f", transport: "usb", hasResidentKey: false, hasUserVerification: false, isUserVerified: false };
  await plugIn(page, old);
  await openFactors(page);
  await addPasskey(page, "old stick");
  await page.getByText("Save your recovery codes").waitFor();
  await signOut(page);
  await firstStep(page);
  await page.getByRole("button", { name: "Use a passkey or security key" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await switchOff(page);
}));

for (const colorScheme of ["light", "dark"]) {
  for (const [device, viewport] of Object.entries({ phone, desk })) {
    test(`the pages of second factors are accessible on a ${device}, ${colorScheme}`, () => visit(browser, { colorScheme, viewport }, async (page) => {
      const look = async (what) => {
        await inspect(page, what);
        if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${what.replaceAll(" ", "-")}-${device}-${colorScheme}.png`, fullPage: true });
      };
      const { client, authenticatorId } = await plugIn(page);
      await openFactors(page);
      await look("the page of second factors");
      const secret = await page.locator("#two-factor-secret").innerText();
      await page.getByLabel("Code from the app").fill("000000");
      await page.getByLabel("Current password").fill("wrong");
      await page.getByRole("button", { name: "Register with two-factor app" }).click();
      await look("the refused app");
      await page.getByLabel("Code from the app").fill(code(secret));
      await page.getByLabel("Current password").fill(password);
      await page.getByRole("button", { name: "Register with two-factor app" }).click();
      await page.getByText("Save your recovery codes").waitFor();
      await addPasskey(page, `key of a ${device} with a ${"long".repeat(10)} name`);
      await page.getByText("The factor was added.").waitFor();
      for (const summary of await page.locator("summary").all()) await summary.click();
      await look("the page with factors");
      await page.getByRole("button", { name: "Generate new recovery codes" }).click();
      await look("the page with recovery codes");
      await page.goto("/users/confirm?to=/-/profile/two_factor_auth");
      await page.getByLabel("Two-factor code").fill("wrong");
      await page.getByRole("button", { name: "Continue" }).click();
      await look("the question who it is");
      await client.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
      await signOut(page);
      await look("the sign in form with passkeys");
      await firstStep(page);
      await page.getByLabel("Two-factor code").fill("wrong");
      await page.getByRole("button", { name: "Verify code" }).click();
      await look("the second step");
      await page.getByLabel("Two-factor code").fill(code(secret, 30));
      await page.getByRole("button", { name: "Verify code" }).click();
      await switchOff(page);
    }));
  }
}

test("the keyboard alone leads through the second step", () => visit(browser, {}, async (page) => {
  await openFactors(page);
  const secret = await page.locator("#two-factor-secret").innerText();
  await page.getByLabel("Code from the app").fill(code(secret));
  await page.getByLabel("Current password").fill(password);
  await page.keyboard.press("Enter");
  await page.getByText("Save your recovery codes").waitFor();
  await signOut(page);
  await page.keyboard.type(username);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Two-factor authentication" }).waitFor();
  await page.keyboard.type(code(secret, 30));
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await openTokens(page);
  await createToken(page, "with two factors", "read_user");
  await switchOff(page);
}));
