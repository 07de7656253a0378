//! `@gitbeaker/rest`: JSON bodies even where there is nothing to say, forms with files, pages by the `Link` header.

#[test]
fn gitbeaker_manages_users_tokens_and_keys() {
    super::run("node", "gitbeaker/gitbeaker.mjs");
}
