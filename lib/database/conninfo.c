#include "database/conninfo.h"

#include "base/mask.h"
#include "database/dialect.h"
#include "database/url.h"

#include <string.h>
#include <strings.h>

#define FIRST_CAPACITY 32

/* ---- the list ---- */

static size_t position_of(const struct conninfo *info, const char *keyword)
{
    size_t i = 0;

    while (i < info->count && strcmp(info->keywords[i], keyword) != 0) {
        i++;
    }
    return i;
}

const char *conninfo_get(const struct conninfo *info, const char *keyword)
{
    size_t i = position_of(info, keyword);

    return i < info->count ? info->values[i] : NULL;
}

/* One place stays free for the NULL at the end. */
static void resize(struct conninfo *info, size_t capacity, struct arena *arena)
{
    const char **keywords = arena_array(arena, capacity, sizeof *keywords);
    const char **values = arena_array(arena, capacity, sizeof *values);

    for (size_t i = 0; i < info->count; i++) {
        keywords[i] = info->keywords[i];
        values[i] = info->values[i];
    }
    info->keywords = keywords;
    info->values = values;
    info->capacity = capacity;
}

struct conninfo conninfo_copy(const struct conninfo *info, struct arena *arena)
{
    struct conninfo copy = *info;

    resize(&copy, info->capacity, arena);
    return copy;
}

void conninfo_set(struct conninfo *info, const char *keyword, const char *value, struct arena *arena)
{
    size_t i = position_of(info, keyword);

    if (i == info->count) {
        if (info->count + 1 == info->capacity) {
            resize(info, 2 * info->capacity, arena);
        }
        info->keywords[info->count++] = arena_strdup(arena, keyword);
    }
    info->values[i] = arena_strdup(arena, value);
}

void conninfo_default(struct conninfo *info, const char *keyword, const char *value, struct arena *arena)
{
    if (!conninfo_get(info, keyword)) {
        conninfo_set(info, keyword, value, arena);
    }
}

/* ---- URLs ---- */

static bool read_url(struct dialect_reading *reading, const char *text, struct error *error)
{
    struct url url;

    if (!url_parse(&url, text, reading->arena, error)) {
        return false;
    }

    const struct url_parameter parts[] = {
        { "user", url.user },
        { "password", url.password },
        { "dbname", url.database },
        { "port", url.ports },
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].value) {
            conninfo_set(reading->info, parts[i].name, parts[i].value, reading->arena);
        }
    }
    if (url.raw_password) {
        mask_add(url.raw_password);
    }
    for (size_t i = 0; i < url.parameter_count; i++) {
        dialect_parameter(reading, url.parameters[i].name, url.parameters[i].value);
    }
    reading->hosts = reading->hosts ? reading->hosts : url.hosts;
    return true;
}

/* ---- keyword strings (libpq manual, "Keyword/Value Connection Strings") ---- */

static const char blanks[] = " \t\r\n\f\v";

/* A value, quoted or not; NULL if its quote is not closed. */
static const char *read_value(const char **text, struct arena *arena)
{
    const char *c = *text;
    bool quoted = *c == '\'';
    char *value = arena_alloc(arena, strlen(c) + 1);
    size_t n = 0;

    for (c += quoted; *c && (quoted ? *c != '\'' : !strchr(blanks, *c)); c++) {
        if (*c == '\\' && c[1]) {
            c++;
        }
        value[n++] = *c;
    }
    if (quoted && !*c) {
        return NULL;
    }
    *text = c + quoted;
    return value;
}

/* Always false. DATABASE_URL=postgres://…, psql 'postgres://…' and a byte order mark come of pasting. */
static bool refuse_keywords(const char *text, const char *message, struct error *error)
{
    if (strstr(text, "postgres://") || strstr(text, "postgresql://")) {
        error_set(error, STATUS_CONFIG, "something stands before the postgres:// of the URL");
        return error_hint(error, "write the URL alone, without a variable's name, a command or quotes");
    }
    error_set(error, STATUS_CONFIG, "%s", message);
    return error_hint(error, "write postgres://USER:PASSWORD@HOST:5432/DATABASE");
}

