/* The environment of what is started: ours, and what is put into it. */
#include "runtime/supervisor.h"

#include <string.h>
#include <unistd.h>

/* Where NAME=… stands, or the end. */
static const char **place_of(const char **env, const char *name)
{
    size_t length = strlen(name);
    while (*env && (strncmp(*env, name, length) != 0 || (*env)[length] != '=')) {
        env++;
    }
    return env;
}

const char **environment_copy(const struct supervisor *s, size_t more)
{
    const struct config *config = s->config;
    size_t count = 0;
    while (environ[count]) {
        count++;
    }
    const char **env = arena_array(s->scratch, count + config->file_variable_count + more + 1, sizeof *env);
    memcpy(env, environ, count * sizeof *env);
    for (size_t i = 0; i < config->file_variable_count; i++) {
        environment_set(s, env, config->file_variables[i].name, config->file_variables[i].value);
    }
    return env;
}

void environment_set(const struct supervisor *s, const char **env, const char *name, const char *value)
{
    *place_of(env, name) = arena_printf(s->scratch, "%s=%s", name, value);
}

const char *environment_get(const char **env, const char *name)
{
    const char *assignment = *place_of(env, name);
    return assignment ? assignment + strlen(name) + 1 : NULL;
}
