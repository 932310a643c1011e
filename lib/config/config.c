#include "config/config.h"

#include "config/command.h"
#include "config/preset.h"
#include "config/push.h"
#include "config/reading.h"
#include "config/url.h"
#include "config/word.h"

#include "base/mask.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- from nodes to values ---- */

static const struct source url_source = { RANK_DEFAULT, "database.url" };
static const struct source libpq_source = { RANK_DEFAULT, "PG* variables" };

enum rank winner_of(const struct node *const values[RANKS])
{
    enum rank rank = RANKS - 1;

    while (rank > RANK_DEFAULT && !values[rank]) {
        rank--;
    }
    return rank;
}

static const struct node *const *values_of(const struct reading *reading, const char *path)
{
    return reading->loaded->values[key_index(key_find(&config_keys, path))];
}

static const struct node *node_of(const struct reading *reading, const char *path)
{
    const struct node *const *values = values_of(reading, path);

    return values[winner_of(values)];
}

static bool user_set(const struct reading *reading, const char *path)
{
    return winner_of(values_of(reading, path)) > RANK_PRESET;
}

/* The contract's own default, also written out: without DATABASE_URL it is as if nothing were configured. */
static bool url_unset(struct reading *reading, const struct key *key, const struct node *node)
{
    bool failed = false;

    return strcmp(key->path, "database.url") == 0 && node->kind == NODE_SCALAR &&
           strcmp(node->text, "${DATABASE_URL}") == 0 && !variable_value(reading, node, "DATABASE_URL", &failed) &&
           !failed;
}

/* A default that names a variable comes from there, or from its file. */
static const struct source *source_of_default(const struct reading *reading, const char *fallback)
{
    if (strncmp(fallback, "${", 2) != 0) {
        return &source_default;
    }

    const char *name = arena_strndup(reading->arena, fallback + 2, strcspn(fallback + 2, ":}"));
    const char *names[] = { name, arena_printf(reading->arena, "%s_FILE", name) };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (variable_set(names[i])) {
            return source_new(RANK_DEFAULT, names[i], reading->arena);
        }
    }
    return &source_default;
}

/* The strongest value there is. False if it cannot be filled in, which was told then. */
static bool find_winner(struct reading *reading, const struct key *key, const struct node **values, enum rank *winner)
{
    bool failed = false;

    for (*winner = winner_of(values); *winner > RANK_DEFAULT; *winner = winner_of(values)) {
        const struct node *node = values[*winner];

        if (url_unset(reading, key, node) || value_given(reading, key, node, &failed)) {
            return true;
        }
        if (failed) {
            return false;
        }
        values[*winner] = NULL;
    }
    return true;
}

/* What a weaker source says is checked as well, so that all errors come in one go; then the strongest is stored. */
static bool apply(struct reading *reading, const struct key *key)
{
    const struct node **values = reading->loaded->values[key_index(key)];
    enum rank winner;
    bool fine = find_winner(reading, key, values, &winner);
    enum rank end = fine ? winner + 1 : winner;

    if (key->fallback) {
        values[RANK_DEFAULT] = value_node(reading, key, source_of_default(reading, key->fallback), key->fallback);
    }
    for (enum rank rank = RANK_DEFAULT; rank < end; rank++) {
        if (values[rank] && !url_unset(reading, key, values[rank])) {
            reading->overridden = rank < winner;
            fine = value_store(reading, key, key->path, values[rank], reading->config) && fine;
        }
    }
    reading->overridden = false;
    return fine;
}

/* ---- what is known once all values are there ---- */

static bool any_libpq_variable(void)
{
    static const char *const names[] = { "PGHOST",     "PGHOSTADDR", "PGPORT",    "PGDATABASE",   "PGUSER",
                                         "PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (variable_set(names[i])) {
            return true;
        }
    }
    return false;
}

/* A secret made with echo ends with a newline, which libpq would take for a part of the last parameter. NULL if nothing
 * is left. */
