#include "config/reading.h"
#include "config/word.h"

#include "base/mask.h"
#include "config/content.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_FILE_MAX ((size_t)64 << 10)
#define NESTING_MAX 8                /* ${A:-${B:-…}} */
#define FILLED_MAX ((size_t)1 << 20) /* a small text must not grow without bound */

/* A piece of a scalar that is being filled in. */
struct filling {
    struct reading *reading;
    const struct node *node;
    char *result;
    size_t length, capacity;
    bool failed; /* one variable cannot be had: the rest is looked at all the same, for its errors */
};

/* ---- the variables ---- */

static const char *remember(struct reading *reading, const char *name, const char *content)
{
    struct config *config = reading->config;
    struct variable *variables = arena_array(reading->arena, config->file_variable_count + 1, sizeof *variables);

    if (config->file_variable_count) {
        memcpy(variables, config->file_variables, config->file_variable_count * sizeof *variables);
    }
    variables[config->file_variable_count] =
        (struct variable){ .name = arena_strdup(reading->arena, name), .value = content };
    config->file_variables = variables;
    config->file_variable_count++;
    mask_add(content);
    secret_of_url(content);
    return content;
}

const char *config_file_variable(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->file_variable_count; i++) {
        if (strcmp(config->file_variables[i].name, name) == 0) {
            return config->file_variables[i].value;
        }
    }
    return NULL;
}

static const char *read_secret(struct reading *reading, const struct node *node, const char *name, const char *path)
{
    size_t length;
    char *content = content_read(path, SECRET_FILE_MAX, &length, reading->arena);
    const char *why = NULL;

    if (!content) {
        why = content_problem(path, SECRET_FILE_MAX, reading->arena);
    } else if (memchr(content, '\0', length)) {
        why = "holds a NUL byte";
    }
    if (why || !content) {
        if (!reading->overridden) {
            (void)complain(reading, node, "%s_FILE names %s, which %s", name, path, why);
        }
        return NULL;
    }
    while (length && (content[length - 1] == '\n' || content[length - 1] == '\r')) {
        content[--length] = '\0';
    }
    return remember(reading, name, content);
}

