use jeton_core::id::{GpgKeyId, SshKeyId, UserId};
use jeton_store::{
    Slice,
    users::{
        gpg_keys::{self, NewGpgKey},
        ssh_keys::{self, Fingerprint, NewSshKey, Usage},
    },
};

use crate::engines::{BY, NOW, for_each_engine, make_user};

const ALL: Slice = Slice { limit: 100, offset: 0 };

fn ssh_key(user: UserId, number: u8) -> NewSshKey {
    NewSshKey {
        user,
        title: format!("laptop {number}"),
        key: format!("ssh-ed25519 AAAA{number}"),
        sha256: format!("sha256-{number}"),
        md5: format!("md5-{number}"),
        usage: Usage::Authentication,
        expires_at: Some(NOW.plus_seconds(60)),
    }
}

#[tokio::test]
async fn ssh_keys_belong_to_one_user_each() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await.id, make_user(&store, "joe").await.id);
        let first = store.add_ssh_key(ssh_key(jane, 1), BY, NOW).await.unwrap();
        let second = store.add_ssh_key(NewSshKey { expires_at: None, ..ssh_key(jane, 2) }, BY, NOW).await.unwrap();
        assert_eq!((first.user, first.usage, first.created_at), (jane, Usage::Authentication, NOW));
        assert_eq!((first.expires_at, second.expires_at), (Some(NOW.plus_seconds(60)), None));
        // A key is one person's, and once.
        for taken in [ssh_key(jane, 1), ssh_key(joe, 1)] {
            assert!(matches!(store.add_ssh_key(taken, BY, NOW).await, Err(ssh_keys::NotAdded::Taken)));
        }
        assert_eq!(store.ssh_keys(jane, ALL).await.unwrap(), [first.clone(), second.clone()]);
        assert_eq!(store.ssh_keys(jane, Slice { limit: 1, offset: 1 }).await.unwrap(), std::slice::from_ref(&second));
        assert_eq!(store.count_ssh_keys(jane, 10).await.unwrap(), 2);
        assert_eq!(store.count_ssh_keys(joe, 10).await.unwrap(), 0);

        assert_eq!(store.ssh_key(first.id, None).await.unwrap().unwrap(), first);
        assert_eq!(store.ssh_key(first.id, Some(jane)).await.unwrap().unwrap(), first);
        assert!(store.ssh_key(first.id, Some(joe)).await.unwrap().is_none());
        let found = async |fingerprint| store.ssh_key_with(&fingerprint).await.unwrap().map(|key| key.id);
        assert_eq!(found(Fingerprint::Sha256("sha256-2".into())).await, Some(second.id));
        assert_eq!(found(Fingerprint::Md5("md5-2".into())).await, Some(second.id));
        assert_eq!(found(Fingerprint::Sha256("md5-2".into())).await, None);

        assert!(!store.delete_ssh_key(first.id, joe, BY, NOW).await.unwrap());
        assert!(store.delete_ssh_key(first.id, jane, BY, NOW).await.unwrap());
        assert!(!store.delete_ssh_key(first.id, jane, BY, NOW).await.unwrap());
        assert!(store.ssh_key(first.id, None).await.unwrap().is_none());
        assert!(store.ssh_key(SshKeyId(4711), None).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn what_a_newer_program_says_of_a_key_lets_nobody_in() {
    assert_eq!(Usage::NAMES.map(Usage::named).map(Usage::name), Usage::NAMES);
    assert_eq!(Usage::named("something else"), Usage::Signing);
}

#[tokio::test]
async fn gpg_keys_belong_to_one_user_each() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await.id, make_user(&store, "joe").await.id);
        let new = |user, key: &str| NewGpgKey { user, key: key.into(), fingerprint: "f00d".into() };
        let made = store.add_gpg_key(new(jane, "armour"), BY, NOW).await.unwrap();
        assert_eq!((made.key.as_str(), made.created_at), ("armour", NOW));
        assert!(matches!(store.add_gpg_key(new(joe, "armour"), BY, NOW).await, Err(gpg_keys::NotAdded::KeyTaken)));
        assert!(matches!(
            store.add_gpg_key(new(jane, "other armour"), BY, NOW).await,
            Err(gpg_keys::NotAdded::FingerprintTaken)
        ));
        assert_eq!(store.gpg_keys(jane, ALL).await.unwrap(), std::slice::from_ref(&made));
        assert_eq!(
            (store.count_gpg_keys(jane, 10).await.unwrap(), store.count_gpg_keys(joe, 10).await.unwrap()),
            (1, 0)
        );
        assert_eq!(store.gpg_key(made.id, jane).await.unwrap(), Some(made.clone()));
        assert_eq!(store.gpg_key(made.id, joe).await.unwrap(), None);
        assert_eq!(store.gpg_key(GpgKeyId(4711), jane).await.unwrap(), None);
        assert!(!store.delete_gpg_key(made.id, joe, BY, NOW).await.unwrap());
        assert!(store.delete_gpg_key(made.id, jane, BY, NOW).await.unwrap());
        assert!(store.gpg_keys(jane, ALL).await.unwrap().is_empty());
    })
    .await;
}
