#include "config/reading.h"

#include "base/mask.h"
#include "base/signal_name.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- scalars as YAML ---- */

/* May stand without quotes: a word that YAML takes for nothing else, so for no number and no date either. */
static bool is_plain(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    static const char *const reserved[] = { "true", "false", "yes", "no", "on", "off", "null", "y", "n" };

    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (strcasecmp(text, reserved[i]) == 0) {
            return false;
        }
    }
    return *text && strspn(text, letters) == strlen(text) && !strchr("-.0123456789", *text);
}

/* What ends a line in YAML 1.1 (section 5.4) and not in JSON: it would be folded into a blank. */
static const struct line_end {
    const char *bytes, *escape;
} line_ends[] = { { "\xC2\x85", "\\N" }, { "\u2028", "\\L" }, { "\u2029", "\\P" } };

static const struct line_end *line_end_at(const char *bytes)
{
    for (size_t i = 0; i < sizeof line_ends / sizeof line_ends[0]; i++) {
        if (strncmp(bytes, line_ends[i].bytes, strlen(line_ends[i].bytes)) == 0) {
            return &line_ends[i];
        }
    }
    return NULL;
}

/* Quotes are JSON's, which YAML understands. */
const char *config_scalar(const char *text, bool literal, struct arena *arena)
{
    size_t size = 12 * strlen(text) + 1;
    struct text doubled = text_over(arena_alloc(arena, size), size), quoted = text_over(arena_alloc(arena, size), size);

    for (const char *c = text; *c; c++) {
        if (*c == '$' && (c[1] == '{' || c[1] == '$') && !literal) {
            text_char(&doubled, '$');
        }
        text_char(&doubled, *c);
    }
    if (is_plain(doubled.data)) {
        return doubled.data;
    }

    const char *rest = doubled.data;

    for (const char *c = rest; *c; c++) {
        const struct line_end *end = line_end_at(c);

        if (end) {
            text_json(&quoted, rest, (size_t)(c - rest));
            text_string(&quoted, end->escape);
            rest = c + strlen(end->bytes);
        }
    }
    text_json(&quoted, rest, strlen(rest));
    return arena_printf(arena, "\"%s\"", quoted.data);
}

static void print_string(const char *text, bool literal)
{
    struct arena *arena = arena_new();

    printf("%s", config_scalar(text, literal, arena));
    arena_free(arena);
}

/* What was filled in, or is a variable's value, may be a secret or hold one. */
static void print_masked(const char *text, bool literal)
{
    struct arena *arena = arena_new();

    print_string(mask_copy(arena, text), literal);
    arena_free(arena);
}

/* A text that somebody wrote: a word that happens to be a password is none here, unless it stands where one does. */
static void print_hidden(const char *text, bool literal)
{
    struct arena *arena = arena_new();

    print_string(secret_hide(text, arena), literal);
    arena_free(arena);
}

static void print_number(const char *text, bool literal)
{
    (void)literal;
    printf("%s", text);
}

typedef void print_function(const char *text, bool literal);

static void print_list(const struct strings *list, print_function *print, bool literal)
{
    printf("[");
    for (size_t i = 0; i < list->count; i++) {
        printf("%s", i ? ", " : "");
        print(list->items[i], literal);
    }
    printf("]");
}

/* A URL without its password, and without what a file held that was put into it, be it a user's name. */
static const char *hide_url(const struct config *config, const char *url, struct arena *arena)
{
    const char *text = secret_hide(url, arena);

    for (size_t i = 0; i < config->file_variable_count; i++) {
        const char *held = config->file_variables[i].value;

        if (!*held || strcmp(held, url) == 0) { /* the whole of it: what it holds is told apart */
            continue;
        }
        for (const char *at = strstr(text, held); at;) {
            size_t before = (size_t)(at - text);

            text = arena_printf(arena, "%.*s***%s", (int)before, text, at + strlen(held));
            at = strstr(text + before + strlen("***"), held);
        }
    }
    return text;
}

static void print_secret(const struct config *config, const struct key *key, const char *value)
{
    struct arena *arena = arena_new();
    bool url = strncmp(key->path, "database.", 9) == 0;

    print_string(!value ? "" : url ? hide_url(config, value, arena) : *value ? "***" : "", false);
    arena_free(arena);
}

/* ---- where a value came from ---- */

static void print_origin(const struct node *const values[RANKS])
{
    const struct node *node = values[winner_of(values)];

    if (!node) {
        printf(" # default");
    } else if (node->source->rank == RANK_FILE) {
        printf(" # from %s:%u:%u", node->source->name, node->line, node->column);
    } else {
        bool set = strncmp(node->source->name, "--set ", 6) == 0;

        printf(" # %s", set ? "--set" : node->source->name);
    }
}

/* ---- a value ---- */

/* Whether ${NAME} was written. */
static bool was_filled(const struct node *node)
{
    if (node && node->kind == NODE_SCALAR) {
        return strstr(node->text, "${");
    }
    for (const struct node *child = node ? node->first : NULL; child; child = child->next) {
        if (was_filled(child)) {
            return true;
        }
    }
    return false;
}

