//! Guesses, counted together by all that guess at once.

use jeton_core::lockout::Kind;
use jeton_store::{
    Store,
    throttles::{Charge, Outcome, Subject},
};

use crate::engines::{BY, NOW, for_each_engine, make_user};

fn subject(kind: Kind) -> Subject {
    Subject { kind, name: "somebody".to_owned() }
}

async fn charge(store: &Store, kinds: &[Kind]) -> Result<Vec<Charge>, i64> {
    store.charge(kinds.iter().copied().map(subject).collect(), NOW).await.unwrap()
}

#[tokio::test]
async fn guesses_are_charged_until_one_subject_is_held() {
    for_each_engine(async |store| {
        for failures in 1..=11 {
            let charges = charge(&store, &[Kind::Network, Kind::Login]).await.unwrap();
            assert!(charges.iter().all(|charge| charge.record.failures == failures), "{charges:?}");
        }
        assert_eq!(charge(&store, &[Kind::Network, Kind::Login]).await, Err(1));
        let both = [subject(Kind::Network), subject(Kind::Login)];
        assert_eq!(store.wait_for(&both, NOW).await.unwrap(), Some(1));
        assert_eq!(store.wait_for(&both, NOW.plus_seconds(1)).await.unwrap(), None);
        let other = Subject { kind: Kind::Login, name: "somebody else".to_owned() };
        assert_eq!(store.wait_for(&[other], NOW).await.unwrap(), None);
        // What was refused was counted nowhere.
        let network = charge(&store, &[Kind::Network]).await.unwrap();
        assert_eq!(network[0].record.failures, 12);
    })
    .await;
}

#[tokio::test]
async fn guesses_that_come_at_once_are_all_counted() {
    for_each_engine(async |store| {
        let guesses = (0..40).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { charge(&store, &[Kind::Login, Kind::Network]).await.is_ok() })
        });
        let mut judged = 0;
        for guess in guesses.collect::<Vec<_>>() {
            judged += usize::from(guess.await.unwrap());
        }
        assert_eq!(judged, 11, "the eleventh begins the first hold");
    })
    .await;
}

#[tokio::test]
async fn what_was_right_starts_the_own_places_anew_and_gives_strangers_their_charge_back() {
    for_each_engine(async |store| {
        let kinds = [Kind::Device, Kind::Familiar, Kind::Login, Kind::Network];
        for _ in 0..3 {
            charge(&store, &kinds).await.unwrap();
        }
        let charges = charge(&store, &kinds).await.unwrap();
        store.settle(charges, Outcome::Right, NOW).await.unwrap();
        let now = charge(&store, &kinds).await.unwrap();
        let failures: Vec<_> = now.iter().map(|charge| (charge.subject.kind, charge.record.failures)).collect();
        assert_eq!(failures, [(Kind::Device, 1), (Kind::Familiar, 1), (Kind::Login, 4), (Kind::Network, 4)]);

        store.settle(now, Outcome::Unjudged, NOW).await.unwrap();
        let now = charge(&store, &kinds).await.unwrap();
        assert_eq!(now.iter().map(|charge| charge.record.failures).collect::<Vec<_>>(), [1, 1, 4, 4]);
    })
    .await;
}

#[tokio::test]
async fn what_was_not_judged_leaves_no_hold() {
    for_each_engine(async |store| {
        for _ in 0..5 {
            charge(&store, &[Kind::Familiar]).await.unwrap();
        }
        let charges = charge(&store, &[Kind::Familiar]).await.unwrap();
        assert_eq!(charge(&store, &[Kind::Familiar]).await, Err(1));
        store.settle(charges, Outcome::Unjudged, NOW).await.unwrap();
        assert_eq!(charge(&store, &[Kind::Familiar]).await.unwrap()[0].record.failures, 6);
    })
    .await;
}

#[tokio::test]
async fn old_guesses_are_cleared_away() {
    for_each_engine(async |store| {
        charge(&store, &[Kind::Login, Kind::Network]).await.unwrap();
        assert_eq!(store.forget_throttles(NOW.plus_seconds(3_599)).await.unwrap(), 0);
        assert_eq!(store.forget_throttles(NOW.plus_seconds(3_600)).await.unwrap(), 1);
        assert_eq!(store.forget_throttles(NOW.plus_seconds(86_400)).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn refusals_stand_in_the_log_of_the_account() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        store.record_refusal(Some(jane.id), "wrong_password", BY, NOW).await.unwrap();
        store.record_refusal(None, "wrong_password", BY, NOW).await.unwrap();
        let log = store.authentication_log(jane.id, i64::MAX, 10).await.unwrap();
        assert_eq!(
            (log[0].action.as_str(), log[0].details["reason"].as_str()),
            ("session.refused", Some("wrong_password"))
        );
        assert_eq!(log.iter().filter(|entry| entry.action == "session.refused").count(), 1);
    })
    .await;
}
