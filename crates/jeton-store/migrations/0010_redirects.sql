-- Paths that namespaces had before, as they are compared. Whoever takes such a path anew ends its row.
CREATE TABLE redirects (
    full_path_key TEXT NOT NULL PRIMARY KEY,
    namespace_id  {i64} NOT NULL REFERENCES namespaces (id) ON DELETE CASCADE,
    created_at    {i64} NOT NULL
) {strict};
CREATE INDEX redirects_by_namespace ON redirects (namespace_id);