static void print_value(const struct config *config, const struct key *key, const void *place, print_function *print,
                        bool literal)
{
    char buffer[DURATION_TEXT];

    switch (key->type) {
    case KEY_DURATION:
        printf("%s", duration_format(*(const duration *)place, buffer));
        break;
    case KEY_BOOL:
        printf("%s", *(const bool *)place ? "true" : "false");
        break;
    case KEY_COUNT:
        printf("%u", *(const unsigned *)place);
        break;
    case KEY_NUMBER:
        printf("%.15g", *(const double *)place); /* what is printed reads back the same */
        break;
    case KEY_ENUM:
        printf("%s", key->words[*(const int *)place]);
        break;
    case KEY_SIGNAL:
        printf("%s", *(const int *)place == SIGNAL_SAME ? "same" : signal_name(*(const int *)place));
        break;
    case KEY_STATUSES:
        print_list(place, print_number, literal);
        break;
    case KEY_STRINGS:
    case KEY_NAMES:
    case KEY_FILES:
        print_list(place, print, literal);
        break;
    default:
        if (key->secret) {
            print_secret(config, key, *(const char *const *)place);
        } else {
            print(*(const char *const *)place, literal);
        }
    }
}

/* ---- lists of maps ---- */

struct items {
    const struct keys *keys; /* NULL: no list of maps */
    const void *first;
    size_t size, count;
};

static struct items items_of(const struct config *config, const struct key *key)
{
    const struct steps *steps = (const void *)((const char *)config + key->offset);

    switch (key->type) {
    case KEY_STEPS:
        return (struct items){ &step_keys, steps->items, sizeof *steps->items, steps->count };
    case KEY_TABLES:
        return (struct items){ &table_keys, config->verify.tables, sizeof *config->verify.tables,
                               config->verify.table_count };
    case KEY_ASSERTS:
        return (struct items){ &assert_keys, config->verify.asserts, sizeof *config->verify.asserts,
                               config->verify.assert_count };
    default:
        return (struct items){ 0 };
    }
}

static bool is_given(const struct key *key, const void *item)
{
    const void *place = (const char *)item + key->offset;

    switch (key->type) {
    case KEY_STRING:
    case KEY_NAME:
        return *(const char *const *)place;
    case KEY_STRINGS:
    case KEY_NAMES:
    case KEY_FILES:
        return ((const struct strings *)place)->count;
    case KEY_COMMAND:
        return ((const struct step *)item)->sql.count == 0;
    case KEY_VARIABLES:
        return ((const struct step *)item)->env_count;
    default:
        return true;
    }
}

static void print_command(const struct step *step)
{
    if (step->shell) {
        print_hidden(step->shell, true);
    } else {
        print_list(&step->argv, print_hidden, true);
    }
}

static void print_variables(const struct step *step, bool literal)
{
    printf("{");
    for (size_t i = 0; i < step->env_count; i++) {
        printf("%s", i ? ", " : "");
        print_string(step->env[i].name, true);
        printf(": ");
        if (step->env[i].written) {
            print_hidden(step->env[i].written, true);
        } else {
            print_masked(step->env[i].value, literal);
        }
    }
    printf("}");
}

/* `literal`: nothing in it is filled in, and no dollar doubled. What is not given is left out. */
static void print_item(const struct config *config, const struct keys *keys, const void *item, bool literal)
{
    const char *lead = "    - ";

    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->rows[i];

        if (!is_given(key, item)) {
            continue;
        }
        printf("%s%s: ", lead, key->path);
        if (key->type == KEY_COMMAND) {
            print_command(item);
        } else if (key->type == KEY_VARIABLES) {
            print_variables(item, literal);
        } else {
            print_value(config, key, (const char *)item + key->offset, print_hidden, literal);
        }
        printf("\n");
        lead = "      ";
    }
}

/* ---- one key ---- */

static void print_key(const struct config *config, const struct key *key, const struct node *const values[RANKS])
{
    const char *dot = strchr(key->path, '.');
    const void *place = (const char *)config + key->offset;
    struct items items = items_of(config, key);

    printf("%s%s:", dot ? "  " : "", dot ? dot + 1 : key->path);
    if (items.keys) {
        printf("%s", items.count ? "" : " []");
    } else {
        printf(" ");
        print_value(config, key, place, was_filled(values[winner_of(values)]) ? print_masked : print_string, false);
    }
    print_origin(values);
    if (key->form == FORM_PRESET && values[winner_of(values)] &&
        strcmp(values[winner_of(values)]->text, config->migrate.preset) != 0) {
        printf(": %s", values[winner_of(values)]->text);
    }
    printf("\n");
    for (size_t i = 0; i < items.count; i++) {
        print_item(config, items.keys, (const char *)items.first + i * items.size, key->literal);
    }
}

void config_print(const struct config *config)
{
    const struct loaded *loaded = (const struct loaded *)(const void *)config; /* its first member */
    const char *section = "";

    for (size_t i = 0; i < config_keys.count; i++) {
        const struct key *key = &config_keys.rows[i];
        size_t length = strcspn(key->path, ".");

        if (key->preset_only) {
            continue;
        }
        if (key->path[length] == '.' && strncmp(section, key->path, length + 1) != 0) {
            printf("%.*s:\n", (int)length, key->path);
        }
        section = key->path;
        print_key(config, key, loaded->values[i]);
    }
}
