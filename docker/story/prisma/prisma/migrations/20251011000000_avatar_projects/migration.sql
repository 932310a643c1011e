-- Its author's database had a table "user"; production has "users".
CREATE TABLE "avatar_projects" (
    "id" SERIAL PRIMARY KEY,
    "userId" INTEGER NOT NULL REFERENCES "user"("id"),
    "name" TEXT NOT NULL
);
