CREATE TABLE IF NOT EXISTS avatar_projects (
    id serial PRIMARY KEY,
    "userId" integer NOT NULL REFERENCES users (id),
    name text NOT NULL
);
CREATE INDEX IF NOT EXISTS "avatar_projects_userId_idx" ON avatar_projects ("userId");
