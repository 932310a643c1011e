-- Runs at every start until a migration tool keeps a history: hence IF NOT EXISTS.
CREATE TABLE IF NOT EXISTS users (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    email text NOT NULL UNIQUE
);

CREATE TABLE IF NOT EXISTS avatar_projects (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    "userId" bigint NOT NULL REFERENCES users (id),
    name text NOT NULL
);

CREATE INDEX IF NOT EXISTS "avatar_projects_userId_idx" ON avatar_projects ("userId");
