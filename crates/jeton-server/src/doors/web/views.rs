//! What the pages show, as plain data: every text is ready, nothing here asks the store or the clock.
//!
//! Templates escape every value. A new token passes through [`NewToken`] alone, which is rendered once and dropped.

use super::assets::Links;
use super::paths;
use askama::Template;

/// What every page has around its own content.
pub(super) struct Frame<'a> {
    /// Of the browser's window.
    pub(super) title: &'a str,
    /// The value that this visitor's forms send as `authenticity_token`, a script as `X-CSRF-Token`.
    pub(super) csrf: &'a str,
    /// Who is signed in; nobody: the page has no navigation.
    pub(super) viewer: Option<Viewer<'a>>,
    /// Whether the Access tokens page is the current one.
    pub(super) in_tokens: bool,
    /// Whether it is one of the administrators' pages.
    pub(super) in_admin: bool,
    /// Which of the pages about oneself it is, by its path in [`paths::SECTIONS`].
    pub(super) section: Option<&'static str>,
    /// By when a second factor must be there.
    pub(super) nag: Option<String>,
    /// What just happened, once.
    pub(super) notices: &'a [Notice],
    /// Where the style sheets, the script and the logo are.
    pub(super) assets: &'a Links,
}

impl Frame<'_> {
    /// The pages about oneself, with whether each is the current one; none on other pages.
    pub(super) fn sections(&self) -> Vec<(&'static paths::Section, bool)> {
        let current = self.section.or(self.in_tokens.then_some(paths::ACCESS_TOKENS));
        let all = current.map_or(&[][..], |_| paths::SECTIONS);
        all.iter().map(|section| (section, Some(section.path) == current)).collect()
    }
}

/// The user that is signed in.
#[derive(Clone, Copy)]
pub(super) struct Viewer<'a> {
    pub(super) username: &'a str,
    pub(super) name: &'a str,
    pub(super) administrator: bool,
}

/// One message above the content.
pub(super) struct Notice {
    pub(super) kind: NoticeKind,
    pub(super) text: String,
}

/// How a notice looks and how a screen reader announces it.
#[derive(Clone, Copy)]
pub(super) enum NoticeKind {
    Done,
    Refused,
}

impl NoticeKind {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "alert",
        }
    }

    pub(super) fn role(self) -> &'static str {
        match self {
            Self::Done => "status",
            Self::Refused => "alert",
        }
    }
}

/// A point in time: for machines (RFC 3339, UTC) and in words.
pub(super) struct Moment {
    pub(super) iso: String,
    pub(super) text: String,
}

/// The day on which something ends.
pub(super) struct End {
    /// `YYYY-MM-DD`.
    pub(super) iso: String,
    /// How far it is.
    pub(super) text: String,
    /// The day in words.
    pub(super) day: String,
    /// So near that the owner should be warned.
    pub(super) is_soon: bool,
}

/// The sign-in form.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage<'a> {
    pub(super) frame: Frame<'a>,
    /// As typed before.
    pub(super) login: &'a str,
    /// Why the last attempt was refused.
    pub(super) problem: Option<&'a str>,
    /// Whether browsers have passkeys here.
    pub(super) has_passkeys: bool,
    pub(super) remedies: Remedies,
}

/// Which ways out are offered to somebody who cannot sign in.
#[derive(Clone, Copy)]
pub(super) struct Remedies {
    /// A link that sets another password.
    pub(super) forgotten_password: bool,
    /// The link that confirms an address, once more.
    pub(super) missing_confirmation: bool,
}

/// The form behind a one-time link.
#[derive(Template)]
#[template(path = "password.html")]
pub(super) struct PasswordPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) username: &'a str,
    /// The one-time token of the link.
    pub(super) token: &'a str,
    /// Fewest characters of a password.
    pub(super) least: usize,
    pub(super) password_problem: Option<String>,
    pub(super) confirmation_problem: Option<&'a str>,
    /// Whether the box is ticked that ends all tokens.
    pub(super) revoke_tokens: bool,
}

