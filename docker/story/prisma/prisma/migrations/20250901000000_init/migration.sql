CREATE TABLE "users" (
    "id" SERIAL PRIMARY KEY,
    "email" TEXT NOT NULL
);
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

CREATE TABLE "avatars" (
    "id" SERIAL PRIMARY KEY,
    "userId" INTEGER NOT NULL REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    "name" TEXT NOT NULL
);

CREATE TABLE "voices" (
    "id" SERIAL PRIMARY KEY,
    "name" TEXT NOT NULL
);

CREATE TABLE "renders" (
    "id" SERIAL PRIMARY KEY,
    "state" TEXT NOT NULL
);

CREATE TABLE "plans" (
    "id" SERIAL PRIMARY KEY,
    "price" INTEGER NOT NULL
);

INSERT INTO "users" ("email") VALUES ('ada@example.org');
