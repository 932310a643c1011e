/* The environment of what is started: ours, and what is put into it. */
#include "process/lookup.h"
#include "runtime/supervisor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ENTRY 32 /* of one variable beside its text: the pointer, '=', the end, what the arena fills up */

/* Where NAME=… stands, or the end. */
static const char **place_of(const char **env, const char *name)
{
    size_t length = strlen(name);
    while (*env && (strncmp(*env, name, length) != 0 || (*env)[length] != '=')) {
        env++;
    }
    return env;
}

/* What they take in the scratch arena. */
static size_t room_for(const struct variables *variables)
{
    size_t room = 0;
    for (size_t i = 0; i < variables->count; i++) {
        room += strlen(variables->items[i].name) + strlen(variables->items[i].value) + ENTRY;
    }
    return room;
}

static void set(const struct supervisor *s, const char **env, const struct variables *variables)
{
    for (size_t i = 0; i < variables->count; i++) {
        const struct variable *variable = &variables->items[i];
        *place_of(env, variable->name) = arena_printf(s->scratch, "%s=%s", variable->name, variable->value);
    }
}

const char **environment_with(const struct supervisor *s, const struct variables *lists, size_t list_count,
                              const char *program, struct error *error)
{
    size_t count = 0, room = 0, more = 0;
    while (environ[count]) {
        count++;
    }
    for (size_t i = 0; i < list_count; i++) {
        room += room_for(&lists[i]);
        more += lists[i].count;
    }
    if (room + count * sizeof *environ > ENVIRONMENT_MAX) {
        lookup_error(&(struct lookup_failure){ .number = E2BIG }, program, NULL, error);
        return NULL;
    }
    const char **env = arena_array(s->scratch, count + more + 1, sizeof *env);
    memcpy(env, environ, count * sizeof *env);
    for (size_t i = 0; i < list_count; i++) {
        set(s, env, &lists[i]);
    }
    return env;
}

const char *environment_get(const char **env, const char *name)
{
    const char *assignment = *place_of(env, name);
    return assignment ? assignment + strlen(name) + 1 : NULL;
}
