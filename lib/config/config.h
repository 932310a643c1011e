/* The configuration, read and checked: what contract section 2 says, as one struct. Everything in it lives in one arena
 * and does not change after config_load. Durations are milliseconds; 0 means none or for ever as the contract says. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/log.h"
#include "base/strings.h"

#include <stdbool.h>
#include <stddef.h>

/* Which tool's ledger tells what was applied. */
enum history { HISTORY_NONE, HISTORY_PRISMA, HISTORY_DBMATE, HISTORY_NODE_PG_MIGRATE, HISTORY_RAILS, HISTORIES };

/* What a step is to the guards of contract section 3 rule 4. */
enum step_role {
    STEP_ORDINARY,
    STEP_HISTORY, /* the history's own tool: prisma migrate deploy, dbmate up … */
    STEP_DB_PUSH, /* prisma db push: runs only on an additive diff */
    STEP_SQL      /* pgentry apply */
};

struct variable {
    const char *name;
    const char *value;
    const char *written; /* of a step: with the ${NAME} that were filled in; NULL: as the value */
};

struct step {
    const char *name;
    struct strings argv;  /* run: as a list; empty if shell or sql is used */
    const char *shell;    /* run: as a plain string, for /bin/sh -c */
    struct strings sql;   /* files for pgentry apply */
    struct strings guard; /* of a STEP_DB_PUSH without allow_data_loss: argv that prints the SQL it would run */
    enum step_role role;
    unsigned attempts;
    duration delay;
    duration timeout;
    struct variable *env;
    size_t env_count;
    const char *cwd; /* "." */
    struct strings permanent_errors;
    bool allow_data_loss;
    const struct simples *commands; /* what it comes to (config/simple.h); NULL: not found out */
};

/* The value that the step's own env has for it, or NULL. */
const char *step_variable(const struct step *step, const char *name);

#define STEPS_MAX 64 /* before, steps and after together: each is told of in status and report */

struct steps {
    struct step *items;
    size_t count;
};

/* The first of them that has the role, or NULL. */
const struct step *steps_find(const struct steps *steps, enum step_role role);

struct table {
    const char *schema; /* NULL: verify.schema */
    const char *name;
    struct strings columns;
    struct strings indexes;
    struct strings privileges; /* lower-case: select insert update delete truncate references trigger */
};

struct assertion {
    const char *name;
    const char *sql;
};

enum target { TARGET_READ_WRITE, TARGET_ANY };
enum when { WHEN_PENDING, WHEN_UNVERIFIED, WHEN_ALWAYS };
enum stop_policy { STOP_ABORT, STOP_FINISH };
enum app_mode { APP_SUPERVISE, APP_EXEC };
enum failure_policy { FAILURE_EXIT, FAILURE_HOLD };

#define SIGNAL_SAME 0
/* In bytes: of the 16 kB that the endpoint takes, 1 kB is left to the rest of a request. */
#define HEALTH_TOKEN_MAX 15360

struct config {
    struct arena *arena;
    const char *file; /* the file that was read, or NULL */

    struct {
        const char *url;        /* as written, after interpolation; NULL: PG* variables */
        const char *direct_url; /* NULL: url */
    } database;

    struct {
        duration timeout, connect_timeout, probe_interval, initial_delay, max_delay, permanent_grace;
        double multiplier;
        enum target target;
        struct strings also;
    } wait;

    struct {
        const char *preset; /* the one in force; never "auto" */
        bool unrecognised;  /* it is none because auto found nothing, and no steps are configured either */
        enum history history;
        enum when when;
        bool lock;
        duration lock_timeout;
        struct steps before, steps, after;
        enum stop_policy stop;
    } migrate;

    struct {
        const char *schema; /* never NULL: verify.schema, else the URL's ?schema=, else "public" */
        struct table *tables;
        size_t table_count;
        const char *prisma_schema; /* "auto", "off" or a path */
        struct strings extensions;
        struct assertion *asserts;
        size_t assert_count;
        duration timeout, interval;
    } verify;

