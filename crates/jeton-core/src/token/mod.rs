//! Tokens: the text that is shown once, the digest that is kept, and the record of what it stands for.

mod digest;
mod draft;
mod lifetime;
mod minting;
mod record;
mod text;

pub use digest::{DigestKey, TokenDigest};
pub use draft::{Attribute, Draft, Flaw, LONGEST_TEXT, Plan};
pub use lifetime::Lifetime;
pub use minting::Authority;
pub use record::{EndReason, Ended, Expiry, Handle, LivingToken, MadeVia, TokenRecord};
pub use text::{BadPrefix, Malformed, Prefix, Presented, SECRET_LENGTH, Token, begins_as_token, is_meant_as_token};
