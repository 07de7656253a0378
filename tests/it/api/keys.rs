//! SSH and OpenPGP keys.

use reqwest::Method;
use serde_json::{Value, json};

use super::{column, own_id};
use crate::harness::{GPG_KEY, Server, Visitor, new_ssh_key};

/// Made by OpenSSH 9.2, which said these fingerprints.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOmqgSGxuZ7DY4W3x/nkhMi2rDjitBQYhNltJe3BUwZU";
const SHA256: &str = "SHA256:Quzmcy7Bp/iXCLdxj2IRKajemwl1y7gNRoTgzze7E9c";
const MD5: &str = "0c:31:b0:18:c1:cb:8a:0d:e1:fb:f1:74:6c:28:69:fc";

fn message(value: &Value) -> Value {
    json!({ "message": value })
}

#[test]
fn ssh_keys_are_added_shown_and_removed() {
    let server = Server::shared();
    let jane = server.person("jane");
    let (hers, reading) = (jane.token("api"), jane.token("read_user"));
    let body = json!({ "title": "laptop", "key": format!("{KEY} jane@home"), "usage_type": "auth" });
    let made = hers.post("/api/v4/user/keys", &body).expect(201).json();
    // The comment may be an address; the owner's name and the server's stand in its place.
    let line = format!("{KEY} {} (localhost)", jane.username);
    assert_eq!(
        made,
        json!({
            "id": made["id"], "title": "laptop", "created_at": made["created_at"], "expires_at": null,
            "last_used_at": null, "key": line, "usage_type": "auth",
        })
    );
    let own = format!("/api/v4/user/keys/{}", made["id"]);
    assert_eq!(reading.get(&own).expect(200).json(), made);
    let list = reading.get("/api/v4/user/keys").expect(200);
    assert_eq!((list.json(), list.header("x-total")), (json!([made]), "1"));

    // For everybody, by number and name; and as plain text.
    let (nobody, id) = (server.anonymous(), own_id(&reading));
    for named in [id.to_string(), jane.username.to_uppercase()] {
        assert_eq!(nobody.get(&format!("/api/v4/users/{named}/keys")).expect(200).json(), json!([made]));
        let one = format!("/api/v4/users/{named}/keys/{}", made["id"]);
        assert_eq!(nobody.get(&one).expect(200).json(), made);
    }
    let page = nobody.get(&format!("/{}.keys", jane.username)).expect(200);
    assert_eq!((page.text(), page.header("content-type")), (&*format!("{line}\n"), "text/plain; charset=utf-8"));
    for path in ["/nobody-at-all.keys", "/nobody-at-all.gpg", &format!("/{}.txt", jane.username), "/a%00.keys"] {
        nobody.get(path).expect(404);
    }

    // Somebody else's are not found, by an administrator neither.
    let (joe, root) = (server.person("joe").token("api"), server.root().token("api"));
    for other in [&joe, &root] {
        assert_eq!(other.get(&own).expect(404).json(), message(&json!("404 Key Not Found")));
        other.delete(&own).expect(404);
    }
    reading.post("/api/v4/user/keys", &body).expect(403);
    reading.delete(&own).expect(403);
    hers.request(Method::DELETE, &own)
        .header("If-Unmodified-Since", "Thu, 01 Jan 2015 00:00:00 GMT")
        .send()
        .expect(412);
    hers.delete(&own).expect(204);
    hers.delete(&own).expect(404);
    // What only signs lets nobody in, and nobody gets in with a closed account.
    let body = json!({ "title": "signs", "key": new_ssh_key(), "usage_type": "signing" });
    hers.post("/api/v4/user/keys", &body).expect(201);
    let lines = || nobody.get(&format!("/{}.keys", jane.username)).expect(200).text().lines().count();
    assert_eq!(lines(), 0);
    hers.post("/api/v4/user/keys", &json!({ "title": "again", "key": new_ssh_key() })).expect(201);
    assert_eq!(lines(), 1);
    server.jeton(&["user", "block", &jane.username]).expect_ok();
    assert_eq!(lines(), 0);
}

