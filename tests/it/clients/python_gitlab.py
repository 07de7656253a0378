"""python-gitlab against Jeton: the calls that scripts make. Arguments: the address of the server, and the environment
variables TOKEN, with an administrator's token of scope `api`, and PASSWORD, for a user that it makes. Prints every token
that it makes, a line each."""

import datetime
import os
import sys

import gitlab

address, administrators = sys.argv[1], os.environ["TOKEN"]


def client(**credential):
    return gitlab.Gitlab(address, retry_transient_errors=False, **credential)


def refused(status, work):
    """What the client makes of a refusal: an exception that carries status and message."""
    try:
        work()
    except gitlab.exceptions.GitlabError as error:
        assert error.response_code == status, (error.response_code, error)
        return str(error)
    raise AssertionError(f"not refused with {status}")


# Who am I, with each way that the client has of sending a token.
root = client(private_token=administrators)
root.auth()
assert root.user.username == "root" and root.user.is_admin, root.user
assert client(oauth_token=administrators).http_get("/user")["id"] == root.user.id
version, revision = root.version()
assert version.count(".") == 2 and revision, (version, revision)
assert "401" in refused(401, lambda: client(private_token="wrong").auth())
assert refused(401, lambda: client().http_get("/user"))

# Users: pages, filters, one of them.
everybody = root.users.list(per_page=2, iterator=True)
names = [user.username for user in everybody]
assert "root" in names and len(names) == len(set(names)) == everybody.total, (names, everybody.total)
assert len(root.users.list(get_all=True)) == len(names)
first = root.users.list(per_page=1, page=1)
assert len(first) == 1
second = root.users.list(per_page=1, page=2)
assert first[0].id != second[0].id
somebody = root.users.list(username=sys.argv[2])[0]
assert root.users.get(somebody.id).username == sys.argv[2]
assert refused(404, lambda: root.users.get(999999)).startswith("404")

# An administrator makes a token for somebody; that person's client uses it.
tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)).date().isoformat()
made = somebody.personal_access_tokens.create(
    {"name": "from python", "scopes": ["api", "read_user"], "expires_at": tomorrow, "description": "a script's"})
print(made.token)
assert made.active and made.expires_at == tomorrow and made.user_id == somebody.id, made
theirs = client(private_token=made.token)
theirs.auth()
assert theirs.user.id == somebody.id and not getattr(theirs.user, "is_admin", False)
mine = theirs.personal_access_tokens.get("self")
assert mine.id == made.id and mine.name == "from python" and mine.description == "a script's", mine
assert not hasattr(mine, "token")
assert theirs.personal_access_tokens.get(made.id).scopes == ["api", "read_user"]
assert refused(401, lambda: theirs.personal_access_tokens.get(999999))

# Many tokens, listed page by page, filtered and sorted.
for number in range(5):
    print(somebody.personal_access_tokens.create({"name": f"batch {number}", "scopes": ["read_api"]}).token)
listed = theirs.personal_access_tokens.list(per_page=2, iterator=True)
assert len(list(listed)) == listed.total >= 6, listed.total
batch = theirs.personal_access_tokens.list(search="batch", sort="name_desc", get_all=True)
assert [token.name for token in batch] == [f"batch {number}" for number in (4, 3, 2, 1, 0)], batch
assert all(token.user_id == somebody.id for token in root.personal_access_tokens.list(user_id=somebody.id, get_all=True))

# Revoking, both ways.
batch[0].delete()
assert theirs.personal_access_tokens.get(batch[0].id).revoked
assert len(theirs.personal_access_tokens.list(state="active", search="batch", get_all=True)) == 4

# Projects.
project = theirs.projects.create({"name": "From Python", "visibility": "private", "initialize_with_readme": True})
assert project.path_with_namespace == f"{somebody.username}/from-python", project
assert theirs.projects.get(project.path_with_namespace).id == project.id
assert project.id in [one.id for one in theirs.projects.list(owned=True, iterator=True, per_page=1)]
assert refused(404, lambda: client().projects.get(project.id))
open_one = theirs.projects.create({"name": "Open", "visibility": "public"})
assert client().projects.get(open_one.id).visibility == "public"
assert refused(400, lambda: theirs.projects.create({"name": "Open"}))
made_them = theirs.events.list(get_all=True, action="created")
assert [event.project_id for event in made_them] == [open_one.id, project.id], made_them
project.delete()
open_one.delete()