static const char *trimmed(const char *text, struct arena *arena)
{
    static const char blanks[] = " \t\r\n";

    text += strspn(text, blanks);

    size_t length = strlen(text);

    while (length && strchr(blanks, text[length - 1])) {
        length--;
    }
    return length ? arena_strndup(arena, text, length) : NULL;
}

static bool holds_control(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == '\x7F') {
            return true;
        }
    }
    return false;
}

/* A token that no request can carry (RFC 9110 section 5.5) would open nothing, ever. */
static void finish_token(struct reading *reading)
{
    const struct config *config = reading->config;
    const struct node *node = node_of(reading, "health.token");

    mask_add(config->health.token);
    if (holds_control(config->health.token)) {
        (void)complain(reading, node, "health.token holds a control character, which no request can carry");
    } else if (strlen(config->health.token) > HEALTH_TOKEN_MAX) {
        (void)complain(reading, node, "health.token is too long to be sent: at most %d bytes fit into a request",
                       HEALTH_TOKEN_MAX);
    }
}

/* ${NAME} as a shell or Compose would fill it in, $(NAME) as Kubernetes. */
static bool holds_variable(const char *text)
{
    for (; (text = strchr(text, '$')) != NULL; text++) {
        size_t name = strchr("{(", text[1]) ? strspn(text + 2, WORD_NAME) : 0;

        if (name && text[2 + name] == (text[1] == '{' ? '}' : ')')) {
            return true;
        }
    }
    return false;
}

/* What becomes of a variable that holds a URL is told where others will not take it as we do. */
static void warn_of_variable(struct reading *reading, const char *path, const char *url)
{
    const struct node *node = node_of(reading, path);
    const char *given = node ? getenv(node->source->name) : NULL;

    if (!given || !strstr(given, url)) {
        return;
    }
    if (strcmp(given, url) != 0) {
        strings_add(reading->arena, &reading->config->warnings,
                    arena_printf(reading->arena,
                                 "%s has blanks or a line end around its URL: left out here and for the steps, but the "
                                 "application gets them, and may look for a database whose name ends so",
                                 node->source->name));
    }
    if (holds_variable(url)) {
        strings_add(reading->arena, &reading->config->warnings,
                    arena_printf(reading->arena,
                                 "%s holds a ${NAME} or $(NAME) that nothing has filled in: it is taken as it stands "
                                 "(an env file of docker run fills in none)",
                                 node->source->name));
    }
}

/* The name of a variable that holds PostgreSQL's URL under another name, or NULL. */
static const char *other_url_variable(struct arena *arena)
{
    static const char *const schemes[] = { "postgres://", "postgresql://" };

    for (char **variable = environ; variable && *variable; variable++) {
        const char *value = strchr(*variable, '=');

        for (size_t i = 0; value && i < sizeof schemes / sizeof schemes[0]; i++) {
            if (strncmp(value + 1, schemes[i], strlen(schemes[i])) == 0) {
                return arena_strndup(arena, *variable, (size_t)(value - *variable));
            }
        }
    }
    return NULL;
}

static void finish_database(struct reading *reading, bool needed)
{
    struct config *config = reading->config;
    static const char *const paths[] = { "database.url", "database.direct_url" };
    const char **urls[] = { &config->database.url, &config->database.direct_url };

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        *urls[i] = *urls[i] ? trimmed(*urls[i], reading->arena) : NULL;
        if (*urls[i]) {
            secret_of_url(*urls[i]);
            warn_of_variable(reading, paths[i], *urls[i]);
        }
    }
    if (!config->database.url && needed && !any_libpq_variable()) {
        const struct node *node = user_set(reading, "database.url") ? node_of(reading, "database.url") : NULL;
        const char *other = other_url_variable(reading->arena);
        const char *hint = other ? arena_printf(reading->arena, " (%s holds one: url: ${%s})", other, other)
                           : config_file_variable(config, "DATABASE_URL")
                               ? arena_printf(reading->arena, " (%s)", variable_lack(reading, "DATABASE_URL"))
                               : "";

        (void)complain(reading, node ? node : node_new(&url_source, "", reading->arena),
                       "no database is configured: set DATABASE_URL, or PGHOST and the other PG* variables, or "
                       "database.url in pgentry.yaml%s",
                       hint);
    }
}

