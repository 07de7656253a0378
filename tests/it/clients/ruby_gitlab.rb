# frozen_string_literal: true

# The Ruby gem `gitlab` against Jeton: the calls that scripts make; what the gem has no method for goes by its `get`,
# `post`, `put` and `delete`. Arguments: the address of the server and the name of an ordinary user; the environment
# holds TOKEN, with an administrator's token of the scopes `api` and `sudo`, PASSWORD, for users that it makes, SSH_KEY
# and GPG_KEY. Prints every token that it makes, a line each.

require 'date'
require 'gitlab'

ADDRESS, SOMEBODY = ARGV
TOKEN, PASSWORD, SSH_KEY, GPG_KEY = ENV.values_at('TOKEN', 'PASSWORD', 'SSH_KEY', 'GPG_KEY')

def client(token, sudo: nil)
  Gitlab.client(endpoint: "#{ADDRESS}/api/v4", private_token: token, sudo: sudo)
end

def same(expected, actual)
  raise "expected #{expected.inspect}, got #{actual.inspect}" unless expected == actual
end

# What the gem makes of a refusal: an error of its own class for the status, with what the answer says.
def refused(error, said)
  yield
rescue error => e
  raise "expected #{said.inspect} in #{e.message.inspect}" unless e.message.include?(said)
else
  raise "not refused with #{error}"
end

def ids(things)
  things.map(&:id)
end

def in_days(days)
  (Time.now.utc.to_date + days).iso8601
end

BadRequest = Gitlab::Error::BadRequest
Unauthorized = Gitlab::Error::Unauthorized
Forbidden = Gitlab::Error::Forbidden
NotFound = Gitlab::Error::NotFound

# Who am I.
root = client(TOKEN)
me = root.user
same ['root', true], [me.username, me.is_admin]
same 3, root.version.version.split('.').length
refused(Unauthorized, '401 Unauthorized') { client('wrong').user }

# Users: made, with a password of one's choice or a random one.
anna = root.create_user('anna@ruby.example', PASSWORD, 'anna-ruby',
                        name: 'Anna Ruby', skip_confirmation: true, bio: 'Writes Ruby', note: 'new')
same ['Anna Ruby', 'active', false, 'Writes Ruby', 'new'], [anna.name, anna.state, anna.is_admin, anna.bio, anna.note]
raise 'not confirmed' unless anna.confirmed_at

rob = root.create_user('rob@ruby.example', nil, 'rob-ruby', name: 'Rob', force_random_password: true, external: true)
same true, rob.external
refused(Gitlab::Error::Conflict, 'Email has already been taken') do
  root.create_user('ROB@ruby.example', PASSWORD, 'another-ruby')
end
refused(Gitlab::Error::Conflict, 'Username has already been taken') do
  root.create_user('another@ruby.example', PASSWORD, 'ROB-ruby')
end
refused(BadRequest, 'is too short (minimum is 8 characters)') do
  root.create_user('short@ruby.example', 'short', 'short-ruby')
end
refused(BadRequest, 'email is missing') { root.post('/users', body: { name: 'x', username: 'x', password: PASSWORD }) }

# Listed with filters, shown, changed.
somebody = root.users(username: SOMEBODY).first
same SOMEBODY, root.user(somebody.id).username
same [anna.id, rob.id], ids(root.user_search('-ruby', order_by: 'id', sort: 'asc'))
same [rob.id], ids(root.users(external: true))
same ['root'], root.users(admins: true).map(&:username)
same [], ids(root.users(created_after: "#{in_days(2)}T00:00:00Z"))
same [], ids(root.users(two_factor: 'enabled'))
refused(BadRequest, 'two_factor does not have a valid value') { root.users(two_factor: 'perhaps') }
refused(Forbidden, '403 Forbidden - Not authorized to access /api/v4/users') do
  root.get('/users', unauthenticated: true)
end
refused(NotFound, '404 User Not Found') { root.user(999_999) }
changed = root.edit_user(anna.id, name: 'Anna Doe', private_profile: true, projects_limit: 7)
same ['Anna Doe', true, 7], [changed.name, changed.private_profile, changed.projects_limit]
refused(NotFound, '404 User Not Found') { root.edit_user(999_999, name: 'x') }

# Closed and opened again.
[%w[block blocked unblock], %w[ban banned unban], %w[deactivate deactivated activate]].each do |close, state, open|
  same true, root.post("/users/#{anna.id}/#{close}")
  same state, root.user(anna.id).state
  same true, root.post("/users/#{anna.id}/#{open}")
  same 'active', root.user(anna.id).state
