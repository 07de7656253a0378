//! The task that carries mails from the queue to where they go.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use jeton_core::time::Timestamp;
use jeton_store::{Fault, mails::DueMail};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{NotSent, Post, Way, message};
use crate::app::App;

/// Mails that are sent at once.
const AT_ONCE: usize = 4;
/// Seconds for which a node takes a mail: longer than sending can take.
const LEASE: i64 = 300;
/// How long the queue is not looked at if nobody says that it changed: other nodes and commands queue mails too.
const POLL: Duration = Duration::from_secs(5);
/// How long mails may still be sent when the server stops.
const LAST_CHANCE: Duration = Duration::from_secs(10);
/// Seconds until the second attempt; each further one waits twice as long as the one before …
const FIRST_WAIT: i64 = 60;
/// … up to two hours.
const LONGEST_WAIT: i64 = 2 * 3600;
/// Seconds after which a mail is given up that could not be sent: three days, as mail servers do (RFC 5321 section
/// 4.5.4.1 asks for four or five of those that relay).
const GIVE_UP: i64 = 3 * 86_400;

/// Sends what is queued until `stop`, and then once more what is due.
pub async fn run(app: App, stop: CancellationToken) {
    let mut sending = JoinSet::new();
    let mut failing = false;
    while !stop.is_cancelled() {
        let found = look(&app, &mut sending).await;
        if let Err(fault) = &found
            && !failing
        {
            tracing::warn!(%fault, "the queue of mails cannot be read; trying again");
        }
        failing = found.is_err();
        tokio::select! {
            () = stop.cancelled() => {}
            () = app.store.mails_queued() => {}
            Some(_) = sending.join_next() => {}
            () = tokio::time::sleep(found.unwrap_or(POLL)) => {}
        }
    }
    let rest = async { while look(&app, &mut sending).await.is_ok() && sending.join_next().await.is_some() {} };
    if timeout(LAST_CHANCE, rest).await.is_err() {
        tracing::info!("some mails could not be sent before the stop; they are sent after the next start");
    }
}

/// Begins to send what is due, as far as there is room. Answers how long nothing else will be.
async fn look(app: &App, sending: &mut JoinSet<()>) -> Result<Duration, Fault> {
    while sending.try_join_next().is_some() {}
    let room = AT_ONCE - sending.len().min(AT_ONCE);
    if room == 0 {
        return Ok(POLL);
    }
    let backlog = app.store.mail_backlog().await?;
    app.post.queued.store(backlog.mails, Relaxed);
    let now = app.now();
    match backlog.next {
        Some(next) if next <= now => {
            let limit = i64::try_from(room).unwrap_or(1);
            for mail in app.store.take_mails(limit, now, now.plus_seconds(LEASE)).await? {
                sending.spawn(carry(app.clone(), mail));
            }
            Ok(Duration::ZERO)
        }
        Some(next) => Ok(POLL.min(until(now, next))),
        None => Ok(POLL),
    }
}

fn until(now: Timestamp, next: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(next.micros() - now.micros()).unwrap_or_default())
}

/// Sends a mail and notes what came of it. Where even that fails, the mail is taken again when its time is over.
async fn carry(app: App, mail: DueMail) {
    let (id, kind) = (mail.id, mail.kind.clone());
    let outcome = app.post.send(&app, &mail).await;
    if let Err(fault) = settle(&app, mail, outcome).await {
        tracing::warn!(mail = id, kind, %fault, "what came of a mail cannot be noted; it may be sent once more");
    }
}

async fn settle(app: &App, mail: DueMail, outcome: Result<(), NotSent>) -> Result<(), Fault> {
    let now = app.now();
    let (id, kind, tries) = (mail.id, mail.kind.clone(), mail.tries);
    let why = match outcome {
        Ok(()) => {
            app.post.sent.fetch_add(1, Relaxed);
            tracing::debug!(mail = id, kind, tries, "a mail was sent");
            return app.store.mail_sent(id).await;
        }
        Err(NotSent::ForNow(why)) => {
            app.post.failed.fetch_add(1, Relaxed);
            let next = now.plus_seconds(wait(tries));
            let end = mail.created_at.plus_seconds(GIVE_UP);
            if next < mail.expires_at.map_or(end, |expires_at| expires_at.min(end)) {
                tracing::info!(mail = id, kind, tries, why, %next, "a mail could not be sent yet");
                return app.store.mail_failed(&mail, &why, next).await;
            }
            why
        }
        Err(NotSent::ForGood(why)) => {
            app.post.failed.fetch_add(1, Relaxed);
            why
        }
    };
    app.post.given_up.fetch_add(1, Relaxed);
    tracing::warn!(mail = id, kind, tries, user = mail.user.map(|user| user.0), why, "a mail is given up");
    app.store.give_up_mail(mail, why, now).await
}

/// Seconds to wait after that many attempts.
pub(super) fn wait(tries: i64) -> i64 {
    let doublings = tries.saturating_sub(1).clamp(0, 16);
    (FIRST_WAIT << doublings).min(LONGEST_WAIT)
}

impl Post {
    async fn send(&self, app: &App, mail: &DueMail) -> Result<(), NotSent> {
        if mail.expires_at.is_some_and(|expires_at| expires_at <= app.now()) {
            return Err(NotSent::ForGood("its link does not work any more".to_owned()));
        }
        let message = message::write(app, mail, &self.from).map_err(NotSent::ForGood)?;
        match &self.way {
            Way::Smtp(smtp) => smtp.send(message).await,
            Way::Files(files) => {
                let kind = mail.kind.replace(|c: char| !c.is_ascii_lowercase(), "_");
                let name = format!("{}-{}-{kind}", mail.created_at.micros(), mail.id);
                let written = files.write(name, message.formatted()).await;
                written.map_err(|error| NotSent::ForNow(format!("the file cannot be written: {error}")))
            }
        }
    }
}
