#include "database/psql.h"

#include "base/shell.h"
#include "base/text.h"

#include <string.h>

void psql_of(struct psql *psql, const struct destination *destination)
{
    *psql = (struct psql){
        .host = destination->host_count ? destination->hosts[0] : NULL,
        .port = destination->host_count ? destination->ports[0] : NULL,
        .database = conninfo_get(&destination->info, "dbname"),
        .user = conninfo_get(&destination->info, "user"),
        .sslmode = conninfo_get(&destination->info, "sslmode"),
        .sslrootcert = conninfo_get(&destination->info, "sslrootcert"),
    };
}

/* Each character of `special` is written twice, or with a backslash before it. */
static const char *doubled(const char *text, char around, const char *special, char escape, struct arena *arena)
{
    size_t length = strlen(text), size = 2 * length + 3;
    struct text result = text_over(arena_alloc(arena, size), size);

    text_char(&result, around);
    text_marked(&result, text, length, special, escape);
    text_char(&result, around);
    return result.data;
}

const char *sql_name(const char *name, struct arena *arena)
{
    return doubled(name, '"', "\"", 0, arena);
}

const char *sql_role(const char *user, struct arena *arena)
{
    return user ? sql_name(user, arena) : "CURRENT_USER";
}

const char *sql_string(const char *text, struct arena *arena)
{
    /* Whatever standard_conforming_strings is there (manual, "String Constants with C-Style Escapes"). */
    return arena_printf(arena, "%s%s", strchr(text, '\\') ? "E" : "", doubled(text, '\'', "'\\", 0, arena));
}

/* A value of a keyword string (libpq manual, "Keyword/Value Connection Strings"). */
static const char *keyword_value(const char *value, struct arena *arena)
{
    bool plain = *value && !strpbrk(value, " \t\r\n\f\v'\\");

    return plain ? value : doubled(value, '\'', "'\\", '\\', arena);
}

static const char *prefix(const struct psql *psql, const char *user, const char *database, struct arena *arena)
{
    const char *const words[][2] = {
        { "host", psql->host },
        { "port", psql->port },
        { "dbname", database ? database : psql->database },
        { "user", user ? user : psql->user },
        { "sslmode", psql->sslmode },
        { "sslrootcert", psql->sslrootcert },
        { "channel_binding", psql->channel_binding },
        { "options", psql->options },
    };
    const char *string = "";

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i][1]) {
            string = arena_printf(arena, "%s%s%s=%s", string, *string ? " " : "", words[i][0],
                                  keyword_value(words[i][1], arena));
        }
    }
    return *string ? arena_printf(arena, "psql %s -c ", shell_quote(string, arena)) : "psql -c ";
}

const char *psql_command(const struct psql *psql, const char *user, const char *database, const char *sql,
                         struct arena *arena)
{
    return arena_printf(arena, "%s%s", prefix(psql, user, database, arena), shell_quote(sql, arena));
}