end
same true, root.block_user(anna.id)
# An answer of `null`, and one of `false`.
same false, root.block_user(anna.id)
same [anna.id], ids(root.users(blocked: true))
same true, root.unblock_user(anna.id)
same false, root.unblock_user(anna.id)
refused(Forbidden, '403 Forbidden - The API initiating user cannot be blocked by the API') { root.block_user(me.id) }
counts = root.get("/users/#{anna.id}/associations_count").to_h
same({ 'groups_count' => 0, 'projects_count' => 0, 'issues_count' => 0, 'merge_requests_count' => 0 }, counts)

# Pages, by number and by position.
everybody = root.users(order_by: 'id', sort: 'asc', per_page: 2).auto_paginate
same ids(everybody), ids(everybody).sort.uniq
first = root.users(order_by: 'id', sort: 'asc', per_page: 2)
same ids(everybody)[2, 2], ids(first.next_page)
same ids(first), ids(first.next_page.prev_page)
same ids(everybody).last, ids(first.last_page).last
keyset = root.users(pagination: 'keyset', order_by: 'id', sort: 'asc', per_page: 2)
same ids(everybody), ids(keyset.auto_paginate)
same false, keyset.has_last_page?
refused(BadRequest, 'per_page has a value not allowed') { root.users(per_page: 0) }

# Personal access tokens: an administrator makes one, and its owner's client uses it.
body = { name: 'from a script', scopes: %w[api], expires_at: in_days(2) }
made = root.post("/users/#{somebody.id}/personal_access_tokens", body: body)
puts made.token
same [somebody.id, %w[api], in_days(2)], [made.user_id, made.scopes, made.expires_at]
theirs = client(made.token)
same somebody.id, theirs.user.id
own = theirs.get('/personal_access_tokens/self')
same [made.id, nil], [own.id, own['token']]
turned = theirs.post("/personal_access_tokens/#{made.id}/rotate", body: { expires_at: in_days(3) })
puts turned.token
same ['from a script', in_days(3), false], [turned.name, turned.expires_at, turned.revoked]
refused(Unauthorized, 'Token was revoked. You have to re-authorize from the user.') { theirs.user }
their = client(turned.token)
same turned.id, their.get("/personal_access_tokens/#{turned.id}").id
refused(Unauthorized, '401 Unauthorized') { their.get('/personal_access_tokens/999999') }
refused(NotFound, '404 Not Found') { root.get('/personal_access_tokens/999999') }
same [turned.id], ids(their.get('/personal_access_tokens', query: { state: 'active' }))
same [made.id], ids(root.get('/personal_access_tokens', query: { user_id: somebody.id, revoked: true }))
narrow = their.post('/user/personal_access_tokens', body: { name: 'rotates', scopes: %w[self_rotate] })
puts narrow.token
refused(Forbidden, 'The request requires higher privileges than provided by the access token.') do
  client(narrow.token).user
end
their.delete("/personal_access_tokens/#{narrow.id}")
same true, their.get("/personal_access_tokens/#{narrow.id}").revoked

# Tokens to act as somebody else.
acts = "/users/#{anna.id}/impersonation_tokens"
acting = root.post(acts, body: { name: 'acting', scopes: %w[api], expires_at: in_days(1) })
puts acting.token
same [true, true, anna.id], [acting.impersonation, acting.active, acting.user_id]
same anna.id, client(acting.token).user.id
same [acting.id], ids(root.get(acts, query: { state: 'active' }))
same 'acting', root.get("#{acts}/#{acting.id}").name
root.delete("#{acts}/#{acting.id}")
same [], ids(root.get(acts, query: { state: 'active' }))
refused(Unauthorized, 'Token was revoked.') { client(acting.token).user }
refused(NotFound, '404 Impersonation Token Not Found') { root.get("#{acts}/999999") }
refused(BadRequest, 'name is missing') { root.post(acts, body: { scopes: %w[api] }) }
refused(Forbidden, '403 Forbidden') { their.get(acts) }

# An administrator acts as others. The gem keeps for whom in one place for all clients, until the next one is made.
same somebody.id, client(TOKEN, sudo: SOMEBODY).user.id
same anna.id, client(TOKEN, sudo: anna.id).user.id
refused(NotFound, "404 User with ID or username 'no-one' Not Found") { client(TOKEN, sudo: 'no-one').user }
refused(Forbidden, '403 Forbidden - Must be admin to use sudo') { client(turned.token, sudo: 'root').user }
client(TOKEN)

# Status and preferences.
status = their.put('/user/status', body: { emoji: 'gem', message: 'In Ruby', clear_status_after: '30_minutes' })
raise 'no end' unless status.clear_status_at

