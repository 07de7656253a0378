#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
//! The lock as truth tables. Expected values are written out from GitLab's scope and permission documentation.

use super::*;
use crate::{
    id::{FamilyId, NamespaceId, ProjectId, SessionId, TokenId, UserId},
    namespace::{Namespace, NamespaceKind},
    scope::ScopeSet,
    token::{EndReason, Expiry},
    user::{Closed, UserKind, UserState, for_tests as user},
};

const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

fn token(scopes: &str) -> LivingToken {
    LivingToken {
        id: TokenId(1),
        family: FamilyId(1),
        user: UserId(7),
        expiry: Expiry::NEVER,
        scopes: ScopeSet::parse(scopes.split(' ')).unwrap(),
        impersonation: false,
    }
}

fn with(user: User, scopes: &str) -> Caller {
    Caller::new(Arc::new(user), Via::Token(token(scopes)))
}

fn act(ability: Ability) -> Act {
    Act { asker: Asker::SignedIn, ability: Some(ability), right: None }
}

fn project(visibility: Visibility) -> Project {
    Project {
        id: ProjectId(1),
        namespace: Namespace {
            id: NamespaceId(7),
            name: "user7".into(),
            path: "user7".into(),
            full_path: "user7".into(),
            kind: NamespaceKind::User,
        },
        name: "p".into(),
        path: "p".into(),
        description: None,
        visibility,
        default_branch: "main".into(),
        creator: Some(UserId(7)),
        owner: Some(UserId(7)),
        created_at: NOW,
        updated_at: NOW,
        last_activity_at: NOW,
    }
}

#[test]
fn what_each_scope_grants() {
    use Ability::*;
    let abilities = [
        ReadUsers,
        ReadApi,
        WriteApi,
        OwnToken,
        RotateOwnToken,
        PullCode,
        PushCode,
        PullImage,
        PushImage,
        Sudo,
        UsePages,
        SetUpFactors,
    ];
    let table = [
        ("api", "yyyyyyyyynnn"),
        ("read_api", "yynynynynnnn"),
        ("read_user", "ynnynnnnnnnn"),
        ("read_repository", "nnnynynnnnnn"),
        ("write_repository", "nnnynyynnnnn"),
        ("read_registry", "nnnynnnynnnn"),
        ("write_registry", "nnnynnnnynnn"),
        ("self_rotate", "nnnyynnnnnnn"),
        ("sudo", "nnnynnnnnynn"),
    ];
    assert_eq!(table.len(), SCOPES.len());
    for (scope, expected) in table {
        let caller = with(user(7), scope);
        let row: String = abilities
            .iter()
            .map(|ability| match may_ask(Some(&caller), act(*ability), NOW) {
                Ok(_) => 'y',
                Err(denial) => {
                    assert_eq!(denial, Denial::Scope { missing: *ability });
                    'n'
                }
            })
            .collect();
        assert_eq!(row, expected, "{scope}");
    }
}

#[test]
fn scopes_are_a_union() {
    let caller = with(user(7), "read_user write_registry");
    assert!(may_ask(Some(&caller), act(Ability::ReadUsers), NOW).is_ok());
    assert!(may_ask(Some(&caller), act(Ability::PushImage), NOW).is_ok());
    assert!(may_ask(Some(&caller), act(Ability::PullImage), NOW).is_err());
}

#[test]
fn a_token_is_dead_from_its_expiry_on() {
    let mut record = TokenRecord { token: token("api"), ended: None };
    let rules = Rules { tokens: true, impersonation: true };
    record.token.expiry = Expiry::at(NOW);
    let just_before = Timestamp::from_micros(NOW.micros() - 1);
    assert!(admit(record, rules, just_before).is_ok());
    assert_eq!(admit(record, rules, NOW), Err(Denial::Expired { at: NOW }));

    let caller = Caller::new(Arc::new(user(7)), Via::Token(record.token));
    assert!(may_ask(Some(&caller), act(Ability::ReadApi), just_before).is_ok());
    assert_eq!(may_ask(Some(&caller), act(Ability::ReadApi), NOW).unwrap_err(), Denial::Expired { at: NOW });
}

#[test]
fn expired_is_said_before_revoked_before_impersonation() {
    let ended = Ended { at: NOW, reason: EndReason::Revoked };
    let mut record = TokenRecord { token: token("api"), ended: Some(ended) };
    record.token.impersonation = true;
    let rules = Rules { tokens: true, impersonation: false };
    assert_eq!(admit(record, rules, NOW), Err(Denial::Revoked { token: record.token.id, ended }));
    record.token.expiry = Expiry::at(NOW);
    assert_eq!(admit(record, rules, NOW), Err(Denial::Expired { at: NOW }));
    record.token.expiry = Expiry::NEVER;
    record.ended = None;
    assert_eq!(admit(record, rules, NOW), Err(Denial::ImpersonationDisabled));
    assert_eq!(admit(record, Rules { tokens: false, impersonation: true }, NOW), Err(Denial::TokensDisabled));
}

