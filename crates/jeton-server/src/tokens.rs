//! Reading tokens together with their last uses, which may not be written yet. Nothing is written for that.

use jeton_core::id::{TokenId, UserId};
use jeton_store::{
    Fault, Slice,
    tokens::{
        Token,
        list::{TokenFilter, TokenOrder},
    },
};

use crate::app::App;

impl App {
    /// The token of that number, with its last use, which may have been a moment ago.
    pub async fn token(&self, id: TokenId) -> Result<Option<Token>, Fault> {
        let settled = self.last_used.settled().await;
        let mut token = self.store.token(id).await?;
        if let Some(token) = &mut token {
            settled.complete(token);
        }
        Ok(token)
    }

    /// A user's living tokens, as [`jeton_store::Store::living_tokens`] lists them, with their last uses.
    pub async fn living_tokens(&self, user: UserId) -> Result<Vec<Token>, Fault> {
        let settled = self.last_used.settled().await;
        let mut tokens = self.store.living_tokens(user, self.now()).await?;
        for token in &mut tokens {
            settled.complete(token);
        }
        Ok(tokens)
    }

    /// Tokens, as [`jeton_store::Store::tokens`] lists them, with their last uses. Only for a list that is filtered or
    /// sorted by these, they are written first.
    pub async fn tokens(&self, filter: &TokenFilter, order: TokenOrder, slice: Slice) -> Result<Vec<Token>, Fault> {
        if filter.asks_for_use() || order.asks_for_use() {
            self.see_through(|app| async move { app.last_used.flush(&app.store).await }).await?;
        }
        let settled = self.last_used.settled().await;
        let mut tokens = self.store.tokens(filter, order, slice, self.now()).await?;
        for token in &mut tokens {
            settled.complete(token);
        }
        Ok(tokens)
    }
}
