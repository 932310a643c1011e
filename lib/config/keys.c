#include "config/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(struct config, member)
#define IN_STEP(member) offsetof(struct step, member)
#define IN_TABLE(member) offsetof(struct table, member)
#define IN_ASSERT(member) offsetof(struct assertion, member)
#define ROWS(rows) (rows), sizeof(rows) / sizeof *(rows)

/* In the order of the enums in config.h. */
static const char *const targets[] = { "read-write", "any", NULL };
static const char *const whens[] = { "pending", "unverified", "always", NULL };
static const char *const stop_policies[] = { "abort", "finish", NULL };
static const char *const app_modes[] = { "supervise", "exec", NULL };
static const char *const failure_policies[] = { "exit", "hold", NULL };
static const char *const log_formats[] = { "auto", "text", "json", NULL };
static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const histories[] = { "none", "prisma", "dbmate", "node-pg-migrate", "rails", NULL };
static const char *const presets[] = { "auto",    "prisma",  "dbmate", "node-pg-migrate",
                                       "django",  "alembic", "rails",  "knex",
                                       "drizzle", "none",    NULL };
static const char *const privileges[] = { "select",   "insert",     "update",  "delete",
                                          "truncate", "references", "trigger", NULL };

/* One row, one key. */
/* clang-format off */
static const struct key config_rows[] = {
    { .path = "database.url", KEY_STRING, AT(database.url), "${DATABASE_URL}",
      "URL or libpq keyword string: the application's connection; waiting, verification and monitoring use it. Unset: PG* variables if any is set", .secret = true },
    { .path = "database.direct_url", KEY_STRING, AT(database.direct_url), "${DIRECT_URL:-}",
      "past the pooler, perhaps as another role: lock, history, steps and apply. Default: url", .secret = true },

    { .path = "wait.timeout", KEY_DURATION, AT(wait.timeout), "60s", "one budget for all waiting of a boot; 0 = for ever" },
    { .path = "wait.connect_timeout", KEY_DURATION, AT(wait.connect_timeout), "5s", "one attempt, name look-up included; 0 = no limit but wait.timeout" },
    { .path = "wait.probe_interval", KEY_DURATION, AT(wait.probe_interval), "20ms",
      "while nothing listens: a bare TCP or socket probe this often", .least = 1 },
    { .path = "wait.initial_delay", KEY_DURATION, AT(wait.initial_delay), "50ms",
      "between attempts that reach PostgreSQL and fail: exponential backoff, full jitter; 0 = from 1ms on" },
    { .path = "wait.max_delay", KEY_DURATION, AT(wait.max_delay), "1s", "the longest of these delays; 0 = they grow without end" },
    { .path = "wait.multiplier", KEY_NUMBER, AT(wait.multiplier), "2", "by which these delays grow", .least = 1, .most = 100 },
    { .path = "wait.permanent_grace", KEY_DURATION, AT(wait.permanent_grace), "5s",
      "how long an error that waiting seldom heals (28P01, 28000, 3D000, TLS refused) is retried" },
    { .path = "wait.target", KEY_ENUM, AT(wait.target), "read-write", "libpq's target_session_attrs", .words = targets },
    { .path = "wait.also", KEY_STRINGS, AT(wait.also), "",
      "host:port or socket paths of other things the application needs: connectable by the same deadline", .form = FORM_CONNECT },

    { .path = "migrate.preset", KEY_STRING, AT(migrate.preset), "auto",
      "fills the steps; prisma, dbmate, node-pg-migrate and rails have a history", .words = presets, .form = FORM_PRESET },
    { .path = "migrate.history", KEY_ENUM, AT(migrate.history), "none", "whose ledger tells what was applied", .words = histories, .preset_only = true },
    { .path = "migrate.when", KEY_ENUM, AT(migrate.when), "pending",
      "pending: skip the steps if the history proves every local migration applied and the schema verifies; unverified: run only if the schema does not verify; always",
      .words = whens },
    { .path = "migrate.lock", KEY_BOOL, AT(migrate.lock), "true", "one replica at a time: session advisory lock on direct_url" },
    { .path = "migrate.lock_timeout", KEY_DURATION, AT(migrate.lock_timeout), "10m", "how long to wait for that lock; 0 = for ever" },
    { .path = "migrate.before", KEY_STEPS, AT(migrate.before), NULL, "steps (one attempt) run first whenever steps run; failure: 70",
      .literal = true },
    { .path = "migrate.steps", KEY_STEPS, AT(migrate.steps), NULL, "tried in order until one succeeds and the schema verifies" },
    { .path = "migrate.after", KEY_STEPS, AT(migrate.after), NULL,
      "steps (one attempt) run at every boot under the lock once the schema verified (seeding: idempotent); failure: 70",
      .literal = true },
    { .path = "migrate.stop", KEY_ENUM, AT(migrate.stop), "abort",
      "TERM while a step runs: abort = pass it on; finish = let this step end, start no other", .words = stop_policies },

    { .path = "verify.schema", KEY_NAME, AT(verify.schema), NULL, "where the tables are. Default: the URL's ?schema= or currentSchema=, else public" },
    { .path = "verify.tables", KEY_TABLES, AT(verify.tables), NULL, "critical tables; names and maps mix" },
    { .path = "verify.prisma_schema", KEY_STRING, AT(verify.prisma_schema), "auto",
      "auto, off or a path: every table, column and enum of schema.prisma, in addition to tables; the preset's steps get --schema where Prisma would not find it" },
    { .path = "verify.extensions", KEY_NAMES, AT(verify.extensions), "", "extensions that must be installed" },
    { .path = "verify.asserts", KEY_ASSERTS, AT(verify.asserts), NULL, "read-only queries whose first value must be true", .literal = true },
    { .path = "verify.timeout", KEY_DURATION, AT(verify.timeout), "0",
      "with no steps to run here: wait this long for another container to bring the schema up, with all that its "
      "history has pending" },
    { .path = "verify.interval", KEY_DURATION, AT(verify.interval), "15s",
      "how often it is looked at again while the application runs; 0 = never" },

    { .path = "app.mode", KEY_ENUM, AT(app.mode), "supervise",
      "supervise: stay PID 1, application is the child; exec: become the application, and the endpoint ends", .words = app_modes },
    { .path = "app.stop_signal", KEY_SIGNAL, AT(app.stop_signal), "same", "what TERM/INT is turned into for the application" },
    { .path = "app.stop_timeout", KEY_DURATION, AT(app.stop_timeout), "0",
      "KILL to what is left after this; 0 = leave that to the container engine" },
    { .path = "app.kill_group", KEY_BOOL, AT(app.kill_group), "false", "signals to the application's process group" },
    { .path = "app.user", KEY_STRING, AT(app.user), "", "name, uid, uid:gid: dropped to for steps and application" },
    { .path = "app.file_env", KEY_BOOL, AT(app.file_env), "false",
      "what was read from NAME_FILE is put into the application's environment as NAME" },
    { .path = "app.ok_exit", KEY_STATUSES, AT(app.ok_exit_text), "", "statuses of the application reported as 0" },

    { .path = "health.listen", KEY_STRINGS, AT(health.listen), "127.0.0.1:9180",
      "host:port, [v6]:port, :port or unix:/path; [] = off", .form = FORM_LISTEN },
    { .path = "health.failures", KEY_COUNT, AT(health.failures), "3",
      "looks that must fail in a row before a running application's /health/ready turns 503", .least = 1, .most = 1000 },
    { .path = "health.placeholder", KEY_STRINGS, AT(health.placeholder), "",
      "the application's own address: 503 with Retry-After until the application starts", .form = FORM_LISTEN },
    { .path = "health.token", KEY_STRING, AT(health.token), "", "when set: Bearer token for everything but /health/live", .secret = true },

    { .path = "on_failure", KEY_ENUM, AT(on_failure), "exit",
      "exit, or hold: stay up without the lock, answer 503, look every interval", .words = failure_policies },
    { .path = "log.format", KEY_ENUM, AT(log.format), "auto", "of the log on standard error", .words = log_formats },
    { .path = "log.level", KEY_ENUM, AT(log.level), "info", "what is worth a line", .words = log_levels },
    { .path = "report_file", KEY_STRING, AT(report_file), "", "run only: where the boot report (JSON) is also written" },
};