# People: made, changed, closed, opened and deleted.
anna = root.users.create({
    "username": "anna-python", "name": "Anna", "email": "anna-python@example.com", "password": os.environ["PASSWORD"],
    "bio": "Writes Python", "public_email": "anna-python@example.com", "private_profile": True, "note": "new"})
assert anna.bio == "Writes Python" and anna.note == "new" and anna.private_profile, anna
assert "already been taken" in refused(409, lambda: root.users.create({
    "username": "ANNA-python", "name": "x", "email": "x@example.com", "force_random_password": True}))
anna.name = "Anna Doe"
anna.admin = False
anna.save()
anna = root.users.get(anna.id)
assert anna.name == "Anna Doe" and not anna.is_admin, anna
assert [user.id for user in root.users.list(public_email="anna-python@example.com", get_all=True)] == [anna.id]
assert anna.block() is True and anna.unblock() is True
assert anna.deactivate() is True and anna.activate() is True
assert anna.ban() is True and anna.unban() is True
assert anna.memberships.list(get_all=True) == []
assert [one.id for one in somebody.projects.list(get_all=True)] == []

# Tokens to act as somebody else.
acting = anna.impersonationtokens.create({"name": "acting", "scopes": ["api"]})
print(acting.token)
assert acting.impersonation and acting.active, acting
assert client(private_token=acting.token).http_get("/user")["id"] == anna.id
assert [one.id for one in anna.impersonationtokens.list(state="active", get_all=True)] == [acting.id]
assert anna.impersonationtokens.get(acting.id).name == "acting"
anna.impersonationtokens.delete(acting.id)
assert anna.impersonationtokens.list(state="active", get_all=True) == []
assert refused(401, lambda: client(private_token=acting.token).http_get("/user"))
anna.delete(hard_delete=True)
assert refused(404, lambda: root.users.get(anna.id))

# What is decided about the instance.
settings = root.settings.get()
assert settings.personal_access_token_prefix == "jeton_", settings
settings.default_projects_limit = settings.default_projects_limit
settings.save()
# Keys, addresses, status: what stands around a user.
key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPqe0HnE6rzHsXf6tIJvLxUc5fdM2DKgrvSxfKxEIBKP"
added = theirs.user.keys.create({"title": "laptop", "key": key + " jane@home"})
assert added.key.startswith(key) and "jane@home" not in added.key, added
assert [one.title for one in theirs.user.keys.list(get_all=True)] == ["laptop"]
assert [one.id for one in client().users.get(somebody.id, lazy=True).keys.list(get_all=True)] == [added.id]
assert root.keys.get(added.id).user["id"] == somebody.id
assert "taken" in refused(400, lambda: root.user.keys.create({"title": "mine", "key": key}))
added.delete()
assert refused(404, lambda: theirs.user.keys.get(added.id))
given = root.users.get(somebody.id).keys.create({"title": "given", "key": key, "expires_at": tomorrow})
assert theirs.user.keys.get(given.id).expires_at.startswith(tomorrow)
given.delete()
assert "fingerprint" in refused(400, lambda: theirs.user.gpgkeys.create({
    "key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----"}))
assert theirs.user.gpgkeys.list(get_all=True) == []
email = theirs.user.emails.create({"email": f"{somebody.username}@python.example"})
assert email.confirmed_at is None and [one.id for one in theirs.user.emails.list(get_all=True)] == [email.id]
email.delete()
email = root.users.get(somebody.id).emails.create({"email": email.email, "skip_confirmation": True})
assert email.confirmed_at
email.delete()
status = theirs.user.status.get()
status.message, status.emoji = "In Python", "snake"
status.save()
assert client().users.get(somebody.id, lazy=True).status.get().message == "In Python"
attributes = root.users.get(somebody.id).customattributes
assert attributes.set("team", "blue").value == "blue"
assert [one.id for one in root.users.list(custom_attributes={"team": "blue"}, get_all=True)] == [somebody.id]
attributes.delete("team")
assert refused(404, lambda: attributes.get("team"))
assert root.user_activities.list(get_all=True)

# A token ends itself, and is told so.
theirs.personal_access_tokens.delete("self")
assert "invalid_token" in refused(401, lambda: theirs.http_get("/user"))
