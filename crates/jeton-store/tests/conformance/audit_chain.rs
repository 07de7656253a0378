//! The chain of audit events, and what somebody does who can write into the database and does not have the key.

use jeton_core::token::DigestKey;
use jeton_store::{
    Fault, Means, Store,
    audit::{Anchor, AuditFilter, Break, Chained, Checked},
};
use zeroize::Zeroizing;

use crate::engines::{BY, NOW, for_each_database, for_each_engine, make_token, make_user, open, tamper, token_of};

/// A copy of an event that is chained.
const COPY: &str = "INSERT INTO audit_events (at, actor_id, actor_via, address, client, request_id, action, subject,
        subject_id, details, mark)
    SELECT at, actor_id, actor_via, address, client, request_id, action, subject, subject_id, details, mark
    FROM audit_events WHERE position = 2";
/// An event that never happened.
const INVENTED: &str = "INSERT INTO audit_events (at, actor_via, action, subject, subject_id, details)
    VALUES (1, 'server', 'user.create', 'user', 1, '{}')";
/// As if nothing had ever been chained.
const UNCHAINED: &str = "UPDATE audit_events SET position = NULL, chain = NULL; DELETE FROM audit_chain_end";

async fn chain(store: &Store, anchor: Option<&Anchor>) -> Chained {
    store.chain_audit(anchor).await.unwrap()
}

async fn broken(store: &Store, anchor: Option<&Anchor>) -> Option<Break> {
    store.check_audit(anchor).await.unwrap().broken
}

/// Makes five events and chains them; answers the anchor.
async fn five_events(store: &Store) -> Anchor {
    let jane = make_user(store, "jane").await;
    for seed in 1..5 {
        make_token(store, token_of(jane.id, seed)).await;
    }
    let Chained { end, broken } = chain(store, None).await;
    assert_eq!(broken, None);
    end.unwrap()
}

/// One more event.
async fn another_event(store: &Store, seed: u8) {
    let jane = store.user_named("jane").await.unwrap().unwrap();
    make_token(store, token_of(jane.id, seed)).await;
}

#[tokio::test]
async fn the_chain_covers_every_event_once_however_many_lengthen_it() {
    for_each_database(async |store, address| {
        let jane = make_user(&store, "jane").await;
        let nothing = Checked { chained: 0, waiting: 1, broken: None };
        assert_eq!(store.check_audit(None).await.unwrap(), nothing);
        for seed in 1..20 {
            make_token(&store, token_of(jane.id, seed)).await;
        }
        let chaining = (0..4).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { chain(&store, None).await })
        });
        for task in chaining.collect::<Vec<_>>() {
            assert_eq!(task.await.unwrap().broken, None);
        }
        let whole = Checked { chained: 20, waiting: 0, broken: None };
        assert_eq!(store.check_audit(None).await.unwrap(), whole);
        assert_eq!(chain(&store, None).await, Chained::default(), "there is nothing to do");
        make_token(&store, token_of(jane.id, 20)).await;
        assert_eq!(store.check_audit(None).await.unwrap(), Checked { waiting: 1, ..whole });

        let keyless = Store::open(address).await.unwrap();
        assert!(matches!(keyless.check_audit(None).await, Err(Fault::NoKey)));
        assert!(matches!(keyless.revoke_all_tokens(jane.id, BY, NOW).await, Err(Fault::NoKey)));
        let foreign = keyless.keyed(&DigestKey::new(&Zeroizing::new([1; 32])), [0; 16]);
        assert!(broken(&foreign, None).await.is_some());
        foreign.close().await;
    })
    .await;
}

#[tokio::test]
async fn tampering_with_the_chain_is_found() {
    for (statements, found) in [
        ("UPDATE audit_events SET details = '{}' WHERE position = 3", Break::Changed { event: 3 }),
        ("UPDATE audit_events SET at = at + 1 WHERE position = 1", Break::Changed { event: 1 }),
        ("UPDATE audit_events SET mark = NULL WHERE position = 2", Break::Changed { event: 2 }),
        ("UPDATE audit_events SET chain = NULL WHERE position = 4", Break::Changed { event: 4 }),
        ("UPDATE audit_events SET position = -4 WHERE position = 4", Break::Changed { event: 4 }),
        ("DELETE FROM audit_events WHERE position = 2", Break::Removed { position: 2 }),
        ("UPDATE audit_events SET position = NULL, chain = NULL WHERE position = 2", Break::Removed { position: 2 }),
        ("DELETE FROM audit_events WHERE position = 5", Break::CutOff { position: 4 }),
        ("DELETE FROM audit_chain_end", Break::CutOff { position: 5 }),
        ("UPDATE audit_chain_end SET position = 4", Break::CutOff { position: 5 }),
        ("DELETE FROM audit_events; DELETE FROM audit_chain_end", Break::Behind { position: 0, known: 5 }),
        (UNCHAINED, Break::Behind { position: 0, known: 5 }),
    ] {
        for_each_database(async |store, address| {
            let anchor = five_events(&store).await;
            assert_eq!(broken(&store, Some(&anchor)).await, None);
            tamper(address, statements).await;
            assert_eq!(broken(&store, Some(&anchor)).await.as_ref(), Some(&found), "{statements}");
            another_event(&store, 9).await;
            chain(&store, Some(&anchor)).await;
            assert_eq!(broken(&store, Some(&anchor)).await.as_ref(), Some(&found), "{statements}, and chained since");
        })
        .await;
    }
}