static const struct key step_rows[] = {
    { .path = "name", KEY_STRING, IN_STEP(name), NULL, "what it is called in the log and for --only; default: what it runs" },
    { .path = "run", KEY_COMMAND, IN_STEP(argv), NULL,
      "a list is argv, looked up in node_modules/.bin of its cwd and the folders above, then in PATH; a plain string runs under /bin/sh -c", .literal = true },
    { .path = "sql", KEY_FILES, IN_STEP(sql), NULL, "SQL files, run as a child process: pgentry apply" },
    { .path = "attempts", KEY_COUNT, IN_STEP(attempts), "3", "how often it is tried; sql steps: 1; before and after: 1", .least = 1, .most = 1000 },
    { .path = "delay", KEY_DURATION, IN_STEP(delay), "2s", "first delay between attempts; grows by 2 with jitter, to 30s" },
    { .path = "timeout", KEY_DURATION, IN_STEP(timeout), "10m", "TERM to the step's process group, then KILL after 5s; 0 = none" },
    { .path = "env", KEY_VARIABLES, IN_STEP(env), NULL, "variables of its own" },
    { .path = "cwd", KEY_STRING, IN_STEP(cwd), ".", "where it runs" },
    { .path = "permanent_errors", KEY_STRINGS, IN_STEP(permanent_errors), "",
      "words in its output after which there is no further attempt, on to the next step" },
    { .path = "allow_data_loss", KEY_BOOL, IN_STEP(allow_data_loss), "false",
      "true is needed for --accept-data-loss, --force-reset, migrate reset and their like, in the step or in a script of "
      "package.json; into other script files nobody looks" },
};

