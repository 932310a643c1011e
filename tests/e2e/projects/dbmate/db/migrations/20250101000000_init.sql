-- migrate:up
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE avatar_projects (id serial PRIMARY KEY, "userId" int NOT NULL REFERENCES users, name text NOT NULL);

-- migrate:down
DROP TABLE avatar_projects;
DROP TABLE users;