static void finish_verify(struct reading *reading)
{
    struct config *config = reading->config;
    const struct node *tables = node_of(reading, "verify.tables");

    if (config->verify.prisma_schema && *config->verify.prisma_schema == '\0') {
        config->verify.prisma_schema = "auto";
    }
    if (!config->verify.schema) {
        config->verify.schema = url_schema(config->database.url, reading->arena);
        if (config->verify.schema) {
            const struct node *url = node_new(&url_source, "", reading->arena);

            reading->loaded->values[key_index(key_find(&config_keys, "verify.schema"))][RANK_DEFAULT] = url;
            (void)value_check_name(reading, "its schema", url, config->verify.schema);
        } else {
            config->verify.schema = "public";
        }
    }
    if (tables) {
        (void)lists_check_tables(reading, tables);
    }
}

static void finish_app(struct reading *reading)
{
    struct config *config = reading->config;

    for (size_t i = 0; i < config->app.ok_exit_text.count; i++) {
        config->app.ok_exit[strtol(config->app.ok_exit_text.items[i], NULL, 10) & 255] = true;
    }
    config->app.stop_timeout_set = user_set(reading, "app.stop_timeout");
    config->app.ok_exit_set = user_set(reading, "app.ok_exit");
    config->app.interval_set = user_set(reading, "verify.interval");
    config->health.listen_set = user_set(reading, "health.listen");
}

/* Where a list's member was read: all of them at one place if it was written as a single text. */
static const struct node *member_of(const struct node *list, size_t index)
{
    const struct node *member = list && list->kind == NODE_LIST ? list->first : NULL;

    while (member && index--) {
        member = member->next;
    }
    return member ? member : list;
}

struct addresses {
    const char *path;
    const struct strings *list;
};

/* That none is taken by one of `by`, in the same list by one before it. */
static void check_taken(struct reading *reading, const struct addresses *addresses, const struct addresses *by)
{
    const struct strings *list = addresses->list;

    for (size_t i = 0; i < list->count; i++) {
        const struct strings before = { by->list->items, list == by->list ? i : by->list->count, 0 };
        const char *taken = address_taken(list->items[i], &before);

        if (taken) {
            (void)complain(reading, member_of(node_of(reading, addresses->path), i),
                           "%s[%zu]: \"%s\" is taken by \"%s\" of %s", addresses->path, i,
                           mask_copy(reading->arena, list->items[i]), mask_copy(reading->arena, taken), by->path);
        }
    }
}

static void check_addresses(struct reading *reading)
{
    const struct addresses listen = { "health.listen", &reading->config->health.listen };
    const struct addresses placeholder = { "health.placeholder", &reading->config->health.placeholder };

    check_taken(reading, &listen, &listen);
    check_taken(reading, &placeholder, &listen);
    check_taken(reading, &placeholder, &placeholder);
}

/* False: it cannot be guarded, and is the preset's, which nobody wrote: the steps before it may do. */
static bool guard_step(struct reading *reading, struct step *step, const char *path, const struct node *node)
{
    const char *why = push_guard(step, reading->arena);

    if (why && node->source->rank == RANK_PRESET) {
        strings_add(reading->arena, &reading->config->warnings,
                    arena_printf(reading->arena,
                                 "the preset's step %s is left out: a prisma db push cannot be guarded %s", step->name,
                                 why));
        return false;
    }
    if (why) {
        (void)complain(reading, node, "%s: a prisma db push cannot be guarded %s", path, why);
    }
    return true;
}