static const struct key table_rows[] = {
    { .path = "name", KEY_STRING, IN_TABLE(name), NULL, "of the table; schema.table for one outside verify.schema", .required = true },
    { .path = "schema", KEY_NAME, IN_TABLE(schema), NULL, "default: verify.schema" },
    { .path = "columns", KEY_NAMES, IN_TABLE(columns), "", "columns that must be there" },
    { .path = "indexes", KEY_NAMES, IN_TABLE(indexes), "", "indexes that must be there and valid" },
    { .path = "privileges", KEY_STRINGS, IN_TABLE(privileges), "", "what the connection's role must be allowed to do", .words = privileges, .form = FORM_PRIVILEGE },
};

static const struct key assert_rows[] = {
    { .path = "name", KEY_STRING, IN_ASSERT(name), NULL, "what it is called in reports", .required = true },
    { .path = "sql", KEY_STRING, IN_ASSERT(sql), NULL, "a read-only query", .required = true },
};
/* clang-format on */

const struct keys config_keys = { "the configuration", ROWS(config_rows) };
const struct keys step_keys = { "a step", ROWS(step_rows) };
const struct keys table_keys = { "a table", ROWS(table_rows) };
const struct keys assert_keys = { "an assert", ROWS(assert_rows) };

_Static_assert(sizeof config_rows / sizeof *config_rows <= CONFIG_KEYS_MAX, "CONFIG_KEYS_MAX is too small");
_Static_assert(sizeof histories / sizeof *histories == HISTORIES + 1, "a history has no word");
_Static_assert(sizeof(enum log_level) == sizeof(int), "KEY_ENUM members are written as int");

size_t key_index(const struct key *key)
{
    return (size_t)(key - config_rows);
}

const struct key *key_find(const struct keys *keys, const char *path)
{
    return key_find_part(keys, path, strlen(path));
}

const struct key *key_find_part(const struct keys *keys, const char *path, size_t length)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strlen(keys->rows[i].path) == length && memcmp(keys->rows[i].path, path, length) == 0) {
            return &keys->rows[i];
        }
    }
    return NULL;
}

