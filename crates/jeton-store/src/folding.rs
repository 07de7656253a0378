//! Folding the texts that an older program wrote, so that searches find them.

use crate::{
    Fault, Store,
    db::{on_tx, on_writer},
    search::fold,
};

/// Rows in one transaction.
const BATCH: i64 = 1_000;

/// Reads a batch of rows that have no folded text yet, and writes it to them, until there are none.
macro_rules! catch_up {
    ($store:expr, $read:literal, $write:literal) => {
        loop {
            let rows: Vec<(i64, String, Option<String>)> = on_writer!(&$store.db, c => sqlx::query_as($read)
                .bind(BATCH).fetch_all(c).await)?;
            if rows.is_empty() {
                break;
            }
            $store
                .write(move |tx| {
                    Box::pin(async move {
                        for (id, name, more) in rows {
                            on_tx!(tx, c => sqlx::query($write)
                                .bind(fold(&name)).bind(more.as_deref().map(fold)).bind(id).execute(c).await.map(drop))?;
                        }
                        Ok::<_, Fault>(())
                    })
                })
                .await?;
        }
    };
}

impl Store {
    /// See the module. Usually there is nothing to do, which a small index tells at once.
    pub(crate) async fn fold_what_is_not_folded(&self) -> Result<(), Fault> {
        catch_up!(
            self,
            "SELECT id, name, NULL AS more FROM users WHERE name_folded IS NULL ORDER BY id LIMIT $1",
            "UPDATE users SET name_folded = COALESCE($1, $2) WHERE id = $3"
        );
        catch_up!(
            self,
            "SELECT id, name, NULL AS more FROM token_families WHERE name_folded IS NULL ORDER BY id LIMIT $1",
            "UPDATE token_families SET name_folded = COALESCE($1, $2) WHERE id = $3"
        );
        catch_up!(
            self,
            "SELECT id, name, description AS more FROM projects WHERE name_folded IS NULL ORDER BY id LIMIT $1",
            "UPDATE projects SET name_folded = $1, description_folded = $2 WHERE id = $3"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use jeton_core::{
        time::Timestamp,
        token::DigestKey,
        user::{Email, Username},
    };
    use zeroize::Zeroizing;

    use crate::{
        By, Means, Slice, Store,
        db::on_writer,
        search::Search,
        users::{
            NewUser,
            list::{UserColumn, UserFilter, UserOrder},
        },
    };

    #[tokio::test]
    async fn what_an_older_program_wrote_is_found_after_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", dir.path().join("jeton.db").display());
        let store = Store::open(&address).await.unwrap();
        let store = store.keyed(&DigestKey::new(&Zeroizing::new([9; 32])), [0; 16]);
        let new = NewUser::plain(
            Username::parse("juergen").unwrap(),
            "JÜRGEN".into(),
            Email::parse("j@example.com").unwrap(),
            1,
        );
        store.create_user(new, By::local(Means::Server), Timestamp::from_micros(0)).await.unwrap();
        on_writer!(&store.db, c => sqlx::query("UPDATE users SET name_folded = NULL").execute(c).await.map(drop))
            .unwrap();
        let filter = UserFilter { search: Search::parse("jürg"), ..UserFilter::default() };
        let order = UserOrder { column: UserColumn::Id, descending: false, after: None };
        let found =
            async |store: &Store| store.users(&filter, &order, Slice { limit: 9, offset: 0 }).await.unwrap().len();
        assert_eq!(found(&store).await, 0);
        store.close().await;
        assert_eq!(found(&Store::open(&address).await.unwrap()).await, 1);
    }
}
