//! The administrators' pages.

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Answer, Server, SignedIn, Visitor as _, between};

const PAGES: [&str; 5] = [
    "/admin",
    "/admin/audit_events",
    "/admin/audit_events.csv",
    "/admin/audit_events.jsonl",
    "/admin/application_settings",
];

#[test]
fn to_everybody_else_they_do_not_exist() {
    let server = Server::shared();
    let jane = server.person("jane").session();
    let administrator = server.root().session();
    for page in PAGES {
        let to_jane = jane.get(page);
        assert!(to_jane.status == 404 && to_jane.text().contains("There is nothing here"), "{page}: {to_jane}");
        let to_nobody = server.anonymous().get(page);
        assert_eq!((to_nobody.status, to_nobody.header("location")), (302, "/users/sign_in"), "{page}");
        administrator.get(page).expect(200);
    }
    let start = jane.get("/").expect(200);
    assert!(!start.text().contains("/admin"), "{start}");
    let form = [("authenticity_token", &*jane.csrf), ("application_setting[two_factor_grace_period]", "1")];
    jane.request(Method::POST, "/admin/application_settings").form(&form).send().expect(404);
}

#[test]
fn the_audit_log_is_filtered_and_downloaded() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let token = jane.token("api");
    token.delete("/api/v4/personal_access_tokens/self").expect(204);
    let root = server.root().session();

    let all = root.get("/admin/audit_events").expect(200);
    for event in ["user.create", "token.create", "token.revoke", "session.start"] {
        assert!(all.text().contains(&format!("<code>{event}</code>")), "{event}");
    }
    assert!(!all.text().contains(&token.token));
    let query = format!("?action=token.&user={}", jane.username);
    let of_jane = root.get(&format!("/admin/audit_events{query}")).expect(200);
    assert_eq!(of_jane.text().matches("<code>token.").count(), 2, "{of_jane}");
    assert!(!of_jane.text().contains("<code>user.create"), "{of_jane}");

    let csv = root.get(&format!("/admin/audit_events.csv{query}")).expect(200);
    assert!(csv.header("content-type").starts_with("text/csv"), "{csv}");
    let lines: Vec<&str> = csv.text().lines().collect();
    assert!(
        lines.len() == 3 && lines[0].starts_with("id,at,actor_id,") && lines[1].contains(",token.revoke,"),
        "{csv}"
    );
    let json = root.get(&format!("/admin/audit_events.jsonl{query}")).expect(200);
    let events: Vec<Value> = json.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (events.len(), &events[0]["action"], &events[0]["actor"]),
        (2, &"token.revoke".into(), &(*jane.username).into())
    );

    let wrong = root.get("/admin/audit_events?user=nobody-of-that-name&from=yesterday").expect(422);
    assert!(wrong.text().contains("There is no user of that name.") && wrong.text().contains("YYYY-MM-DD"), "{wrong}");
    assert!(!wrong.text().contains("<code>user.create"), "what means nothing finds nothing: {wrong}");
    assert!(
        root.get("/admin/audit_events?from=2100-01-01")
            .expect(200)
            .text()
            .contains("Nothing that happened fits what you look for.")
    );
}

#[test]
fn a_long_audit_log_has_pages() {
    let server = Server::start(&[]);
    let root = server.root();
    for _ in 0..26 {
        root.token("api").delete("/api/v4/personal_access_tokens/self").expect(204);
    }
    let root = root.session();
    let first = root.get("/admin/audit_events?action=token.").expect(200);
    assert_eq!(first.text().matches("<code>token.").count(), 50);
    let older = between(first.text(), "rel=\"next\" href=\"", "\"").unwrap();
    let second = root.get(&older.replace("&#38;", "&").replace("&amp;", "&")).expect(200);
    assert_eq!(second.text().matches("<code>token.").count(), 2, "{second}");
    assert!(!second.text().contains("rel=\"next\""), "{second}");
    let latest = between(second.text(), "<nav class=\"pager\" aria-label=\"Pages of the log\">", ">Latest<").unwrap();
    let latest = between(latest, "href=\"", "\"").unwrap();
    assert_eq!(root.get(latest).expect(200).text().matches("<code>token.").count(), 50);
}

fn save(root: &SignedIn<'_>, changes: &[(&str, &str)]) -> Answer {
    let page = root.get("/admin/application_settings").expect(200);
    // What a browser sends: every field of the form, with what was changed.
    let mut fields = vec![("authenticity_token".to_owned(), root.csrf.clone())];
    for input in page.text().split("<input ").skip(1) {
        let attribute = |name: &str| crate::harness::between(input, &format!("{name}=\""), "\"");
        let (Some(name), Some(value)) = (attribute("name"), attribute("value")) else { continue };
        let head = input.split('>').next().unwrap();
        let is_off = head.contains("type=\"checkbox\"") && !head.contains(" checked");
        if name.starts_with("application_setting") && !is_off {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    for select in page.text().split("<select ").skip(1) {
        let name = crate::harness::between(select, "name=\"", "\"").unwrap();
        let chosen =
            select.split("</select>").next().unwrap().split("<option ").find(|option| option.contains(" selected"));
        fields.push((name.to_owned(), crate::harness::between(chosen.unwrap(), "value=\"", "\"").unwrap().to_owned()));
    }
    for (name, value) in changes {
        let name = format!("application_setting[{name}]");
        fields.retain(|(field, _)| *field != name);
        fields.push((name, (*value).to_owned()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    root.request(Method::POST, "/admin/application_settings").form(&fields).send()
}

#[test]
fn settings_are_saved_whole_or_not_at_all() {
    let server = Server::start(&[]);
    let root = server.root().session();
    let page = |root: &SignedIn<'_>| root.get("/admin/application_settings").expect(200).text().to_owned();
    let before = page(&root);

    let refused = save(&root, &[("two_factor_grace_period", "-1"), ("default_projects_limit", "many")]).expect(422);
    assert!(refused.text().contains("Two factor grace period must be greater than or equal to 0."), "{refused}");
    assert!(refused.text().contains("Default projects limit must be a whole number."), "{refused}");
    assert!(refused.text().contains("value=\"many\""), "what was typed is still there: {refused}");
    assert_eq!(page(&root), before, "nothing was saved");

    let done = save(&root, &[("two_factor_grace_period", "12"), ("default_project_visibility", "internal")]);
    assert_eq!((done.status, done.header("location")), (303, "/admin/application_settings"));
    let after = page(&root);
    assert!(
        after.contains("name=\"application_setting[two_factor_grace_period]\" type=\"number\" value=\"12\""),
        "{after}"
    );
    assert!(after.contains("<option value=\"internal\" selected>"), "{after}");
    let log = root.get("/admin/audit_events.jsonl?action=policy.change").expect(200);
    let event: Value = serde_json::from_str(log.text()).unwrap();
    let details = event["details"].as_object().unwrap();
    assert_eq!(details.len(), 2, "only what was changed: {event}");
    assert_eq!(details["two_factor_grace_period"]["after"], 12);

    save(&root, &[]);
    assert_eq!(root.get("/admin/audit_events.jsonl?action=policy.change").expect(200).text().lines().count(), 1);
}