#[test]
fn a_closed_account_closes_every_credential() {
    let administrator = || User { administrator: true, ..user(7) };
    let states = [UserState::Blocked, UserState::Banned, UserState::Deactivated];
    let closed = states
        .map(|state| User { state, ..administrator() })
        .into_iter()
        .chain([User { kind: UserKind::Ghost, ..administrator() }, User { password_expired: true, ..administrator() }]);
    for closed in closed.map(Arc::new) {
        for via in [Via::Token(token("api")), Via::Session(SessionId(1)), Via::Password] {
            let caller = Caller::new(Arc::clone(&closed), via);
            let denial = may_ask(Some(&caller), act(Ability::ReadUsers), NOW).unwrap_err();
            assert_eq!(denial, Denial::Account(Arc::clone(&closed)));
        }
    }
}

#[test]
fn an_account_whose_address_nobody_confirmed_opens_nothing() {
    let waiting = Arc::new(User { confirmed_at: None, administrator: true, ..user(7) });
    assert_eq!((waiting.closed(), user(7).closed()), (Some(Closed::Unconfirmed), None));
    for via in [Via::Token(token("api")), Via::Session(SessionId(1)), Via::Password] {
        let caller = Caller::new(Arc::clone(&waiting), via);
        let denial = may_ask(Some(&caller), act(Ability::ReadUsers), NOW).unwrap_err();
        assert_eq!(denial, Denial::Account(Arc::clone(&waiting)));
    }
    let rests = User { state: UserState::Deactivated, confirmed_at: None, ..user(7) };
    assert_eq!(rests.closed(), Some(Closed::Deactivated));
}

#[test]
fn a_password_does_not_open_git_beside_a_second_factor() {
    let guarded = User { two_factor: true, ..user(7) };
    let caller = Caller::new(Arc::new(guarded), Via::Password);
    assert_eq!(may_ask(Some(&caller), act(Ability::PullCode), NOW).unwrap_err(), Denial::TokenRequired);
    let caller = Caller::new(Arc::new(user(7)), Via::Password);
    assert!(may_ask(Some(&caller), act(Ability::PullCode), NOW).is_ok());
}

#[test]
fn only_a_session_uses_pages() {
    let pages = act(Ability::UsePages);
    let session = Caller::new(Arc::new(user(7)), Via::Session(SessionId(1)));
    assert!(may_ask(Some(&session), pages, NOW).is_ok());
    assert!(may_ask(Some(&with(user(7), "api sudo")), pages, NOW).is_err());
    assert!(may_ask(Some(&Caller::new(Arc::new(user(7)), Via::Password)), pages, NOW).is_err());
}

#[test]
fn the_anonymous_ask_only_where_anyone_may() {
    let anyone = |ability| Act { asker: Asker::Anyone, ability: Some(ability), right: None };
    assert!(may_ask(None, anyone(Ability::ReadApi), NOW).is_ok());
    assert_eq!(may_ask(None, anyone(Ability::WriteApi), NOW).unwrap_err(), Denial::Anonymous);
    assert_eq!(may_ask(None, act(Ability::ReadApi), NOW).unwrap_err(), Denial::Anonymous);
}

#[test]
fn administration_needs_the_scope_first_and_the_person_second() {
    let manage = Act { asker: Asker::Administrator, ability: Some(Ability::WriteApi), right: None };
    let administrator = || User { administrator: true, ..user(1) };
    assert!(may_ask(Some(&with(administrator(), "api")), manage, NOW).is_ok());
    let narrow = may_ask(Some(&with(administrator(), "read_api")), manage, NOW).unwrap_err();
    assert_eq!(narrow, Denial::Scope { missing: Ability::WriteApi });
    assert_eq!(may_ask(Some(&with(user(7), "api")), manage, NOW).unwrap_err(), Denial::NotAdministrator);
}

#[test]
fn sudo_needs_an_administrators_token_that_says_so() {
    let administrator = || User { administrator: true, ..user(1) };
    assert!(may_sudo(&with(administrator(), "sudo"), NOW).is_ok());
    assert_eq!(may_sudo(&with(administrator(), "api"), NOW), Err(Denial::Scope { missing: Ability::Sudo }));
    assert_eq!(may_sudo(&with(user(7), "sudo"), NOW), Err(Denial::SudoNotAdministrator));
    let session = Caller::new(Arc::new(administrator()), Via::Session(SessionId(1)));
    assert_eq!(may_sudo(&session, NOW), Err(Denial::SudoWithoutToken));
}

#[test]
fn under_sudo_the_targets_rights_count() {
    let mut caller = with(user(7), "sudo");
    caller.actor = Some(Arc::new(User { administrator: true, ..user(1) }));
    assert!(may_ask(Some(&caller), act(Ability::WriteApi), NOW).is_ok());
    let manage = Act { asker: Asker::Administrator, ..act(Ability::WriteApi) };
    assert_eq!(may_ask(Some(&caller), manage, NOW).unwrap_err(), Denial::NotAdministrator);
}

