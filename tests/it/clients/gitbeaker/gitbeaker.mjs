// @gitbeaker/rest against Jeton: the calls that scripts make. Arguments: the address of the server and the name of an
// ordinary user; the environment holds TOKEN, with an administrator's token of the scopes `api` and `sudo`, PASSWORD,
// for users that it makes, SSH_KEY and GPG_KEY. Prints every token that it makes, a line each.

import assert from "node:assert/strict";
import { Gitlab } from "@gitbeaker/rest";

const [host, somebody] = process.argv.slice(2);
const { TOKEN, PASSWORD, SSH_KEY, GPG_KEY } = process.env;

const client = (credential) => new Gitlab({ host, ...credential });
const root = client({ token: TOKEN });
const nobody = client({});

/** What the client makes of a refusal: an error with the answer and what it says. */
async function refused(promise, status, said) {
  const check = ({ message, cause }) => {
    assert.equal(cause?.response?.status, status, message);
    if (said instanceof RegExp) assert.match(message, said);
    else assert.equal(message, said);
    return true;
  };
  await assert.rejects(promise, check);
}

/** A day in so many days, as `YYYY-MM-DD`. */
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const ids = (things) => things.map(({ id }) => id);
const names = (users) => users.map(({ username }) => username);

// Who am I, with each way that the client has of sending a token.
const me = await root.Users.showCurrentUser();
assert.equal(me.username, "root");
assert.equal(me.is_admin, true);
assert.equal((await client({ oauthToken: TOKEN }).Users.showCurrentUser()).id, me.id);
assert.equal((await client({ token: TOKEN, camelize: true }).Users.showCurrentUser()).isAdmin, true);
assert.match((await root.Metadata.show()).version, /^\d+\.\d+\.\d+/);
await refused(nobody.Users.showCurrentUser(), 401, "401 Unauthorized");
await refused(client({ token: "wrong" }).Users.showCurrentUser(), 401, "401 Unauthorized");