bool key_section(const struct keys *keys, const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < keys->count; i++) {
        if (strncmp(keys->rows[i].path, path, length) == 0 && keys->rows[i].path[length] == '.') {
            return true;
        }
    }
    return false;
}

static const char *last_word(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot ? dot + 1 : path;
}

/* The words that are valid where the path's last word stands: siblings, be they keys or sections. */
static void siblings_of(const struct keys *keys, const char *path, struct strings *siblings, struct arena *arena)
{
    size_t prefix = (size_t)(last_word(path) - path);

    for (size_t i = 0; i < keys->count; i++) {
        if (strncmp(keys->rows[i].path, path, prefix) == 0 && !keys->rows[i].preset_only) {
            const char *rest = keys->rows[i].path + prefix;
            const char *word = arena_strndup(arena, rest, strcspn(rest, "."));

            if (!strings_contain(siblings, word)) {
                strings_add(arena, siblings, word);
            }
        }
    }
}

/* A key at another place: "timeout" at the top is wait.timeout. Of several with the same last word the nearest path. */
static const char *elsewhere(const struct keys *keys, const char *path)
{
    const char *words[CONFIG_KEYS_MAX], *paths[CONFIG_KEYS_MAX];
    size_t count = 0, same = 0;

    for (size_t i = 0; i < keys->count; i++) {
        if (!keys->rows[i].preset_only) {
            words[count++] = last_word(keys->rows[i].path);
        }
    }

    const char *word = strings_nearest(last_word(path), words, count);

    for (size_t i = 0; word && i < keys->count; i++) {
        if (strcmp(last_word(keys->rows[i].path), word) == 0) {
            paths[same++] = keys->rows[i].path;
        }
    }

    const char *nearest = same ? strings_nearest(path, paths, same) : NULL;

    return nearest || !same ? nearest : paths[0];
}

const char *key_advice(const struct keys *keys, const char *path, struct arena *arena)
{
    struct strings siblings = { 0 };

    siblings_of(keys, path, &siblings, arena);

    const char *nearest = strings_nearest(last_word(path), siblings.items, siblings.count);

    if (nearest) {
        return arena_printf(arena, "did you mean %.*s%s?", (int)(last_word(path) - path), path, nearest);
    }
    nearest = elsewhere(keys, path);
    if (nearest) {
        return arena_printf(arena, "did you mean %s?", nearest);
    }
    if (siblings.count == 0) { /* below something that is no section */
        return "it has no keys of its own";
    }
    return arena_printf(arena, "valid here: %s", strings_listed(arena, &siblings));
}

const char *key_meant(const char *nearest, struct arena *arena)
{
    return nearest ? arena_printf(arena, ": did you mean %s?", nearest) : "";
}

const char *key_variable(const struct key *key, char buffer[KEY_VARIABLE_TEXT])
{
    (void)snprintf(buffer, KEY_VARIABLE_TEXT, "PGENTRY_%s", key->path);
    for (char *c = buffer; *c; c++) {
        *c = *c == '.' ? '_' : (char)toupper((unsigned char)*c);
    }
    return buffer;
}

const struct key *key_of_variable(const char *name)
{
    char buffer[KEY_VARIABLE_TEXT];

    for (size_t i = 0; i < sizeof config_rows / sizeof *config_rows; i++) {
        if (!config_rows[i].preset_only && strcmp(name, key_variable(&config_rows[i], buffer)) == 0) {
            return &config_rows[i];
        }
    }
    return NULL;
}

size_t key_word_count(const char *const *words)
{
    size_t count = 0;

    while (words && words[count]) {
        count++;
    }
    return count;
}

const char *key_words(const char *const *words, struct arena *arena)
{
    size_t count = key_word_count(words);
    const char *list = words[0];

    for (size_t i = 1; i < count; i++) {
        list = arena_printf(arena, "%s%s%s", list, i + 1 == count ? " or " : ", ", words[i]);
    }
    return list;
}
