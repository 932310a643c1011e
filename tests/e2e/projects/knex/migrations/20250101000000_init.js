exports.up = (knex) => knex.raw("CREATE TABLE users (id serial PRIMARY KEY)");
exports.down = (knex) => knex.raw("DROP TABLE users");
