// Every page, on a phone and on a desk, light and dark: nothing inaccessible, nothing out of place.

import { after, before, test } from "node:test";
import { createToken, desk, inspect, launch, openTokens, phone, row, tokensPage, visit } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const colorScheme of ["light", "dark"]) {
  for (const [device, viewport] of Object.entries({ phone, desk })) {
    test(`the pages are accessible on a ${device}, ${colorScheme}`, () => visit(browser, { colorScheme, viewport }, async (page) => {
      await page.goto("/users/sign_in");
      await inspect(page, "the sign-in form");
      await page.getByLabel("Username or e-mail").fill("nobody");
      await page.getByLabel("Password").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Invalid login or password.").waitFor();
      await inspect(page, "the refused sign-in");

      await openTokens(page);
      await inspect(page, "the Access tokens page");
      await page.getByLabel("Token name").fill("   ");
      await page.getByRole("button", { name: "Create personal access token" }).click();
      await page.getByRole("alert").waitFor();
      await inspect(page, "the refused form");
      const name = `${device} ${colorScheme} ${"long".repeat(30)}`;
      await createToken(page, name, "api");
      await inspect(page, "the page with a new token");
      await row(page, name).getByRole("button", { name: "Rotate" }).click();
      await inspect(page, "the question before a token is rotated");
      await page.getByRole("link", { name: "Keep the token" }).or(page.getByRole("button", { name: "Keep the token" })).click();
      await row(page, name).getByRole("button", { name: "Revoke" }).click();
      await inspect(page, "the question before a token is revoked");
      await page.getByRole("button", { name: "Revoke" }).click();

      await page.goto("/");
      await inspect(page, "the start page");
      await page.goto(`${tokensPage}/0/revoke`);
      await inspect(page, "the page about something missing");
    }));
  }
}