#[test]
fn what_is_wrong_with_an_ssh_key_is_said() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane").token("api"), server.person("joe").token("api"));
    let key = new_ssh_key();
    let add = |body: &Value| jane.post("/api/v4/user/keys", body);
    add(&json!({ "title": "one", "key": key, "expires_at": "2099-01-01" })).expect(201);
    let forbidden = "type is forbidden. Must be RSA, ECDSA, ED25519, ECDSA_SK, or ED25519_SK";
    for (body, expected) in [
        (json!({}), json!({ "error": "key is missing, title is missing" })),
        (json!({ "title": "x" }), json!({ "error": "key is missing" })),
        (json!({ "key": key }), json!({ "error": "title is missing" })),
        (
            json!({ "key": key, "title": "x", "usage_type": "all" }),
            json!({ "error": "usage_type does not have a valid value" }),
        ),
        (json!({ "key": key, "title": "x", "expires_at": "soon" }), json!({ "error": "expires_at is invalid" })),
        (json!({ "key": key, "title": " " }), message(&json!({ "title": ["can't be blank"] }))),
        (
            json!({ "key": "no key", "title": "x" }),
            message(&json!({ "key": ["is invalid", forbidden], "fingerprint_sha256": ["cannot be generated"] })),
        ),
        (
            json!({ "key": new_ssh_key(), "title": "x", "expires_at": "2020-01-01" }),
            message(&json!({ "key": ["has expired"] })),
        ),
        (
            json!({ "key": format!("{key} again"), "title": "x" }),
            message(&json!({ "fingerprint_sha256": ["has already been taken"] })),
        ),
    ] {
        assert_eq!(add(&body).expect(400).json(), expected, "{body}");
    }
    joe.post("/api/v4/user/keys", &json!({ "key": key, "title": "stolen" })).expect(400);
    jane.get("/api/v4/user/keys/x").expect(400);
    let unknown = server.anonymous().get("/api/v4/users/nobody-at-all/keys");
    assert_eq!(unknown.expect(404).json(), message(&json!("404 User Not Found")));
}

#[test]
fn administrators_look_after_keys() {
    let server = Server::shared();
    let (jane, root) = (server.person("jane"), server.root().token("api"));
    let (hers, reading) = (jane.token("api"), server.root().token("read_user"));
    let id = own_id(&hers);
    // A key of the test's own: the other one is known by its fingerprint.
    let rsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBIe4eANqvUUhqfyP6VJIidJLtTtRC1iX\
               ZBg8gb6kzRlC18ItBfgr7NTOw+28i9Rfgv8NWn8kd9iPzX8EC9lzS9Y=";
    let keys = format!("/api/v4/users/{id}/keys");
    let body = json!({ "title": "given", "key": rsa });
    assert_eq!(hers.post(&keys, &body).expect(403).json(), message(&json!("403 Forbidden")));
    let made = root.post(&keys, &body).expect(201).json();
    assert_eq!(made["usage_type"], "auth_and_signing");
    assert_eq!(column(&hers.get("/api/v4/user/keys").expect(200).json(), "id"), [&made["id"]]);
    assert_eq!(root.post(&keys, &json!({})).expect(400).json(), json!({ "error": "key is missing, title is missing" }));
    root.post("/api/v4/users/99999999/keys", &body).expect(404);

    let shown = root.get(&format!("/api/v4/keys/{}", made["id"])).expect(200).json();
    assert_eq!((&shown["title"], &shown["user"]["username"]), (&json!("given"), &json!(jane.username)));
    assert!(shown["user"]["email"].is_string() && shown["user"].get("is_admin").is_none());
    let by = |fingerprint: &str| root.get(&format!("/api/v4/keys?fingerprint={fingerprint}"));
    let (sha256, md5) =
        ("SHA256%3AQHPBoRXoX3uICTTrKZAD8YgbBFd%2FPQKXV4zTZ%2Ftcejg", "f5:5b:c7:6d:0d:79:77:13:a2:b9:77:d0:36:54:ad:0f");
    for fingerprint in [sha256, md5] {
        assert_eq!(by(fingerprint).expect(200).json(), shown);
    }
    assert_eq!(by(&MD5.replace("0c", "00")).expect(404).json(), message(&json!("404 Key Not Found")));
    assert_eq!(by("SHA256:x").expect(400).json(), message(&json!("Failed to return the key")));
    assert_eq!(root.get("/api/v4/keys").expect(400).json(), json!({ "error": "fingerprint is missing" }));
    assert_eq!(root.get("/api/v4/keys/99999999").expect(404).json(), message(&json!("404 Not found")));
    // No part of the users API.
    reading.get(&format!("/api/v4/keys/{}", made["id"])).expect(403);
    hers.get(&format!("/api/v4/keys?fingerprint={SHA256}")).expect(403);

    let one = format!("{keys}/{}", made["id"]);
    hers.delete(&one).expect(403);
    root.delete(&one).expect(204);
    assert_eq!(root.delete(&one).expect(404).json(), message(&json!("404 Key Not Found")));
}

