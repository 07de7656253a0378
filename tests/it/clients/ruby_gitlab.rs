//! The Ruby gem `gitlab`: `Authorization: Bearer`, forms, `sudo` in the query, pages by the `Link` header.

#[test]
fn the_ruby_gem_manages_users_tokens_and_keys() {
    super::run("ruby", "ruby_gitlab.rb");
}
