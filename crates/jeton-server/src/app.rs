//! What every door shares.

use std::{ops::Deref, path::PathBuf, sync::Arc};

use arc_swap::{ArcSwap, Guard};
use jeton_core::{
    caller::{Caller, Via},
    id::{TokenId, UserId},
    lock::{self, Denial, Rules},
    policy::{Policy, Value},
    scope::Offer,
    time::Timestamp,
    token::{DigestKey, Handle, Lifetime, Prefix, Presented, Token, TokenDigest},
    user::{User, UserState},
};
use jeton_store::{
    By, Fault, Means, Store,
    rotation::{NotRotated, Rotated, Rotation},
    tokens::Revocation,
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::{
    activity::Activity,
    avatars::Avatars,
    credentials::{Credential, Proof},
    edge::{Client, Networks},
    factors::Vault,
    identify::Identities,
    last_used::LastUsed,
    limits::Limits,
    mail::{MailSettings, Post},
    metrics::Metrics,
    nature::{self, Clock, NoChance},
    notices::TokenNotice,
    passwords::{Passwords, remembered::Remembered, strength::About},
    refusal::Refusal,
    repositories::{Git, Repositories},
    request_id::RequestIds,
    session::SessionKeys,
    underway::Underway,
};

/// Mails that may be asked for at once.
pub(crate) const MAIL_REQUESTS: usize = 64;
/// Seconds after which the use of a session is noted again.
const SESSION_NOTE: i64 = 60;

/// What the operator decided, as far as the doors need it.
#[derive(Clone, Debug)]
pub struct Config {
    /// How people reach this instance: scheme, host and port, without a slash at the end.
    pub external_url: String,
    /// Where everything lives that is not in the database.
    pub data_dir: PathBuf,
    /// Whether the instance has a container registry.
    pub registry: bool,
    /// Whether impersonation tokens count, as long as no administrator decided about it.
    pub impersonation: bool,
    /// Proxies whose word on the client's address is believed.
    pub trusted_proxies: Networks,
    /// Who may read the metrics without a token.
    pub metrics_allow: Networks,
    /// How many living tokens a user may have.
    pub token_limit: i64,
    /// Where mails go, and who they come from.
    pub mail: MailSettings,
}

impl Config {
    /// What holds as long as no administrator decided otherwise.
    pub fn usual_policy(&self) -> Policy {
        Policy { impersonation_enabled: self.impersonation, ..Policy::default() }
    }

    /// Whether the address alone lets this client read the metrics. A relayed request says nothing about where it comes
    /// from.
    pub fn may_read_metrics(&self, client: Option<Client>) -> bool {
        client.is_some_and(|client| !client.relayed && self.metrics_allow.holds(client.addr))
    }
}

/// What every door shares; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// See [`App`].
pub struct Shared {
    /// What the operator decided.
    pub config: Config,
    /// What is remembered.
    pub store: Store,
    /// Where the present comes from.
    pub clock: Clock,
    /// Who is known from earlier requests.
    pub identities: Identities,
    /// Requests that take long.
    pub underway: Arc<Underway>,
    /// Uses of tokens that are not written yet.
    pub last_used: LastUsed,
    /// How often callers asked, as far as that is limited.
    pub limits: Limits,
    /// Who did something lately, as far as it is not written yet.
    pub activity: Activity,
    /// Pictures of users.
    pub avatars: Avatars,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Passwords that were right a moment ago.
    pub remembered: Remembered,
    /// Keys of session cookies and forms.
    pub sessions: SessionKeys,
    /// Keys of second factors.
    pub vault: Vault,
    /// Names for requests.
    pub request_ids: RequestIds,
    /// What is counted.
    pub metrics: Metrics,
    /// The way that mails go.
    pub post: Post,
    /// Who asks for a mail without being signed in, and is not done yet.
    pub(crate) mail_requests: Arc<Semaphore>,
    /// What is pushed and fetched: `<data_dir>/repositories/`.
    pub repositories: Repositories,
    digest_key: DigestKey,
    policy: ArcSwap<Policy>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Puts everything together. `digest_key` is the instance's secret; `policy` what the store says of it.
    ///
    /// # Errors
    /// [`NoChance`] when the operating system gives no random bytes.
    pub fn new(
        config: Config,
        store: Store,
        digest_key: DigestKey,
        policy: Policy,
        clock: Clock,
    ) -> Result<Self, NoChance> {
        Ok(Self(Arc::new(Shared {
            sessions: SessionKeys::derive(&digest_key),
            vault: Vault::derive(&digest_key),
            post: Post::new(&config.mail, &config.external_url, &config.data_dir),
            mail_requests: Arc::new(Semaphore::new(MAIL_REQUESTS)),
            repositories: Repositories::below(config.data_dir.join("repositories"), Git::default()),
            avatars: Avatars::below(config.data_dir.join("avatars")),
            config,
            store: store.keyed(&digest_key, *nature::chance()?),
            clock,
            identities: Identities::default(),
            underway: Arc::default(),
            last_used: LastUsed::default(),
            limits: Limits::default(),
            activity: Activity::default(),
            passwords: Passwords::default(),
            remembered: Remembered::new()?,
            request_ids: RequestIds::new()?,
            metrics: Metrics::default(),
            digest_key,
            policy: ArcSwap::from_pointee(policy),
        })))
    }

    /// Ends a token for good; see [`Store::revoke_token`]. When this returns, no request is let in with it any more.
    pub async fn revoke_token(&self, id: TokenId, owner: Option<UserId>, by: By) -> Result<Option<Revocation>, Fault> {
        let mails = self.mails_about_token(id, TokenNotice::Revoked, &by).await?;
        self.see_through(move |app| async move {
            let revoked = app.store.revoke_token_telling(id, owner, mails, by, app.clock.now()).await?;
            if let Some(revocation) = &revoked {
                app.identities.forget_token(&revocation.digest);
            }
            Ok(revoked)
        })
        .await
    }

    /// Replaces a token by its next generation; see [`Store::rotate_token`]. When this returns, the old text is dead.
    pub async fn rotate_token(&self, rotation: Rotation, by: By) -> Result<Result<Rotated, NotRotated>, Fault> {
        let mails = self.mails_about_token(rotation.token, TokenNotice::Rotated(rotation.expiry), &by).await?;
        self.see_through(move |app| async move {
            let rotated = app.store.rotate_token_telling(rotation, mails, by, app.now()).await;
            if let Ok(rotated) = &rotated {
                app.identities.forget_token(&rotated.forget);
            }
            Ok(rotated)
        })
        .await
    }

    /// Ends what an ended token was replaced by; see [`Store::revoke_successor`]. When this returns, that is in force.
    pub async fn revoke_successor(&self, token: TokenId, by: By) -> Result<(), Fault> {
        let mails = self.mails_about_token(token, TokenNotice::Reused, &by).await?;
        self.see_through(move |app| async move {
            if let Some(digest) = app.store.revoke_successor(token, mails, by, app.now()).await? {
                app.identities.forget_token(&digest);
            }
            Ok(())
        })
        .await
    }

    /// What administrators decided, as it is now.
    pub fn policy(&self) -> Guard<Arc<Policy>> {
        self.policy.load()
    }

    /// Decides settings, each of which fits its row. When this returns, they are in force.
    pub async fn change_policy(&self, changes: Vec<(&'static str, Value)>, by: By) -> Result<Arc<Policy>, Fault> {
        self.see_through(move |app| async move {
            app.store.change_policy(changes, by, app.now()).await?;
            let decided = Arc::new(app.store.policy(app.config.usual_policy()).await?);
            app.policy.store(Arc::clone(&decided));
            // Users carry when their time of grace began, which may have been decided anew, and accounts that waited for
            // their confirmation may wait no more.
            app.identities.forget_everything();
            Ok(decided)
        })
        .await
    }

    /// Changes whether an account may be used. When this returns, that is in force.
    pub async fn set_user_state(&self, id: UserId, state: UserState, by: By) -> Result<Option<User>, Fault> {
        self.see_through(move |app| async move {
            let user = app.store.set_user_state(id, state, by, app.clock.now()).await?;
            app.identities.forget_user(id);
            Ok(user)
        })
        .await
    }

    /// Runs a change and what must follow it to the end, in a task of its own: a client that hangs up in between must
    /// not leave the change committed and the memory of this process unchanged. Afterwards, what is under way is asked
    /// again whether it still may.
    pub async fn see_through<T, F>(&self, change: impl FnOnce(Self) -> F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let (app, changing) = (self.clone(), change(self.clone()));
        tokio::spawn(async move {
            let changed = changing.await;
            app.underway.review().await;
            changed
        })
        .await?
    }

    /// Forgets everything that is remembered, and ends what may not go on. For changes that another process made.
    pub async fn forget_everything(&self) {
        self.identities.forget_everything();
        self.remembered.forget_everything();
        self.underway.review().await;
    }

    /// Finds the caller behind a credential. What is presented and wrong is never an anonymous caller.
    pub async fn identify(&self, credential: Credential<'_>, client: Option<Client>) -> Result<Caller, Refusal> {
        match credential {
            Credential::Token(text) => self.identify_token(text, client).await,
            Credential::Session { cookie, proof } => {
                // A cookie that ended is like none: the browser sends it whether the person wants to or not.
                let caller = Box::pin(self.identify_session(cookie)).await?.ok_or(Denial::Anonymous)?;
                match proof {
                    Proof::Brought(brought) if !self.proves(cookie, brought) => Err(Denial::NotFromOurPage.into()),
                    Proof::NotNeeded | Proof::Brought(_) => Ok(caller),
                }
            }
        }
    }

    fn proves(&self, cookie: &str, brought: Option<&str>) -> bool {
        brought.is_some_and(|brought| self.sessions.csrf_matches(cookie, brought))
    }

    /// Finds the caller behind a token's text, and notes the use.
    pub async fn identify_token(&self, text: &str, client: Option<Client>) -> Result<Caller, Refusal> {
        let caller = self.find_token(text).await?;
        self.note_use(&caller, client);
        Ok(caller)
    }

    /// Finds the caller behind a token's text. Noting the use is left to [`Self::note_use`].
    pub async fn find_token(&self, text: &str) -> Result<Caller, Refusal> {
        let digest = Presented::parse(text).map_err(Denial::Malformed)?.digest(&self.digest_key);
        let record = self.identities.token(&self.store, &digest).await?.ok_or(Denial::Unknown)?;
        let now = self.clock.now();
        let token = lock::admit(record, self.rules(), now)?;
        let user = self.identities.user(&self.store, token.user).await?.ok_or(Denial::Unknown)?;
        Ok(Caller::new(user, Via::Token(token)))
    }

    /// Which tokens count.
    pub fn rules(&self) -> Rules {
        let policy = self.policy();
        Rules { tokens: !policy.disable_personal_access_tokens, impersonation: policy.impersonation_enabled }
    }

    /// Notes that somebody did something, and that the token was used with which they came, if it was one.
    pub fn note_use(&self, caller: &Caller, client: Option<Client>) {
        let now = self.now();
        self.activity.note(caller.person(), now);
        if let Some(token) = caller.token() {
            self.last_used.stamp(token.id, now, client.and_then(|client| client.addr));
        }
    }

    /// Finds the caller behind a session's cookie; none if the session is over.
    pub async fn identify_session(&self, cookie: &str) -> Result<Option<Caller>, Fault> {
        let digest = self.sessions.digest(cookie);
        let now = self.clock.now();
        let Some(session) = self.store.session(&digest).await?.filter(|session| !session.is_over(now)) else {
            return Ok(None);
        };
        if session.last_seen_at.plus_seconds(SESSION_NOTE) <= now {
            self.store.touch_session(session.id, now).await?;
        }
        let Some(user) = self.identities.user(&self.store, session.user).await? else { return Ok(None) };
        self.activity.note(&user, now);
        let by = By { user: Some(user.id), ..By::local(Means::Session) };
        let duty = self.duty(&user, by).await?;
        Ok(Some(Caller::by_session(user, session.id, session.proven_at, duty)))
    }

    /// Lets an administrator's token act as another user (GitLab's `sudo`): by number, or by name without regard to case.
    pub async fn sudo(&self, mut caller: Caller, target: &str) -> Result<Caller, Refusal> {
        lock::may_sudo(&caller, self.clock.now())?;
        let user = self.find_user(target).await?;
        let user = user.ok_or_else(|| Denial::SudoUnknownUser(target.to_owned()))?;
        if user.id != caller.user.id {
            caller.actor = Some(std::mem::replace(&mut caller.user, user));
        }
        Ok(caller)
    }

    /// The user of that number, or of that name without regard to case.
    pub async fn find_user(&self, named: &str) -> Result<Option<Arc<User>>, Fault> {
        match named.parse() {
            Ok(id) => self.identities.user(&self.store, UserId(id)).await,
            Err(_) => Ok(self.store.user_named(named).await?.map(Arc::new)),
        }
    }

    /// A new token's text, and what is kept of it.
    pub fn make_token(&self) -> Result<(Token, TokenDigest), NoChance> {
        let token = Token::make(&self.token_prefix(), nature::chance()?);
        let digest = token.digest(&self.digest_key);
        Ok((token, digest))
    }

    /// What new tokens start with.
    pub fn token_prefix(&self) -> Prefix {
        Prefix::parse(&self.policy().personal_access_token_prefix).unwrap_or_default()
    }

    /// Which ends a token may have that is made now.
    pub fn lifetime(&self) -> Lifetime {
        Lifetime::of(&self.policy(), self.now().date())
    }

    /// A new public name for a token.
    pub fn make_handle() -> Result<Handle, NoChance> {
        let chance: Zeroizing<[u8; 32]> = nature::chance()?;
        Ok(Handle::make(chance))
    }

    /// What decides which scopes a token of this user may have.
    pub fn offer(&self, user: &User) -> Offer {
        Offer { administrator: user.administrator, registry: self.config.registry }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is known of somebody who chooses a password.
    pub fn about<'a>(&'a self, user: &'a User) -> About<'a> {
        About { username: &user.username, name: &user.name, email: &user.email, url: &self.config.external_url }
    }

    /// Whether people reach this instance over HTTPS.
    pub fn is_secure(&self) -> bool {
        self.config.external_url.starts_with("https://")
    }

    /// What is kept of a token's text that was typed or piped in; none if it cannot be a token.
    pub fn digest(&self, text: &str) -> Option<TokenDigest> {
        Presented::parse(text).ok().map(|presented| presented.digest(&self.digest_key))
    }
}
