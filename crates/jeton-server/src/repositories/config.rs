//! The configuration that every git command runs with. No file of the machine's or of a user's is read.

/// Keys and values, above what a repository's own file says.
pub(super) const CONFIG: &[(&str, &str)] = &[
    // The data directory may belong to another user than the one that runs the server.
    ("safe.directory", "*"),
    // Nothing that lies in a repository is ever run.
    ("core.hooksPath", "/dev/null"),
    // Objects and references of a push that was answered survive a power cut; loose objects share one flush.
    ("core.fsync", "objects,derived-metadata,reference"),
    ("core.fsyncMethod", "batch"),
    // Larger files are streamed, not held in memory and compared with others.
    ("core.bigFileThreshold", "50m"),
    ("pack.windowMemory", "100m"),
    // What a replacement object hides must not depend on who looks.
    ("core.useReplaceRefs", "false"),
    // Housekeeping is ours, one repository at a time; git would start it in the middle of requests.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("receive.autogc", "false"),
    // Partial clones, and the objects that they ask for later.
    ("uploadpack.allowFilter", "true"),
    ("uploadpack.allowAnySHA1InWant", "true"),
    // Objects that could harm those who clone them are refused; old mistakes that harm nobody are not.
    ("receive.fsckObjects", "true"),
    ("receive.fsck.badTimezone", "ignore"),
    ("receive.fsck.missingSpaceBeforeDate", "ignore"),
    ("receive.fsck.zeroPaddedFilemode", "ignore"),
    // `git push -o …` is understood, though nothing listens to the options.
    ("receive.advertisePushOptions", "true"),
    // The branch that a clone checks out is not deleted by accident.
    ("receive.denyDeleteCurrent", "refuse"),
];