static void finish_steps(struct reading *reading, const char *path, struct steps *steps)
{
    const struct node *list = node_of(reading, path);
    size_t kept = 0;

    for (size_t i = 0; i < steps->count; i++) {
        struct step *step = &steps->items[i];

        step->role = command_role(step, reading->config->migrate.history, reading->arena);
        if (step->role != STEP_DB_PUSH || step->allow_data_loss ||
            guard_step(reading, step, value_path(reading, path, i), member_of(list, i))) {
            steps->items[kept++] = *step;
        }
    }
    steps->count = kept;
}

static void count_steps(struct reading *reading)
{
    const struct config *config = reading->config;
    size_t count = config->migrate.before.count + config->migrate.steps.count + config->migrate.after.count;

    if (count > STEPS_MAX) {
        (void)complain(reading, node_of(reading, "migrate.steps"),
                       "migrate: %zu steps, %d at most: a raw SQL step takes many files, a shell step many commands",
                       count, STEPS_MAX);
    }
}

/* ---- the preset ---- */

/* Prisma 7 no longer knows --skip-generate: db push generates nothing there. A schema that the CLI would not find by
 * itself has to be named to it. */
static void adapt_prisma_steps(struct reading *reading)
{
    struct steps *steps = &reading->config->migrate.steps;
    const char *named = reading->config->verify.prisma_schema;
    struct prisma_project project, by_itself;

    if (!preset_prisma(reading, &project)) {
        return;
    }
    by_itself = project;
    if (strcmp(named, "auto") != 0 && strcmp(named, "off") != 0) { /* else nothing can have led elsewhere */
        (void)prisma_project_find(&by_itself, reading->folder, NULL, reading->arena);
    }
    for (size_t i = 0; i < steps->count; i++) {
        struct strings argv = { 0 };

        for (size_t j = 0; j < steps->items[i].argv.count; j++) {
            if (project.major < 7 || strcmp(steps->items[i].argv.items[j], "--skip-generate") != 0) {
                strings_add(reading->arena, &argv, steps->items[i].argv.items[j]);
            }
        }
        if (by_itself.schema_doubtful != project.schema_doubtful || !strings_same(project.schema, by_itself.schema)) {
            strings_add(reading->arena, &argv, "--schema");
            strings_add(reading->arena, &argv, project.schema);
        }
        steps->items[i].argv = argv;
        steps->items[i].commands = NULL;
    }
}

static void adapt_steps(struct reading *reading)
{
    const struct steps *steps = &reading->config->migrate.steps;

    for (size_t i = 0; i < steps->count; i++) {
        steps->items[i].cwd = reading->folder;
    }
    if (strcmp(reading->config->migrate.preset, "prisma") == 0) {
        adapt_prisma_steps(reading);
    }
}

/* What the preset depends on is known before all else, then its document is one more source. */
static void collect_preset(struct reading *reading)
{
    struct config *config = reading->config;

    if (!apply(reading, key_find(&config_keys, "migrate.preset")) ||
        !apply(reading, key_find(&config_keys, "verify.prisma_schema"))) {
        return;
    }
    if (strcmp(config->migrate.preset, "auto") == 0) {
        config->migrate.preset = preset_detect(reading);
        config->migrate.unrecognised =
            strcmp(config->migrate.preset, "none") == 0 && !user_set(reading, "migrate.steps");
    }

    const struct node *document = preset_document(reading, config->migrate.preset);

    if (document) {
        collect_map(reading, document, "");
    }
}

/* No attempt lasts longer than all the waiting of a boot. */
static void finish_wait(struct config *config)
{
    if (config->wait.timeout && config->wait.connect_timeout > config->wait.timeout) {
        config->wait.connect_timeout = config->wait.timeout;
    }
}

/* ---- all together ---- */

void config_fault(struct config_verdict *verdict, const char *key, const struct error *error, struct arena *arena)
{
    strings_add(arena, &verdict->keys, key);
    strings_add(arena, &verdict->faults,
                arena_printf(arena, "%s%s%s", error->message, error->hint[0] ? ": " : "", error->hint));
}