#[test]
fn an_administrator_adds_a_key_as_somebody_else() {
    let server = Server::shared();
    let (jane, root) = (server.person("jane"), server.root().token("sudo"));
    let body = json!({ "title": "by root", "key": new_ssh_key(), "sudo": jane.username });
    root.post("/api/v4/user/keys", &body).expect(201);
    let list = jane.token("read_user").get("/api/v4/user/keys").expect(200).json();
    assert_eq!(column(&list, "title"), ["by root"]);
}

#[test]
fn gpg_keys_are_added_shown_and_removed() {
    let server = Server::shared();
    let (jane, root) = (server.person("jane"), server.root().token("api"));
    let (hers, reading) = (jane.token("api"), jane.token("read_user"));
    let (id, nobody) = (own_id(&hers), server.anonymous());
    let made = hers.post("/api/v4/user/gpg_keys", &json!({ "key": format!("{GPG_KEY}\n") })).expect(201).json();
    assert_eq!(made, json!({ "id": made["id"], "key": GPG_KEY, "created_at": made["created_at"] }));
    let own = format!("/api/v4/user/gpg_keys/{}", made["id"]);
    assert_eq!(reading.get(&own).expect(200).json(), made);
    assert_eq!(reading.get("/api/v4/user/gpg_keys").expect(200).json(), json!([made]));
    assert_eq!(nobody.get(&format!("/api/v4/users/{id}/gpg_keys")).expect(200).json(), json!([made]));
    assert_eq!(nobody.get(&format!("/api/v4/users/{id}/gpg_keys/{}", made["id"])).expect(200).json(), made);
    assert_eq!(nobody.get(&format!("/{}.gpg", jane.username)).expect(200).text(), format!("{GPG_KEY}\n"));

    let armour = "A valid public GPG key begins with '-----BEGIN PGP PUBLIC KEY BLOCK-----' and ends with \
                  '-----END PGP PUBLIC KEY BLOCK-----'";
    let taken = json!(["has already been taken"]);
    for (key, expected) in [
        ("x", json!({ "key": [format!("is invalid. {armour}")] })),
        (GPG_KEY, json!({ "key": taken })),
        (&GPG_KEY.replace("\n\n", "\nComment: mine\n\n"), json!({ "fingerprint": taken, "primary_keyid": taken })),
        (&GPG_KEY.replace('=', "+"), json!({ "fingerprint": ["can't be blank"], "primary_keyid": ["can't be blank"] })),
    ] {
        assert_eq!(hers.post("/api/v4/user/gpg_keys", &json!({ "key": key })).expect(400).json(), message(&expected));
    }
    assert_eq!(hers.post("/api/v4/user/gpg_keys", &json!({})).expect(400).json(), json!({ "error": "key is missing" }));
    let missing = message(&json!("404 GPG Key Not Found"));
    assert_eq!(root.get(&own).expect(404).json(), missing);
    hers.delete(&own).expect(204);
    assert_eq!(hers.delete(&own).expect(404).json(), missing);

    let theirs = format!("/api/v4/users/{id}/gpg_keys");
    hers.post(&theirs, &json!({ "key": GPG_KEY })).expect(403);
    let made = root.post(&theirs, &json!({ "key": GPG_KEY })).expect(201).json();
    hers.delete(&format!("{theirs}/{}", made["id"])).expect(403);
    root.delete(&format!("{theirs}/{}", made["id"])).expect(204);
}
