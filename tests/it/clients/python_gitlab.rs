//! python-gitlab: pages by the `Link` header, totals by `X-Total`, errors by `message` and `error`.

#[test]
fn python_gitlab_manages_users_tokens_and_projects() {
    super::run(super::PYTHON, "python_gitlab.py");
}