// Users: made, with a password of one's choice or a random one.
const anna = await root.Users.create({
  email: "anna@beaker.example",
  name: "Anna Beaker",
  username: "anna-beaker",
  password: PASSWORD,
  skipConfirmation: true,
  bio: "Writes JavaScript",
  note: "new",
  projectsLimit: 7,
});
assert.equal(anna.state, "active");
assert.equal(anna.is_admin, false);
assert.ok(anna.confirmed_at);
assert.deepEqual([anna.bio, anna.note, anna.projects_limit], ["Writes JavaScript", "new", 7]);
const rob = { email: "rob@beaker.example", name: "Rob", username: "rob-beaker", forceRandomPassword: true };
const robs = await root.Users.create({ ...rob, external: true });
assert.equal(robs.external, true);
await refused(root.Users.create({ ...rob, username: "another-beaker" }), 409, "Email has already been taken");
await refused(root.Users.create({ ...rob, email: "r@beaker.example" }), 409, "Username has already been taken");
await refused(root.Users.create({ name: "x", username: "x", password: PASSWORD }), 400, "email is missing");
const short = { email: "short@beaker.example", name: "x", username: "short-beaker", password: "short" };
await refused(root.Users.create(short), 400, /"password":\[.*is too short \(minimum is 8 characters\)/);

// Listed with filters, shown, changed.
const person = (await root.Users.all({ username: somebody }))[0];
assert.equal((await root.Users.show(person.id)).username, somebody);
const found = await root.Users.all({ search: "-beaker", orderBy: "id", sort: "asc" });
assert.deepEqual(ids(found), [anna.id, robs.id]);
assert.deepEqual(ids(await root.Users.all({ search: "beaker", external: true })), [robs.id]);
assert.deepEqual(names(await root.Users.all({ admins: true })), ["root"]);
assert.deepEqual(await root.Users.all({ createdAfter: `${inDays(2)}T00:00:00Z` }), []);
assert.ok(ids(await root.Users.all({ twoFactor: "disabled" })).includes(anna.id));
assert.deepEqual(await root.Users.all({ twoFactor: "enabled" }), []);
await refused(root.Users.all({ twoFactor: "perhaps" }), 400, "two_factor does not have a valid value");
await refused(nobody.Users.all(), 403, "403 Forbidden - Not authorized to access /api/v4/users");
await refused(root.Users.show(999_999), 404, "404 User Not Found");
// The client sends a form and leaves its names as they are.
const changed = await root.Users.edit(anna.id, { name: "Anna Doe", private_profile: true });
assert.deepEqual([changed.name, changed.private_profile], ["Anna Doe", true]);
assert.equal((await root.Avatar.show("anna@beaker.example")).avatar_url, null);
await refused(root.Users.edit(999_999, { name: "x" }), 404, "404 User Not Found");

// Closed and opened again. The client shows an answer of `null` as an empty object.
const stateOf = async (id) => (await root.Users.show(id)).state;
for (const [close, state, open] of [
  ["block", "blocked", "unblock"],
  ["ban", "banned", "unban"],
  ["deactivate", "deactivated", "activate"],
]) {
  assert.equal(await root.Users[close](anna.id), true);
  assert.equal(await stateOf(anna.id), state);
  assert.equal(await root.Users[open](anna.id), true);
  assert.equal(await stateOf(anna.id), "active");
}
await root.Users.block(anna.id);
assert.deepEqual(await root.Users.block(anna.id), {});
assert.deepEqual(ids(await root.Users.all({ blocked: true })), [anna.id]);
const closed = "Error occurred. A blocked user must be unblocked to be activated";
await refused(root.Users.activate(anna.id), 403, closed);
await root.Users.unblock(anna.id);
const oneself = "403 Forbidden - The API initiating user cannot be blocked by the API";
await refused(root.Users.block(me.id), 403, oneself);
assert.deepEqual(await root.Users.showAssociationsCount(anna.id), {
  groups_count: 0,
  projects_count: 0,
  issues_count: 0,
  merge_requests_count: 0,
});

// Pages, by number and by position.
const everybody = await root.Users.all({ orderBy: "id", sort: "asc", perPage: 2 });
const page = await root.Users.all({ orderBy: "id", sort: "asc", perPage: 2, page: 2, showExpanded: true });
assert.deepEqual(page.data, everybody.slice(2, 4));
assert.deepEqual(page.paginationInfo, {
  total: everybody.length,
  next: everybody.length > 4 ? 3 : null,
  current: 2,
  previous: 1,
  perPage: 2,
  totalPages: Math.ceil(everybody.length / 2),
});
const start = { pagination: "keyset", orderBy: "id", sort: "asc", perPage: 2 };
assert.deepEqual(await root.Users.all(start), everybody);
assert.equal((await root.Users.all({ ...start, maxPages: 1 })).length, 2);
await refused(root.Users.all({ perPage: 0 }), 400, "per_page has a value not allowed");

// Personal access tokens: an administrator makes one, and its owner's client uses it.
const made = await root.PersonalAccessTokens.create(person.id, "from a script", ["api"], { expiresAt: inDays(2) });
console.log(made.token);
assert.deepEqual([made.user_id, made.scopes, made.expires_at], [person.id, ["api"], inDays(2)]);
const theirs = client({ token: made.token });
const self = await theirs.PersonalAccessTokens.show();
assert.deepEqual([self.id, self.name, self.active, self.token], [made.id, "from a script", true, undefined]);
const turned = await theirs.PersonalAccessTokens.rotate(made.id, { expiresAt: inDays(3) });
console.log(turned.token);
assert.deepEqual([turned.name, turned.expires_at, turned.revoked], ["from a script", inDays(3), false]);
await refused(theirs.Users.showCurrentUser(), 401, "invalid_token");
const their = client({ token: turned.token });
assert.equal((await their.PersonalAccessTokens.show({ tokenId: turned.id })).id, turned.id);
await refused(their.PersonalAccessTokens.show({ tokenId: 999_999 }), 401, "401 Unauthorized");
await refused(root.PersonalAccessTokens.show({ tokenId: 999_999 }), 404, "404 Not Found");
assert.deepEqual(ids(await their.PersonalAccessTokens.all({ state: "active" })), [turned.id]);
assert.deepEqual(ids(await root.PersonalAccessTokens.all({ userId: person.id, revoked: true })), [made.id]);
const narrow = await root.Users.createPersonalAccessToken(person.id, "reads", ["read_user"], { expiresAt: inDays(1) });
console.log(narrow.token);
const reader = client({ token: narrow.token });
assert.equal((await reader.Users.showCurrentUser()).id, person.id);
await refused(reader.Users.editStatus({ message: "x" }), 403, "insufficient_scope");
await their.PersonalAccessTokens.remove({ tokenId: narrow.id });
assert.equal((await their.PersonalAccessTokens.show({ tokenId: narrow.id })).revoked, true);
await refused(their.PersonalAccessTokens.remove({ tokenId: 999_999 }), 404, "404 Not found");

// Tokens to act as somebody else.
const acting = await root.UserImpersonationTokens.create(anna.id, "acting", ["api"], { expiresAt: inDays(1) });
console.log(acting.token);
assert.deepEqual([acting.impersonation, acting.active, acting.user_id], [true, true, anna.id]);
assert.equal((await client({ token: acting.token }).Users.showCurrentUser()).id, anna.id);
assert.deepEqual(ids(await root.UserImpersonationTokens.all(anna.id, { state: "active" })), [acting.id]);
assert.equal((await root.UserImpersonationTokens.show(anna.id, acting.id)).name, "acting");
await root.UserImpersonationTokens.revoke(anna.id, acting.id);
assert.deepEqual(await root.UserImpersonationTokens.all(anna.id, { state: "active" }), []);
await refused(client({ token: acting.token }).Users.showCurrentUser(), 401, "invalid_token");
await refused(root.UserImpersonationTokens.show(anna.id, 999_999), 404, "404 Impersonation Token Not Found");
await refused(their.UserImpersonationTokens.all(anna.id), 403, "403 Forbidden");

// An administrator acts as others, call by call or with every call of a client.
const bySudo = await root.Users.showCurrentUser({ sudo: somebody });
assert.deepEqual([bySudo.id, bySudo.is_admin], [person.id, undefined]);
assert.equal((await client({ token: TOKEN, sudo: anna.id }).Users.showCurrentUser()).id, anna.id);
await refused(root.Users.showCurrentUser({ sudo: "no-one" }), 404, "404 User with ID or username 'no-one' Not Found");
await refused(their.Users.showCurrentUser({ sudo: "root" }), 403, "403 Forbidden - Must be admin to use sudo");

// Status and preferences.
const status = { emoji: "coffee", message: "In JavaScript", availability: "busy", clearStatusAfter: "30_minutes" };
assert.ok((await their.Users.editStatus(status)).clear_status_at);
const { emoji, message, message_html } = await nobody.Users.showStatus({ iDOrUsername: somebody });
assert.deepEqual([emoji, message, message_html], ["coffee", "In JavaScript", "In JavaScript"]);
assert.equal((await their.Users.showStatus()).availability, "busy");
const preferences = await their.Users.editCurrentUserPreferences(true, false);
assert.equal(preferences.user_id, person.id);
assert.deepEqual([preferences.view_diffs_file_by_file, preferences.show_whitespace_in_diffs], [true, false]);
assert.deepEqual(await their.Users.showCurrentUserPreferences(), preferences);

// SSH and OpenPGP keys: one's own, and as an administrator somebody else's.
const ssh = await their.UserSSHKeys.create("laptop", `${SSH_KEY} jane@home`, { expiresAt: inDays(9) });
assert.ok(ssh.key.startsWith(`${SSH_KEY} `) && !ssh.key.includes("jane@home"), ssh.key);
assert.ok(ssh.created_at && ssh.expires_at.startsWith(inDays(9)), ssh.expires_at);
assert.equal((await their.UserSSHKeys.show(ssh.id)).title, "laptop");
assert.deepEqual(ids(await their.UserSSHKeys.all()), [ssh.id]);
assert.deepEqual(ids(await nobody.UserSSHKeys.all({ userId: somebody })), [ssh.id]);
assert.equal((await root.Keys.show({ keyId: ssh.id })).user.id, person.id);
const taken = '{"fingerprint_sha256":["has already been taken"]}';
await refused(root.UserSSHKeys.create("mine", SSH_KEY), 400, taken);
await their.UserSSHKeys.remove(ssh.id);
await refused(their.UserSSHKeys.show(ssh.id), 404, "404 Key Not Found");
const given = await root.UserSSHKeys.create("given", SSH_KEY, { userId: person.id });
assert.equal((await their.UserSSHKeys.show(given.id)).title, "given");
await root.UserSSHKeys.remove(given.id, { userId: person.id });
const gpg = await their.UserGPGKeys.create(GPG_KEY);
assert.equal(gpg.key.trim(), GPG_KEY);
assert.equal((await their.UserGPGKeys.show(gpg.id)).id, gpg.id);
assert.deepEqual(ids(await nobody.UserGPGKeys.all({ userId: person.id })), [gpg.id]);
await their.UserGPGKeys.remove(gpg.id);
assert.deepEqual(await their.UserGPGKeys.all(), []);
const vouched = await root.UserGPGKeys.create(GPG_KEY, { userId: person.id });
assert.deepEqual(ids(await their.UserGPGKeys.all()), [vouched.id]);
await root.UserGPGKeys.remove(vouched.id, { userId: person.id });

// E-mail addresses beside the first one.
const email = await their.UserEmails.create("second@beaker.example");
assert.deepEqual([email.email, email.confirmed_at], ["second@beaker.example", null]);
assert.equal((await their.UserEmails.show(email.id)).email, email.email);
const emailTaken = '{"email":["has already been taken"]}';
await refused(their.UserEmails.create("anna@beaker.example"), 400, emailTaken);
await their.UserEmails.remove(email.id);
await refused(their.UserEmails.show(email.id), 404, "404 Email Not Found");
const known = await root.UserEmails.create("known@beaker.example", { userId: person.id, skipConfirmation: true });
assert.ok(known.confirmed_at);
assert.deepEqual(ids(await root.UserEmails.all({ userId: person.id })), [known.id]);
await root.UserEmails.remove(known.id, { userId: person.id });

// What somebody did and belongs to.
const project = await their.Projects.create({ name: "From a script", visibility: "private" });
const event = (await their.Events.all({ action: "created" }))[0];
assert.deepEqual([event.action_name, event.project_id, event.author_username], ["created", project.id, somebody]);
assert.deepEqual(ids(await root.Users.allEvents(person.id)), [event.id]);
assert.deepEqual(await nobody.Events.all({ userId: person.id }), []);
const memberships = await root.Users.allMemberships(person.id, { type: "Project" });
const member = memberships.map(({ source_id, source_type, access_level }) => [source_id, source_type, access_level]);
assert.deepEqual(member, [[project.id, "Project", 50]]);
assert.equal((await their.Users.showAssociationsCount(person.id)).projects_count, 1);
assert.deepEqual(ids(await root.Users.allProjects(person.id)), [project.id]);
assert.deepEqual(ids(await root.Users.all({ withoutProjects: true, search: somebody })), []);
const activities = await root.Users.allActivities({ from: inDays(-1) });
assert.ok(activities.some((one) => one.username === somebody && one.last_activity_on === inDays(0)), activities);
await refused(their.Users.allActivities(), 403, "403 Forbidden");

// What administrators note about users, and decide about the instance.
const noted = await root.UserCustomAttributes.set(anna.id, "team", "blue");
assert.deepEqual(noted, { key: "team", value: "blue" });
assert.deepEqual(await root.UserCustomAttributes.show(anna.id, "team"), noted);
assert.deepEqual(await root.UserCustomAttributes.all(anna.id), [noted]);
const blue = await root.Users.all({ customAttributes: { team: "blue" }, withCustomAttributes: true });
assert.deepEqual(blue.map((user) => [user.id, user.custom_attributes]), [[anna.id, [noted]]]);
await root.UserCustomAttributes.remove(anna.id, "team");
await refused(root.UserCustomAttributes.show(anna.id, "team"), 404, /^404 /);
const settings = await root.ApplicationSettings.edit({ defaultProjectsLimit: 12, signupEnabled: false });
assert.equal(settings.default_projects_limit, 12);
assert.equal((await root.ApplicationSettings.show()).default_projects_limit, 12);
await refused(their.ApplicationSettings.show(), 403, "403 Forbidden");

// Gone.
await root.Users.remove(anna.id, { hardDelete: true });
await refused(root.Users.show(anna.id), 404, "404 User Not Found");
await refused(their.Users.remove(robs.id), 403, "403 Forbidden");
await their.PersonalAccessTokens.remove();
await refused(their.Users.showCurrentUser(), 401, "invalid_token");
