//! Browsers and networks where accounts signed in before.

use jeton_core::token::TokenDigest;
use jeton_store::devices::{Familiarity, MOST_COOKIES};

use crate::engines::{BY, NOW, for_each_engine, make_user};

const DAY: i64 = 86_400;

fn cookie(seed: u8) -> TokenDigest {
    TokenDigest([seed; 32])
}

#[tokio::test]
async fn a_browser_is_known_to_its_own_account_by_its_latest_cookie() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        store.remember_device(jane.id, None, cookie(1), BY, NOW).await.unwrap();
        let known = async |user, cookies: &[TokenDigest], days: i64| {
            store.familiarity(user, cookies, None, NOW.plus_seconds(days * DAY)).await.unwrap().device
        };
        let (id, place) = known(jane.id, &[cookie(8), cookie(1)], 0).await.unwrap();
        assert_eq!(place, 1);
        assert_eq!(known(joe.id, &[cookie(1)], 0).await, None, "it is not joe's");
        assert_eq!(known(jane.id, &[cookie(2)], 0).await, None);
        let mut many = vec![cookie(8); MOST_COOKIES];
        many.push(cookie(1));
        assert_eq!(known(jane.id, &many, 0).await, None, "so many are not looked at");
        assert_eq!(known(jane.id, &[cookie(1)], 364).await, Some((id, 0)));
        assert_eq!(known(jane.id, &[cookie(1)], 366).await, None, "too old");

        store.remember_device(jane.id, Some(id), cookie(2), BY, NOW.plus_seconds(DAY)).await.unwrap();
        assert_eq!(known(jane.id, &[cookie(1)], 0).await, None, "the cookie before counts no more");
        assert_eq!(known(jane.id, &[cookie(2)], 365).await, Some((id, 0)));
        // A browser is not handed over to somebody else.
        store.remember_device(joe.id, Some(id), cookie(3), BY, NOW).await.unwrap();
        assert_eq!(known(jane.id, &[cookie(2)], 0).await, Some((id, 0)));
        assert_ne!(known(joe.id, &[cookie(3)], 0).await.map(|(id, _)| id), Some(id));

        let listed = store.devices_of(jane.id, NOW).await.unwrap();
        assert_eq!(listed.iter().map(|device| device.id).collect::<Vec<_>>(), [id]);
        assert_eq!((listed[0].created_at, listed[0].last_seen_at), (NOW, NOW.plus_seconds(DAY)));
        assert!(!store.forget_device(joe.id, id, BY, NOW).await.unwrap());
        assert!(store.forget_device(jane.id, id, BY, NOW).await.unwrap());
        assert!(!store.forget_device(jane.id, id, BY, NOW).await.unwrap());
        assert_eq!(known(jane.id, &[cookie(2)], 0).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_network_is_known_for_ninety_days() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        store.remember_network(jane.id, "192.0.2.1/32".to_owned(), NOW).await.unwrap();
        let known = async |user, network, days: i64| {
            store.familiarity(user, &[], network, NOW.plus_seconds(days * DAY)).await.unwrap()
        };
        assert_eq!(known(jane.id, Some("192.0.2.1/32"), 89).await, Familiarity { device: None, network: true });
        for (user, network, days) in [
            (jane.id, Some("192.0.2.1/32"), 90),
            (jane.id, Some("192.0.2.2/32"), 0),
            (jane.id, None, 0),
            (joe.id, Some("192.0.2.1/32"), 0),
        ] {
            assert!(!known(user, network, days).await.network, "{network:?} {days}");
        }
        store.remember_network(jane.id, "192.0.2.1/32".to_owned(), NOW.plus_seconds(DAY)).await.unwrap();
        assert!(known(jane.id, Some("192.0.2.1/32"), 90).await.network);
        store.forget_old_places(NOW.plus_seconds(90 * DAY)).await.unwrap();
        assert!(known(jane.id, Some("192.0.2.1/32"), 90).await.network);
        store.forget_old_places(NOW.plus_seconds(91 * DAY)).await.unwrap();
        assert!(!known(jane.id, Some("192.0.2.1/32"), 0).await.network);
    })
    .await;
}

#[tokio::test]
async fn there_is_room_for_so_many() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        for number in 0..70_u8 {
            let at = NOW.plus_seconds(i64::from(number));
            store.remember_network(jane.id, format!("192.0.2.{number}/32"), at).await.unwrap();
            store.remember_device(jane.id, None, cookie(number), BY, at).await.unwrap();
        }
        let known = async |number: u8| {
            let network = format!("192.0.2.{number}/32");
            let found = store.familiarity(jane.id, &[cookie(number)], Some(&network), NOW).await.unwrap();
            (found.device.is_some(), found.network)
        };
        assert_eq!((known(5).await, known(6).await, known(69).await), ((false, false), (true, true), (true, true)));
        assert_eq!(store.devices_of(jane.id, NOW).await.unwrap().len(), 64);
    })
    .await;
}