#[test]
fn what_cannot_be_seen_is_hidden_and_what_can_is_forbidden() {
    let push = Act { right: Some(Right::Push), ..act(Ability::PushCode) };
    let stranger = with(user(8), "api");
    let asked = may_ask(Some(&stranger), push, NOW).unwrap();
    assert_eq!(may_act(&asked, On::Project(&project(Visibility::Private))), Err(Denial::Hidden));
    assert_eq!(may_act(&asked, On::Project(&project(Visibility::Public))), Err(Denial::Right(Right::Push)));

    let owner = with(user(7), "api");
    let asked = may_ask(Some(&owner), push, NOW).unwrap();
    assert!(may_act(&asked, On::Project(&project(Visibility::Private))).is_ok());
}

#[test]
fn the_scopes_that_would_do_are_named() {
    assert_eq!(scopes_granting(Ability::ReadApi).collect::<Vec<_>>(), ["api", "read_api"]);
    assert_eq!(scopes_granting(Ability::PushCode).collect::<Vec<_>>(), ["api", "write_repository"]);
}

#[test]
fn two_factors_and_the_duty_to_have_them_decide_by_what_means_one_may_ask() {
    let later = NOW.plus_seconds(1);
    let pages = act(Ability::UsePages);
    let factors = act(Ability::SetUpFactors);
    let api = act(Ability::ReadApi);
    let code = act(Ability::PullCode);
    let token_required = Err(Denial::TokenRequired);
    let factor_required = Err(Denial::FactorRequired);
    // Who, and what the password and a session may do. A token goes on working.
    for (two_factor, duty, password, session) in [
        (false, Duty::None, Ok(()), Ok(())),
        (true, Duty::None, token_required.clone(), Ok(())),
        (false, Duty::Until(later), Ok(()), Ok(())),
        (false, Duty::Overdue, token_required.clone(), factor_required),
        (true, Duty::Overdue, token_required, Err(Denial::FactorRequired)),
    ] {
        let user = Arc::new(User { two_factor, ..user(7) });
        let by_password = Caller::by_password(Arc::clone(&user), duty);
        let by_session = Caller::by_session(Arc::clone(&user), SessionId(1), NOW, duty);
        let by_token = Caller { duty, ..Caller::new(user, Via::Token(token("api"))) };
        let told = |caller: &Caller, act| may_ask(Some(caller), act, NOW).map(drop);
        let who = format!("two factors: {two_factor}, {duty:?}");
        assert_eq!(told(&by_password, code), password, "password, {who}");
        assert_eq!(stands(&by_password, NOW), password, "password, {who}");
        for act in [pages, api] {
            assert_eq!(told(&by_session, act), session, "session, {who}");
        }
        assert_eq!(told(&by_session, factors), Ok(()), "factors, {who}");
        assert_eq!(is_nobody_to_the_api(&by_session), session.is_err(), "{who}");
        assert_eq!(told(&by_token, api), Ok(()), "token, {who}");
        assert!(!is_nobody_to_the_api(&by_token) && !is_nobody_to_the_api(&by_password));
    }
}

#[test]
fn what_is_too_sensitive_for_a_session_alone_asks_for_a_fresh_proof() {
    let proven = Act { asker: Asker::Proven, ..act(Ability::WriteApi) };
    let administration = Act { asker: Asker::ProvenAdministrator, ..proven };
    let session =
        |user: User, age: i64| Caller::by_session(Arc::new(user), SessionId(1), NOW.plus_seconds(-age), Duty::None);
    let administrator = || User { administrator: true, ..user(1) };
    let told = |caller: &Caller, act| may_ask(Some(caller), act, NOW).map(drop);
    for (caller, act, expected) in [
        (session(user(7), 0), proven, Ok(())),
        (session(user(7), 599), proven, Ok(())),
        (session(user(7), 600), proven, Err(Denial::NotProven)),
        (session(user(7), 600), act(Ability::WriteApi), Ok(())),
        (with(user(7), "api"), proven, Ok(())),
        (with(user(7), "read_api"), proven, Err(Denial::Scope { missing: Ability::WriteApi })),
        (session(user(7), 0), administration, Err(Denial::NotAdministrator)),
        (session(user(7), 600), administration, Err(Denial::NotAdministrator)),
        (session(administrator(), 0), administration, Ok(())),
        (session(administrator(), 600), administration, Err(Denial::NotProven)),
        (with(administrator(), "api"), administration, Ok(())),
    ] {
        assert_eq!(told(&caller, act), expected, "{caller:?} {act:?}");
    }
    assert!(matches!(may_ask(None, proven, NOW), Err(Denial::Anonymous)));
}