#[tokio::test]
async fn an_end_that_is_not_where_it_must_be_is_not_chained_on() {
    for (statements, found) in [
        (UNCHAINED, Break::Behind { position: 0, known: 5 }),
        ("DELETE FROM audit_chain_end", Break::CutOff { position: 0 }),
        ("DELETE FROM audit_events WHERE position = 5", Break::CutOff { position: 4 }),
    ] {
        for_each_database(async |store, address| {
            let anchor = five_events(&store).await;
            tamper(address, statements).await;
            another_event(&store, 9).await;
            let before = store.check_audit(None).await.unwrap();
            let nothing = Chained { end: None, broken: Some(found.clone()) };
            assert_eq!(chain(&store, Some(&anchor)).await, nothing, "{statements}");
            assert_eq!(store.check_audit(None).await.unwrap(), before, "nothing was written");
        })
        .await;
    }
}

#[tokio::test]
async fn what_jeton_did_not_write_is_named_and_never_chained() {
    for statements in [
        INVENTED,
        // The mark of another event, which is chained; and that of none.
        "DROP INDEX audit_events_by_mark; INSERT INTO audit_events (at, actor_via, action, subject, subject_id, details,
            mark) SELECT 1, 'server', 'user.create', 'user', 1, '{}', mark FROM audit_events WHERE position = 2",
        "INSERT INTO audit_events (at, actor_via, action, subject, subject_id, details, mark)
            SELECT 1, 'server', 'user.create', 'user', 1, '{}', chain FROM audit_events WHERE position = 2",
    ] {
        for_each_database(async |store, address| {
            let anchor = five_events(&store).await;
            tamper(address, statements).await;
            another_event(&store, 9).await;
            let forged = Some(Break::Forged { event: 6 });
            assert_eq!(broken(&store, Some(&anchor)).await, forged);
            let chained = chain(&store, Some(&anchor)).await;
            assert_eq!((chained.end.unwrap().position, chained.broken), (6, forged.clone()), "the genuine one is chained");
            let checked = store.check_audit(Some(&anchor)).await.unwrap();
            assert_eq!(checked, Checked { chained: 6, waiting: 1, broken: forged });
        })
        .await;
    }
}

#[tokio::test]
async fn an_event_that_is_changed_before_it_is_chained_is_named() {
    for_each_database(async |store, address| {
        let anchor = five_events(&store).await;
        another_event(&store, 9).await;
        tamper(address, "UPDATE audit_events SET actor_id = 7 WHERE position IS NULL").await;
        assert_eq!(broken(&store, Some(&anchor)).await, Some(Break::Forged { event: 6 }));
    })
    .await;
}

#[tokio::test]
async fn an_event_that_is_said_again_is_named() {
    for_each_database(async |store, address| {
        let anchor = five_events(&store).await;
        tamper(address, "DROP INDEX audit_events_by_mark").await;
        tamper(address, COPY).await;
        assert_eq!(broken(&store, Some(&anchor)).await, Some(Break::Forged { event: 6 }));
        // Of two copies that both wait, one is the event.
        tamper(address, "DELETE FROM audit_events WHERE id = 6").await;
        another_event(&store, 9).await;
        tamper(
            address,
            "INSERT INTO audit_events (at, actor_via, action, subject, subject_id, details, mark)
             SELECT at, actor_via, action, subject, subject_id, details, mark FROM audit_events WHERE position IS NULL",
        )
        .await;
        let chained = chain(&store, Some(&anchor)).await;
        assert_eq!((chained.end.unwrap().position, chained.broken), (6, Some(Break::Forged { event: 8 })));
    })
    .await;
}