static void ask(struct reading *reading, config_check *check)
{
    struct config_verdict verdict = { 0 };

    if (check) {
        check(reading->config, &verdict, reading->arena);
    }
    for (size_t i = 0; i < verdict.faults.count; i++) {
        const struct node *node = node_of(reading, verdict.keys.items[i]);
        bool written = node && node->source != &source_default; /* else libpq found it where it looks itself */

        (void)complain(reading, written ? node : node_new(&libpq_source, "", reading->arena), "%s",
                       verdict.faults.items[i]);
    }
    strings_add_all(reading->arena, &reading->config->warnings, &verdict.warnings);
}

static void load_section(struct reading *reading, const char *section)
{
    for (size_t i = 0; i < config_keys.count; i++) {
        if (strncmp(config_keys.rows[i].path, section, strlen(section)) == 0) {
            (void)apply(reading, &config_keys.rows[i]);
        }
    }
}

static void load_all(struct reading *reading, const struct config_request *request, bool readable)
{
    struct config *config = reading->config;
    bool located = true;

    collect_preset(reading);

    const char *preset = config->migrate.preset;

    for (size_t i = 0; i < config_keys.count; i++) {
        bool fine = apply(reading, &config_keys.rows[i]);

        located = located && (fine || strncmp(config_keys.rows[i].path, "database.", 9) != 0);
    }
    config->migrate.preset = preset;
    finish_wait(config);
    finish_database(reading, request->database_needed && readable && located);
    ask(reading, located ? request->check_urls : NULL);
    ask(reading, request->check_user);
    finish_verify(reading);
    finish_app(reading);
    if (!user_set(reading, "migrate.steps")) {
        adapt_steps(reading);
    }
    finish_steps(reading, "migrate.before", &config->migrate.before);
    finish_steps(reading, "migrate.steps", &config->migrate.steps);
    finish_steps(reading, "migrate.after", &config->migrate.after);
    count_steps(reading);
}

/* pgentry.yaml:9:3 before pgentry.yaml:10:1: strverscmp() takes digits for the numbers they are. */
static int by_place(const void *left, const void *right)
{
    return strverscmp(*(const char *const *)left, *(const char *const *)right);
}

struct config *config_load(const struct config_request *request, struct strings *errors, struct arena *arena)
{
    struct loaded *loaded = arena_alloc(arena, sizeof *loaded);
    struct config *config = &loaded->config;
    struct reading reading = { .loaded = loaded,
                               .config = config,
                               .errors = errors,
                               .arena = arena,
                               .folder = request->folder ? request->folder : "." };
    size_t errors_before = errors->count;

    config->arena = arena;
    secret_of_environment();

    bool readable = collect_sources(&reading, request);

    if (request->section) {
        load_section(&reading, request->section);
    } else {
        load_all(&reading, request, readable);
    }
    finish_token(&reading);
    check_addresses(&reading);
    if (errors->count > errors_before) { /* found in the order of the keys, read in that of the file */
        qsort(errors->items + errors_before, errors->count - errors_before, sizeof *errors->items, by_place);
    }
    if (request->format) {
        *request->format = config->log.format;
    }
    return errors->count > errors_before ? NULL : config;
}

const char *step_variable(const struct step *step, const char *name)
{
    for (size_t i = 0; i < step->env_count; i++) {
        if (strcmp(step->env[i].name, name) == 0) {
            return step->env[i].value;
        }
    }
    return NULL;
}

const struct step *steps_find(const struct steps *steps, enum step_role role)
{
    for (size_t i = 0; i < steps->count; i++) {
        if (steps->items[i].role == role) {
            return &steps->items[i];
        }
    }
    return NULL;
}

const char *config_step_url(const struct config *config)
{
    return config->database.direct_url ? config->database.direct_url : config->database.url;
}

duration config_attempt(const struct config *config)
{
    return config->wait.connect_timeout ? config->wait.connect_timeout : config->wait.timeout;
}

void config_free(struct config *config)
{
    arena_free(config->arena);
}