const char *variable_set(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

const char *variable_value(struct reading *reading, const struct node *node, const char *name, bool *failed)
{
    const char *value = variable_set(name);

    if (!value) {
        value = config_file_variable(reading->config, name);
    }
    if (!value) {
        const char *path = variable_set(arena_printf(reading->arena, "%s_FILE", name));

        value = path ? read_secret(reading, node, name, path) : NULL;
        *failed = *failed || (path && !value);
    }
    return value && *value ? value : NULL;
}

const char *variable_lack(struct reading *reading, const char *name)
{
    if (config_file_variable(reading->config, name)) {
        const char *file = arena_printf(reading->arena, "%s_FILE", name);

        return arena_printf(reading->arena, "%s names %s, which is empty", file, variable_set(file));
    }
    return arena_printf(reading->arena, "%s is %s", name, getenv(name) ? "empty" : "not set");
}

/* ---- filling in ---- */

static bool add(struct filling *filling, const char *bytes, size_t length)
{
    if (filling->length + length > FILLED_MAX) {
        return complain(filling->reading, filling->node, "with its variables filled in it is larger than 1 MiB");
    }
    if (filling->length + length >= filling->capacity) {
        size_t capacity = 2 * (filling->length + length + 1);
        char *grown = arena_alloc(filling->reading->arena, capacity);

        memcpy(grown, filling->result, filling->length);
        filling->result = grown;
        filling->capacity = capacity;
    }
    memcpy(filling->result + filling->length, bytes, length);
    filling->length += length;
    filling->result[filling->length] = '\0';
    return true;
}

static bool add_encoded(struct filling *filling, const char *value)
{
    /* RFC 3986 section 2.3: everything but the unreserved characters. */
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    size_t length = strlen(value);
    char *encoded = arena_alloc(filling->reading->arena, 3 * length + 1);
    char *out = encoded;

    for (; *value; value++) {
        if (strchr(unreserved, *value)) {
            *out++ = *value;
        } else {
            *out++ = '%';
            *out++ = "0123456789ABCDEF"[(unsigned char)*value >> 4];
            *out++ = "0123456789ABCDEF"[(unsigned char)*value & 15];
        }
    }
    return add(filling, encoded, (size_t)(out - encoded));
}

static bool fill(struct filling *filling, const char *text, size_t length, unsigned depth);

/* The inside of ${…}: a name, then nothing, |url, :-default or :?message. */
static bool fill_variable(struct filling *filling, const char *inside, size_t length, unsigned depth)
{
    struct reading *reading = filling->reading;
    size_t name_length = 0;
    bool failed = false;

    while (name_length < length && strchr(WORD_NAME, inside[name_length])) {
        name_length++;
    }

    const char *name = arena_strndup(reading->arena, inside, name_length);
    const char *rest = arena_strndup(reading->arena, inside + name_length, length - name_length);
    bool url = strcmp(rest, "|url") == 0;
    bool other = strncmp(rest, ":-", 2) == 0;
    bool must = strncmp(rest, ":?", 2) == 0;

    if (name_length == 0 || (name[0] >= '0' && name[0] <= '9') || (*rest && !url && !other && !must)) {
        (void)complain(reading, filling->node,
                       "${%.*s} is not understood: write ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME|url}; "
                       "$$ for a dollar",
                       (int)(length < 64 ? length : 64), inside);
        filling->failed = true;
        return true;
    }

    const char *value = variable_value(reading, filling->node, name, &failed);

    if (value) {
        return url ? add_encoded(filling, value) : add(filling, value, strlen(value));
    }
    if (other && !failed) {
        return fill(filling, rest + 2, strlen(rest + 2), depth + 1);
    }
    if (!failed && !reading->overridden) {
        (void)complain(reading, filling->node, "%s%s%s", variable_lack(reading, name), must ? ": " : "",
                       must ? rest + 2 : "");
    }
    filling->failed = true;
    return true;
}

/* Length of what is up to the brace that closes; SIZE_MAX if none does. */
static size_t closing(const char *text, size_t length)
{
    unsigned open = 1;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '$' && i + 1 < length && text[i + 1] == '{') {
            open++;
        } else if (text[i] == '}' && --open == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool fill(struct filling *filling, const char *text, size_t length, unsigned depth)
{
    if (depth > NESTING_MAX) {
        return complain(filling->reading, filling->node, "${…} nested more than %d deep", NESTING_MAX);
    }
    for (size_t i = 0; i < length;) {
        const char *dollar = memchr(text + i, '$', length - i);
        size_t plain = dollar ? (size_t)(dollar - text) - i : length - i;

        if (!add(filling, text + i, plain)) {
            return false;
        }
        i += plain;
        if (i + 1 < length && text[i + 1] == '{') {
            size_t inside = closing(text + i + 2, length - i - 2);

            if (inside == SIZE_MAX) {
                return complain(filling->reading, filling->node, "${ without its closing brace");
            }
            if (!fill_variable(filling, text + i + 2, inside, depth)) {
                return false;
            }
            i += inside + 3;
        } else if (i < length) { /* $$ is a dollar, and so is one that means nothing */
            if (!add(filling, "$", 1)) {
                return false;
            }
            i += i + 1 < length && text[i + 1] == '$' ? 2 : 1;
        }
    }
    return true;
}

const char *variable_fill(struct reading *reading, const struct node *node)
{
    char empty[1] = "";
    struct filling filling = { .reading = reading, .node = node, .result = empty };

    if (reading->literal || !strchr(node->text, '$')) {
        return node->text;
    }
    if (!fill(&filling, node->text, strlen(node->text), 0) || filling.failed) {
        return NULL;
    }
    return filling.capacity ? filling.result : "";
}