/// The end was genuine, once: only what was noted elsewhere tells that it had gone on.
#[tokio::test]
async fn an_old_end_that_is_put_back_is_found() {
    for_each_database(async |store, address| {
        let old = five_events(&store).await;
        tamper(address, "CREATE TABLE kept AS SELECT * FROM audit_chain_end").await;
        another_event(&store, 9).await;
        let anchor = chain(&store, Some(&old)).await.end.unwrap();
        tamper(
            address,
            "DELETE FROM audit_events WHERE position = 6; DELETE FROM audit_chain_end;
             INSERT INTO audit_chain_end SELECT * FROM kept",
        )
        .await;
        let behind = Some(Break::Behind { position: 5, known: 6 });
        assert_eq!(broken(&store, Some(&anchor)).await, behind);
        assert_eq!(broken(&store, Some(&old)).await, None, "an older anchor is a lower bound");
        for seed in 10..13 {
            another_event(&store, seed).await;
        }
        assert_eq!(chain(&store, Some(&anchor)).await, Chained { end: None, broken: behind });

        // Somebody who knows that a backup was put back says so.
        let accepted = store.accept_audit_end(Some(&anchor), BY, NOW).await.unwrap();
        assert_eq!(accepted, old);
        let end = chain(&store, Some(&accepted)).await;
        assert_eq!((end.end.as_ref().unwrap().position, end.broken), (9, None));
        assert_eq!(broken(&store, end.end.as_ref()).await, None);
        // What is cut off now was longer than the chain that was first noted.
        assert_eq!(broken(&store, Some(&anchor)).await, Some(Break::Replaced { position: 6 }));
        let event = store.audit_events(&AuditFilter::default(), None, 1).await.unwrap().remove(0);
        assert_eq!((&*event.action, &*event.via, event.subject_id), ("audit.accept_end", Means::CommandLine.name(), 5));
        assert_eq!(event.details["known"], 6);
        another_event(&store, 13).await;
        let another = Chained { end: None, broken: Some(Break::Replaced { position: 6 }) };
        assert_eq!(chain(&store, Some(&anchor)).await, another);
    })
    .await;
}

/// Whatever the database says of the end, the chain goes on from the last event, and what is not whole before stays so.
#[tokio::test]
async fn accepting_the_end_mends_nothing_else() {
    for_each_database(async |store, address| {
        let anchor = five_events(&store).await;
        tamper(address, UNCHAINED).await;
        tamper(address, INVENTED).await;
        let accepted = store.accept_audit_end(Some(&anchor), BY, NOW).await.unwrap();
        assert_eq!(accepted.position, 0);
        let chained = chain(&store, Some(&accepted)).await;
        assert_eq!((chained.end.unwrap().position, chained.broken), (6, Some(Break::Forged { event: 6 })));
        tamper(address, "UPDATE audit_events SET details = 'no' WHERE position = 2; DELETE FROM audit_chain_end").await;
        store.accept_audit_end(Some(&accepted), BY, NOW).await.unwrap();
        assert_eq!(broken(&store, Some(&accepted)).await, Some(Break::Changed { event: 2 }));
    })
    .await;
}

/// Only who has the key writes an anchor; one of a moment ago is no false alarm.
#[tokio::test]
async fn an_anchor_is_a_line_that_only_the_key_writes() {
    for_each_engine(async |store| {
        let anchor = five_events(&store).await;
        let text = store.write_anchor(&anchor).unwrap();
        assert_eq!(store.read_anchor(&text).unwrap().as_ref(), Some(&anchor));
        for wrong in [text.replacen('5', "4", 1), text.trim_end().to_owned(), String::new(), "5 é".to_owned()] {
            assert_eq!(store.read_anchor(&wrong).unwrap(), None, "{wrong:?}");
        }
        let foreign = store.clone().keyed(&DigestKey::new(&Zeroizing::new([1; 32])), [0; 16]);
        assert_eq!(foreign.read_anchor(&text).unwrap(), None);

        another_event(&store, 9).await;
        chain(&store, Some(&anchor)).await;
        assert_eq!(broken(&store, Some(&anchor)).await, None);
    })
    .await;
}

/// Events of before there were marks are chained once, before there is an anchor.
#[tokio::test]
async fn events_of_an_older_program_are_chained_once() {
    for_each_database(async |store, address| {
        make_user(&store, "jane").await;
        tamper(address, INVENTED).await;
        let anchor = chain(&store, None).await.end.unwrap();
        assert_eq!((anchor.position, broken(&store, Some(&anchor)).await), (2, None));
        tamper(address, INVENTED).await;
        assert_eq!(broken(&store, Some(&anchor)).await, Some(Break::Forged { event: 3 }));
    })
    .await;
}

#[tokio::test]
async fn two_runs_of_the_program_make_different_marks() {
    for_each_database(async |store, address| {
        let anchor = five_events(&store).await;
        let other = open(address).await;
        another_event(&other, 9).await;
        another_event(&store, 10).await;
        let end = chain(&other, Some(&anchor)).await;
        assert_eq!((end.end.unwrap().position, end.broken), (7, None));
        other.close().await;
    })
    .await;
}