/// The start page of somebody who is signed in.
#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct HomePage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) name: &'a str,
    pub(super) username: &'a str,
    pub(super) admin: bool,
    pub(super) live_tokens: usize,
    /// The address of this server, without a slash at its end.
    pub(super) url: &'a str,
    pub(super) steps: Vec<Step>,
}

/// One command of the tour on the start page.
pub(super) struct Step {
    pub(super) title: &'static str,
    pub(super) explanation: String,
    pub(super) command: String,
}

/// The Access tokens page: the form, the active tokens and, right after its creation, the new one.
#[derive(Template)]
#[template(path = "access_tokens.html")]
pub(super) struct AccessTokensPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) created: Option<NewToken<'a>>,
    pub(super) form: TokenForm,
    /// Active tokens on all pages together.
    pub(super) total: usize,
    pub(super) tokens: Vec<TokenRow>,
    /// Only where one page does not hold all.
    pub(super) pager: Option<Pager>,
}

/// A token that was created by this very request.
pub(super) struct NewToken<'a> {
    pub(super) name: &'a str,
    /// The secret; nothing else on the page repeats it.
    pub(super) token: &'a str,
    /// A command that reads the token from a variable.
    pub(super) example: String,
}

/// The form as it is to be shown: empty, prefilled, or with what was typed and what is wrong with it.
#[derive(Default)]
pub(super) struct TokenForm {
    /// Makes a repeated submission of the same form recognisable.
    pub(super) id: String,
    pub(super) name: Field,
    pub(super) description: Field,
    pub(super) expires_at: Field,
    /// First date that can be chosen, `YYYY-MM-DD`.
    pub(super) earliest: String,
    pub(super) scopes: Vec<ScopeChoice>,
    pub(super) scopes_problem: Option<String>,
    /// Everything that is wrong, in whole sentences.
    pub(super) problems: Vec<String>,
}

/// One input of a form.
#[derive(Default)]
pub(super) struct Field {
    pub(super) value: String,
    pub(super) problem: Option<String>,
}

/// One checkbox.
pub(super) struct ScopeChoice {
    pub(super) name: &'static str,
    /// What the scope allows, in one sentence.
    pub(super) sentence: &'static str,
    pub(super) checked: bool,
}

/// One active token.
pub(super) struct TokenRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) scopes: Vec<String>,
    pub(super) created: Moment,
    pub(super) last_used: Option<Moment>,
    pub(super) last_used_ips: Vec<String>,
    pub(super) expires: Option<End>,
}

impl TokenRow {
    fn rotate_path(&self) -> String {
        paths::rotate(self.id)
    }

    fn revoke_path(&self) -> String {
        paths::revoke(self.id)
    }
}

/// Links to the neighbouring pages of a list. Pages count from 1.
pub(super) struct Pager {
    pub(super) page: usize,
    pub(super) pages: usize,
    pub(super) previous: Option<usize>,
    pub(super) next: Option<usize>,
}

/// Asks before a token is revoked.
#[derive(Template)]
#[template(path = "revoke.html")]
pub(super) struct RevokePage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) token: TokenRow,
}

/// Asks before a token is rotated.
#[derive(Template)]
#[template(path = "rotate.html")]
pub(super) struct RotatePage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) token: TokenRow,
    /// When the token that takes its place will end, if ever.
    pub(super) next_expiry: Option<End>,
}

/// Says what went wrong.
#[derive(Template)]
#[template(path = "error.html")]
pub(super) struct ErrorPage<'a> {
    pub(super) frame: Frame<'a>,
    /// HTTP status code.
    pub(super) status: u16,
    pub(super) heading: &'a str,
    pub(super) explanation: &'a str,
    /// Finds the request in the server's log.
    pub(super) request_id: Option<&'a str>,
}