    struct {
        enum app_mode mode;
        int stop_signal; /* SIGNAL_SAME or a signal's number */
        duration stop_timeout;
        bool kill_group;
        const char *user; /* "" : as we are */
        bool file_env;
        struct strings ok_exit_text;
        bool ok_exit[256];
        bool stop_timeout_set, ok_exit_set, interval_set; /* given by the user: mode exec warns of those */
    } app;

    struct {
        struct strings listen;
        bool listen_set; /* configured: not to get it is an error, not a warning */
        unsigned failures;
        struct strings placeholder;
        const char *token; /* "": none */
    } health;

    enum failure_policy on_failure;
    struct {
        enum log_format format;
        enum log_level level;
    } log;
    const char *report_file; /* "" : none */

    /* What was read from a NAME_FILE, as NAME=content: for the steps, and with app.file_env for the application. */
    struct variable *file_variables;
    size_t file_variable_count;

    /* Things to tell once the log is open: unknown PGENTRY_ variables, dropped parameters of URLs. */
    struct strings warnings;
};

struct setting {            /* one --set KEY=VALUE or an option that stands for a key, e.g. --log-level */
    const char *assignment; /* KEY=VALUE */
    const char *origin;     /* "--set" or the option's name: for messages and `pgentry config` */
};

/* What another room finds in the values. */
struct config_verdict {
    struct strings keys, faults; /* faults.items[i] is wrong with the value whose path is keys.items[i] */
    struct strings warnings;
};

/* Adds what is wrong with the value of this key, with its hint. */
void config_fault(struct config_verdict *verdict, const char *key, const struct error *error, struct arena *arena);

/* Asked once the values were read, be others wrong or not, so that all errors come in one go. */
typedef void config_check(const struct config *config, struct config_verdict *verdict, struct arena *arena);

struct config_request {
    const char *file; /* -c, or NULL */
    const struct setting *settings;
    size_t setting_count;
    bool no_file;             /* read none: `init` looks at the project alone */
    const char *folder;       /* the preset's project lies there, and its steps run there; NULL: in ours */
    bool database_needed;     /* false for `pgentry init`: no URL is no error */
    config_check *check_urls; /* or NULL; asked if both URLs could be read */
    config_check *check_user; /* or NULL */
    enum log_format *format;  /* or NULL; what could be read of log.format, also where other things are wrong */
    const char *section;      /* "health.": its keys alone are read and checked, all others keep zero; NULL: all */
};

/* Reads file, environment and settings. Returns NULL after every error was added to *errors, each a whole line like
 * "pgentry.yaml:3:5: unknown key migrate.stepz, did you mean migrate.steps?". Registers all secrets with base/mask.
 * Touches nothing but the files it reads. Error lines carry no secret. */
struct config *config_load(const struct config_request *request, struct strings *errors, struct arena *arena);

/* Whether KEY=VALUE gives a secret: a key that is never shown. */
bool config_setting_is_secret(const char *assignment);

/* Gives back everything, the arena included. */
void config_free(struct config *config);

/* The URL that steps get as their DATABASE_URL, or NULL. */
const char *config_step_url(const struct config *config);

/* How long one attempt to connect may take: without wait.connect_timeout as long as wait.timeout; 0: for ever. */
duration config_attempt(const struct config *config);

/* What was read from NAME_FILE for the variable, or NULL. */
const char *config_file_variable(const struct config *config, const char *name);

/* `pgentry config`: the effective configuration as YAML on standard output with where each value came from as a
 * comment, secrets masked. The provenance is kept in the config's arena. */
void config_print(const struct config *config);

/* A text as YAML that reads back as it is, in quotes where it needs them. Not `literal`: a dollar that would be filled
 * in is doubled. */
const char *config_scalar(const char *text, bool literal, struct arena *arena);

/* `pgentry help config`: the reference of all keys, from the table. */
void config_reference(void);
/* `pgentry config --schema`: the JSON Schema, from the table. */
void config_json_schema(void);

#endif
