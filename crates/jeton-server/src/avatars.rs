//! Pictures of users: files that are named after the digest of their content, beside the database, which says whose each
//! is. What a file is, its first bytes say and not its name.

use std::{fmt::Write as _, io, path::PathBuf};

use bytes::Bytes;
use jeton_core::id::UserId;
use jeton_store::By;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::{app::App, durable, refusal::Refusal};

/// The largest picture, in bytes.
const LARGEST: usize = 200 * 1024;

/// Kinds of pictures: none of them can hold a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    WebP,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Png, Self::Jpeg, Self::Gif, Self::WebP];

    /// What the first bytes say (the signatures of the WHATWG's "MIME Sniffing", section 6.1).
    fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', b'V', b'P', ..] => Some(Self::WebP),
            _ => None,
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::WebP => "webp",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
        }
    }

    fn of_file(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        Self::ALL.into_iter().find(|kind| kind.extension() == extension)
    }
}

/// Why a picture was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It is longer than 200 KiB.
    #[error("is too big (should be at most {} KiB)", LARGEST / 1024)]
    TooBig,
    /// It is no picture of a kind that is served.
    #[error(
        "file format is not supported. Please try one of the following supported formats: png, jpg, jpeg, gif, webp"
    )]
    WrongKind,
}

/// A picture that can be taken.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Of its file.
    name: String,
    content: Bytes,
}

impl Picture {
    /// Looks at what was handed in.
    ///
    /// # Errors
    /// [`NotTaken`] if it is too large, or no picture of a kind that is served.
    pub fn judge(content: Bytes) -> Result<Self, NotTaken> {
        if content.len() > LARGEST {
            return Err(NotTaken::TooBig);
        }
        let kind = Kind::of(&content).ok_or(NotTaken::WrongKind)?;
        Ok(Self { name: name_of(kind, &content), content })
    }
}

/// The pictures' files.
pub struct Avatars {
    directory: PathBuf,
    /// Whoever changes a picture waits here for the others, so that none removes what another has just taken into use.
    changing: Mutex<()>,
}

impl Avatars {
    /// Pictures in this directory, which is made with the first of them.
    pub fn below(directory: PathBuf) -> Self {
        Self { directory, changing: Mutex::default() }
    }

    /// The content of the file of that name, which the database named, and its kind.
    pub async fn read(&self, name: &str) -> io::Result<(Kind, Vec<u8>)> {
        let kind = Kind::of_file(name).ok_or(io::ErrorKind::NotFound)?;
        tokio::fs::read(self.directory.join(name)).await.map(|content| (kind, content))
    }

    async fn keep(&self, name: &str, content: Bytes) -> io::Result<()> {
        let (directory, name) = (self.directory.clone(), name.to_owned());
        tokio::task::spawn_blocking(move || durable::write(&directory, &name, &content)).await?
    }

    async fn remove(&self, name: &str) -> io::Result<()> {
        match tokio::fs::remove_file(self.directory.join(name)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}

/// The name of a picture's file: the digest of its content, and its kind.
fn name_of(kind: Kind, content: &[u8]) -> String {
    let mut name = Sha256::digest(content).iter().fold(String::with_capacity(72), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    name.push('.');
    name.push_str(kind.extension());
    name
}

impl App {
    /// Gives a user this picture, or takes it away. Answers its file's name. It happens whole or not at all, also when the
    /// client hangs up meanwhile.
    pub async fn set_avatar(&self, user: UserId, picture: Option<Picture>, by: By) -> Result<Option<String>, Refusal> {
        let app = self.clone();
        let task = tokio::spawn(async move { app.change_avatar(user, picture, by).await });
        task.await.map_err(Refusal::broken)?
    }

    async fn change_avatar(&self, user: UserId, picture: Option<Picture>, by: By) -> Result<Option<String>, Refusal> {
        let _one_at_a_time = self.avatars.changing.lock().await;
        let name = picture.as_ref().map(|picture| picture.name.clone());
        if let Some(Picture { name, content }) = picture {
            self.avatars.keep(&name, content).await.map_err(Refusal::broken)?;
        }
        let before = self.store.set_avatar(user, name.clone(), by, self.now()).await?;
        self.identities.forget_user(user);
        if let Some(before) = before.filter(|before| Some(before) != name.as_ref())
            && !self.store.is_avatar(&before).await?
            && let Err(error) = self.avatars.remove(&before).await
        {
            // The picture is changed; a file too many harms nobody.
            tracing::warn!(%error, "a picture that nobody has any more could not be removed");
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use super::*;
    use crate::test_instance::{BY, Instance};

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";
    const GIF: &[u8] = b"GIF89a rest";

    #[test]
    fn the_first_bytes_say_what_a_picture_is() {
        for (content, kind) in [
            (PNG, Some(Kind::Png)),
            (b"\xff\xd8\xff\xe0rest", Some(Kind::Jpeg)),
            (GIF, Some(Kind::Gif)),
            (b"GIF87a", Some(Kind::Gif)),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", Some(Kind::WebP)),
            (b"", None),
            (b"GIF88a", None),
            (b"RIFF\x01\x02\x03\x04WAVEfmt ", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
            (b"<html><script>", None),
            (b"BM", None),
        ] {
            assert_eq!(Kind::of(content), kind, "{content:?}");
        }
        for kind in Kind::ALL {
            assert_eq!(Kind::of_file(&name_of(kind, b"x")), Some(kind));
        }
        assert_eq!(Kind::of_file("x.svg"), None);
    }

    #[tokio::test]
    async fn a_file_stays_as_long_as_somebody_has_it() {
        let instance = Instance::new().await;
        let app = &instance.app;
        let (jane, joe) = (instance.user("jane", false).await.id, instance.user("joe", false).await.id);
        let set = async |user, content: Option<&'static [u8]>| {
            let picture = content.map(|content| Picture::judge(Bytes::from_static(content)).unwrap());
            app.set_avatar(user, picture, BY).await
        };
        let files = || fs::read_dir(instance.dir().join("avatars")).unwrap().count();
        let first = set(jane, Some(PNG)).await.unwrap().unwrap();
        assert_eq!(set(joe, Some(PNG)).await.unwrap().unwrap(), first);
        assert_eq!(app.avatars.read(&first).await.unwrap(), (Kind::Png, PNG.to_vec()));
        assert_eq!(files(), 1);
        let second = set(jane, Some(GIF)).await.unwrap().unwrap();
        assert_eq!((files(), set(jane, Some(GIF)).await.unwrap().unwrap()), (2, second));
        assert_eq!(set(joe, None).await.unwrap(), None);
        assert_eq!(files(), 1);
        assert!(app.avatars.read(&first).await.is_err());
        assert_eq!(set(jane, None).await.unwrap(), None);
        assert_eq!(files(), 0);

        assert!(matches!(Picture::judge(Bytes::from_static(b"text")), Err(NotTaken::WrongKind)));
        let long = Bytes::from([PNG, &vec![0; LARGEST]].concat());
        assert_eq!(Picture::judge(long).unwrap_err().to_string(), "is too big (should be at most 200 KiB)");
    }
}
