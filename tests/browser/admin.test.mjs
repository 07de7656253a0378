// The administrators' pages: usable by keyboard and screen reader on a phone and on a desk, light and dark, and what is
// done there counts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { desk, inspect, launch, phone, signIn, visit } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Signs in, where the server asks for it, and opens that page. */
async function open(page, path) {
  await page.goto(path);
  if (page.url().includes("/users/sign_in")) await signIn(page);
}

async function shoot(page, what) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${what}.png`, fullPage: true });
}

for (const colorScheme of ["light", "dark"]) {
  for (const [device, viewport] of Object.entries({ phone, desk })) {
    test(`the pages are accessible on a ${device}, ${colorScheme}`, () => visit(browser, { colorScheme, viewport }, async (page) => {
      await open(page, "/admin");
      const pages = ["/admin", "/admin/users", "/admin/users/new", "/admin/users/1", "/admin/audit_events", "/admin/application_settings"];
      for (const path of pages) {
        await page.goto(path);
        await inspect(page, path);
        await shoot(page, `${path.slice(1).replaceAll("/", "-")}-${device}-${colorScheme}`);
      }
    }));
  }
}

test("an account is made, blocked, and deleted after its name was typed", () => visit(browser, { viewport: phone }, async (page) => {
  const name = `guest${Date.now()}`;
  await open(page, "/admin/users/new");
  await page.getByLabel("User name", { exact: true }).fill(name);
  await page.getByLabel("Name", { exact: true }).fill("A guest");
  await page.getByLabel("E-mail address").fill(`${name}@example.com`);
  await page.locator("main form").getByRole("button").first().click();
  await page.goto(`/admin/users?search=${name}`);
  await page.getByRole("link", { name: new RegExp(name) }).first().click();
  await page.getByRole("button", { name: "Block" }).click();
  await page.getByText("Done. It is in force.").waitFor();
  await page.getByRole("button", { name: /^Delete/ }).click();
  await inspect(page, "the question before an account is deleted");
  await shoot(page, "admin-delete");
  await page.getByRole("textbox").fill(name);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("Done. It is in force.").or(page.getByRole("heading", { name: "Users" })).first().waitFor();
  await page.goto(`/admin/users?search=${name}`);
  assert.equal(await page.getByRole("link", { name: new RegExp(name) }).count(), 0);
}));
