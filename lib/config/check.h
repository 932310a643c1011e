/* What a look at the schema found: the answer to struct wanted. Lives in an arena. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "base/frame.h"
#include "base/problem.h"
#include "base/strings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_NAMES 20 /* migrations of each kind that are named */

struct table_state {
    const char *name; /* "users", outside verify.schema "schema.users" */
    size_t schema;    /* bytes of the name that are its schema's; 0: verify.schema. Either may have dots in it */
    bool exists;
    bool healthy; /* and everything asked of it is there */
};

struct problem {
    enum problem_code code;
    const char *object; /* "public.avatar_projects" */
    const char *detail; /* or NULL */
    uint32_t table;     /* the table that it is about: its place in check->tables, from 1; 0: none */
};

struct migration_list {
    uint32_t count;
    struct strings names; /* the first CHECK_NAMES */
};

/* What the ledger records, compared with the migrations that are here. */
struct migrations_state {
    bool known;  /* the ledger was looked at, and the table is there or none is needed yet */
    bool proven; /* every local migration (one at least) is recorded as applied, none failed */
    uint32_t local, applied, failed;
    struct migration_list pending, edited, gone;
    const char *failed_name; /* the first failed migration and its logged error (masked), or NULL */
    const char *failed_log;
    /* The first CHECK_NAMES that failed and their logged errors, "" for none: for diagnose alone, and not encoded. */
    struct strings failed_names, failed_logs;
};

struct check {
    struct table_state *tables;
    size_t table_count;
    struct problem *problems;
    size_t problem_count;
    size_t problem_capacity; /* while it is filled */
    bool healthy;            /* no fatal problem */
    bool hand_listed;        /* something of the tables was listed by hand */
    struct migrations_state migrations;
    const char *server_version; /* "15.18" */
};

/* Whether the ledger lacks local migrations, and not because the schema was pushed: tables that are there although
 * nothing at all is recorded. */
bool check_behind(const struct check *check);

/* As fields of a frame: from the database process to PID 1, and from there to the http process. */
void check_encode(const struct check *check, struct frame_writer *writer);
/* Strings and lists go into the arena. What no encoder of ours writes breaks the reader. */
void check_decode(struct check *check, struct frame_reader *reader, struct arena *arena);

#endif
