//! Handing a mail to a mail server (RFC 5321), over encrypted connections that are kept for a while.

use std::{error::Error as _, fmt, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    transport::smtp::{
        Error, PoolConfig,
        authentication::Credentials,
        client::{Tls as Encryption, TlsParameters},
        extension::ClientId,
    },
};
use tokio::sync::OnceCell;

use super::{
    NotSent,
    address::{SmtpAddress, Tls, domain},
};

/// How long the server may take for one step of the conversation.
const STEP: Duration = Duration::from_secs(30);
/// How long it may take for a whole mail.
const PATIENCE: Duration = Duration::from_mins(2);
/// Connections that are kept at most, and how long one that nobody uses.
const CONNECTIONS: u32 = 4;
const IDLE: Duration = Duration::from_secs(30);
/// Characters of what a server said that are kept.
const LONGEST: usize = 300;

/// A mail server.
pub struct Smtp {
    address: SmtpAddress,
    hello: String,
    transport: OnceCell<AsyncSmtpTransport<Tokio1Executor>>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Smtp").field(&self.address).finish()
    }
}

impl Smtp {
    /// The server at that address. Nothing is said to it yet; it will be greeted with the host of `external_url`.
    pub fn new(address: SmtpAddress, external_url: &str) -> Self {
        Self { address, hello: domain(external_url), transport: OnceCell::new() }
    }

    /// Connects, signs in and hangs up.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub async fn check(&self) -> Result<(), String> {
        let transport = self.transport().await.map_err(|error| told(&error))?;
        match tokio::time::timeout(PATIENCE, transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the server hung up".to_owned()),
            Ok(Err(error)) => Err(told(&error)),
            Err(_) => Err("the server does not answer".to_owned()),
        }
    }

    /// Hands a mail over.
    pub(super) async fn send(&self, message: Message) -> Result<(), NotSent> {
        let transport = self.transport().await.map_err(|error| judge(&error))?;
        match tokio::time::timeout(PATIENCE, transport.send(message)).await {
            Ok(sent) => sent.map(drop).map_err(|error| judge(&error)),
            Err(_) => Err(NotSent::ForNow("the server took too long".to_owned())),
        }
    }

    async fn transport(&self) -> Result<&AsyncSmtpTransport<Tokio1Executor>, Error> {
        self.transport.get_or_try_init(async || self.connect()).await
    }

    fn connect(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
        let SmtpAddress { host, port, tls, login } = &self.address;
        let parameters = || TlsParameters::new(host.clone());
        let encryption = match tls {
            Tls::AtOnce => Encryption::Wrapper(parameters()?),
            Tls::Upgraded => Encryption::Required(parameters()?),
            Tls::IfOffered => Encryption::Opportunistic(parameters()?),
            Tls::Never => Encryption::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(*port)
            .tls(encryption)
            .hello_name(ClientId::Domain(self.hello.clone()))
            .timeout(Some(STEP))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE));
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(builder.build())
    }
}

/// Replies about the login (RFC 4954 section 6): the setting is to be mended, and then the mail can go.
const LOGIN: [u16; 4] = [530, 534, 535, 538];

/// A mail that the server does not want, with a 5xx, would be refused every time; everything else may pass.
fn judge(error: &Error) -> NotSent {
    let code = error.status().map(u16::from);
    if error.is_permanent() && !code.is_some_and(|code| LOGIN.contains(&code)) {
        NotSent::ForGood(told(error))
    } else {
        NotSent::ForNow(told(error))
    }
}

/// What went wrong, with its causes, in one line.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = next.source();
    }
    one_line(&text)
}

/// What a server said, as it can stand in a log.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}