static bool read_keywords(struct dialect_reading *reading, const char *text, struct error *error)
{
    const char *whole = text;

    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        size_t length = strcspn(text, "= \t\r\n\f\v");
        const char *name = arena_strndup(reading->arena, text, length);

        text += length;
        text += strspn(text, blanks);
        if (*text != '=' || length == 0) {
            return refuse_keywords(whole, "neither a URL nor a libpq keyword string", error);
        }
        text += 1;
        text += strspn(text, blanks);

        const char *value = read_value(&text, reading->arena);

        if (!value) {
            return error_set(error, STATUS_CONFIG, "a quote in the keyword string is not closed");
        }
        dialect_parameter(reading, name, value);
    }
    /* Host=db;Username=… of other drivers: without this, a connection to localhost would be tried. */
    if (reading->info->count == 0 && !reading->hosts) {
        return refuse_keywords(whole, "the string holds no keyword that libpq knows", error);
    }
    return true;
}

/* ---- which dialect ---- */

static const char *const schemes[] = { "postgres", "postgresql", "postgis", "pgsql", "psql", "ecto" };

/* Length of "scheme:" at the start of the text, or 0. */
static size_t scheme_length(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._");

    return length && strncmp(text + length, "://", 3) == 0 ? length : 0;
}

/* A driver may follow the name: postgresql+psycopg2. */
static bool scheme_is_postgres(const char *text, size_t length)
{
    const char *plus = memchr(text, '+', length);
    size_t name = plus ? (size_t)(plus - text) : length;

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (strlen(schemes[i]) == name && strncasecmp(schemes[i], text, name) == 0) {
            return true;
        }
    }
    return false;
}

bool conninfo_is_prisma_proxy(const char *url)
{
    return url && (strncasecmp(url, "prisma://", 9) == 0 || strncasecmp(url, "prisma+postgres://", 18) == 0);
}

/* jdbc:postgresql://host/db, jdbc:postgresql:db and jdbc:postgresql:/ */
static bool read_jdbc(struct dialect_reading *reading, const char *text, struct error *error)
{
    reading->jdbc = true;
    if (strncmp(text, "//", 2) == 0) {
        return read_url(reading, text + 2, error);
    }
    return read_url(reading, text[0] == '/' ? text : arena_printf(reading->arena, "/%s", text), error);
}

static bool read_text(struct dialect_reading *reading, const char *text, struct error *error)
{
    static const char jdbc[] = "jdbc:postgresql:";
    size_t scheme = scheme_length(text);

    reading->url = true;
    if (conninfo_is_prisma_proxy(text)) {
        return error_set(error, STATUS_CONFIG,
                         "a %.*s:// URL leads to a proxy of Prisma's that speaks no PostgreSQL: "
                         "set database.direct_url to the server itself",
                         (int)scheme, text);
    }
    if (strncasecmp(text, jdbc, sizeof jdbc - 1) == 0) {
        return read_jdbc(reading, text + sizeof jdbc - 1, error);
    }
    if (scheme && scheme_is_postgres(text, scheme)) {
        return read_url(reading, text + scheme + 3, error);
    }
    if (scheme) { /* not named: it may as well be a password in the wrong place */
        return error_set(error, STATUS_CONFIG,
                         "the URL is not PostgreSQL's: one starts with postgres:// or postgresql://");
    }
    if (text[0] == '"' || text[0] == '\'') {
        return error_set(error, STATUS_CONFIG, "it starts with a quotation mark: write it without quotes");
    }
    reading->url = false;
    return read_keywords(reading, text, error);
}

/* ---- all of it ---- */

static void mask_secrets(const struct conninfo *info)
{
    static const char *const secrets[] = { "password", "sslpassword" };

    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        if (conninfo_get(info, secrets[i])) {
            mask_add(conninfo_get(info, secrets[i]));
        }
    }
}

bool conninfo_parse(struct conninfo *info, const char *text, struct arena *arena, struct error *error)
{
    struct dialect_reading reading = { .info = info, .arena = arena };
    bool fine = true;

    *info = (struct conninfo){ 0 };
    resize(info, FIRST_CAPACITY, arena);
    if (!text) {
        return true;
    }
    text += strspn(text, blanks);

    size_t length = strlen(text);

    while (length && strchr(blanks, text[length - 1])) { /* a mounted secret ends with a new line */
        length--;
    }
    if (length == 0) {
        return error_set(error, STATUS_CONFIG, "it is empty");
    }
    reading.known = PQconndefaults();
    if (!reading.known) { /* every parameter would be dropped as unknown, channel_binding=require among them */
        out_of_memory();
    }
    fine = read_text(&reading, arena_strndup(arena, text, length), error);
    PQconninfoFree(reading.known);
    if (fine) {
        dialect_finish(&reading);
        mask_secrets(info);
    }
    return fine;
}