shown = root.get("/users/#{SOMEBODY}/status", unauthenticated: true)
same ['gem', 'In Ruby', 'In Ruby'], [shown.emoji, shown.message, shown.message_html]
preferences = { view_diffs_file_by_file: true, show_whitespace_in_diffs: false }
set = their.put('/user/preferences', body: preferences)
same [somebody.id, true, false], [set.user_id, set.view_diffs_file_by_file, set.show_whitespace_in_diffs]
same set.to_h, their.get('/user/preferences').to_h

# SSH and OpenPGP keys: one's own, and as an administrator somebody else's.
ssh = their.create_ssh_key('laptop', "#{SSH_KEY} jane@home")
raise ssh.key unless ssh.key.start_with?("#{SSH_KEY} ") && !ssh.key.include?('jane@home')

same 'laptop', their.ssh_key(ssh.id).title
same [ssh.id], ids(their.ssh_keys)
same [ssh.id], ids(root.ssh_keys(user_id: somebody.id))
same somebody.id, root.key(ssh.id).user.id
refused(BadRequest, "'fingerprint_sha256' has already been taken") { root.create_ssh_key('mine', SSH_KEY) }
their.delete_ssh_key(ssh.id)
refused(NotFound, '404 Key Not Found') { their.ssh_key(ssh.id) }
given = root.create_ssh_key('given', SSH_KEY, user_id: somebody.id)
same 'given', their.ssh_key(given.id).title
root.delete_ssh_key(given.id, user_id: somebody.id)
same [], ids(their.ssh_keys)
gpg = their.post('/user/gpg_keys', body: { key: GPG_KEY })
same GPG_KEY, gpg.key.strip
same [gpg.id], ids(root.get("/users/#{somebody.id}/gpg_keys", unauthenticated: true))
their.delete("/user/gpg_keys/#{gpg.id}")
refused(NotFound, '404 GPG Key Not Found') { their.get("/user/gpg_keys/#{gpg.id}") }
gpg = root.post("/users/#{somebody.id}/gpg_keys", body: { key: GPG_KEY })
same gpg.id, their.get("/user/gpg_keys/#{gpg.id}").id
root.delete("/users/#{somebody.id}/gpg_keys/#{gpg.id}")

# E-mail addresses beside the first one.
email = their.add_email('second@ruby.example')
same ['second@ruby.example', nil], [email.email, email.confirmed_at]
same email.email, their.email(email.id).email
refused(BadRequest, "'email' has already been taken") { their.add_email('anna@ruby.example') }
their.delete_email(email.id)
refused(NotFound, '404 Email Not Found') { their.email(email.id) }
email = root.add_email('known@ruby.example', somebody.id, true)
raise 'not confirmed' unless email.confirmed_at

same [email.id], ids(root.emails(somebody.id))
root.delete_email(email.id, somebody.id)
same [], ids(their.emails)

# What somebody did and belongs to.
project = their.create_project('From a script', visibility: 'private')
event = their.events(action: 'created').first
same ['created', project.id, SOMEBODY], [event.action_name, event.project_id, event.author_username]
same [event.id], ids(root.user_events(somebody.id))
member = root.get("/users/#{somebody.id}/memberships", query: { type: 'Project' }).first
same [project.id, 'Project', 50], [member.source_id, member.source_type, member.access_level]
same 1, root.get("/users/#{somebody.id}/associations_count").projects_count
same [], ids(root.users(without_projects: true, search: SOMEBODY))
active = root.activities(from: in_days(-1)).find { |one| one.username == SOMEBODY }
same in_days(0), active.last_activity_on
refused(Forbidden, '403 Forbidden') { their.activities }

# Pictures, what administrators note about users, and what they decide about the instance.
same nil, root.avatar(email: 'anna@ruby.example').avatar_url
attribute = "/users/#{anna.id}/custom_attributes/team"
same({ 'key' => 'team', 'value' => 'blue' }, root.put(attribute, body: { value: 'blue' }).to_h)
same 'blue', root.get(attribute).value
blue = root.users(custom_attributes: { team: 'blue' }, with_custom_attributes: true)
same [[anna.id, 'blue']], (blue.map { |user| [user.id, user.custom_attributes.first.value] })
root.delete(attribute)
refused(NotFound, '404') { root.get(attribute) }
same 12, root.edit_application_settings(default_projects_limit: 12).default_projects_limit
same 12, root.application_settings.default_projects_limit
refused(Forbidden, '403 Forbidden') { their.application_settings }

# Gone.
root.delete_user(anna.id)
refused(NotFound, '404 User Not Found') { root.user(anna.id) }
refused(Forbidden, '403 Forbidden') { their.delete_user(rob.id) }
their.delete('/personal_access_tokens/self')
refused(Unauthorized, 'Token was revoked.') { their.user }
