//! Identifiers: 64-bit integers as GitLab's clients expect them, one type per kind so that they cannot be mixed up.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )* };
}

ids! {
    /// A user.
    UserId;
    /// A namespace: what stands before the last `/` of a project's path.
    NamespaceId;
    /// A project.
    ProjectId;
    /// A token family: what its owner sees as one token, through all rotations.
    FamilyId;
    /// One generation of a family; the `id` that the API shows for a token.
    TokenId;
    /// A signed-in browser.
    SessionId;
    /// An SSH key.
    SshKeyId;
    /// An OpenPGP key.
    GpgKeyId;
    /// A further e-mail address of a user.
    EmailId;
    /// Something that somebody did.
    EventId;
    /// A browser in which somebody signed in once.
    DeviceId;
}
