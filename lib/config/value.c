#include "config/reading.h"

#include "base/mask.h"
#include "base/signal_name.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES 63 /* PostgreSQL cuts longer ones (manual, section 4.1.1) */
#define SHOWN 64      /* bytes of a wrong value in a message */

/* ---- messages ---- */

const char *value_path(const struct reading *reading, const char *path, size_t index)
{
    return arena_printf(reading->arena, "%s[%zu]", path, index);
}

/* The value as it was written: what was filled in may be a secret. */
static const char *shown(struct reading *reading, const struct key *key, const struct node *node)
{
    if (node->kind != NODE_SCALAR) {
        return node_kind_name(node);
    }
    if (key->secret) {
        return "this";
    }

    char *text = arena_strdup(reading->arena, node->text);

    secret_of_url(text); /* somebody's URL at the wrong place */
    mask_string(text);

    size_t length = strlen(text);

    return length <= SHOWN ? arena_printf(reading->arena, "\"%s\"", text)
                           : arena_printf(reading->arena, "\"%.*s…\"", (int)text_utf8_border(text, SHOWN), text);
}

static bool wrong(struct reading *reading, const struct key *key, const char *path, const struct node *node,
                  const char *expected)
{
    return complain(reading, node, "%s must be %s, not %s", path, expected, shown(reading, key, node));
}

/* ---- scalars ---- */

struct slot {
    struct reading *reading;
    const struct key *key;
    const char *path;
    const struct node *node;
    void *place; /* where the value goes */
};

/* The text of a scalar, filled in. NULL after an error, or with *unset when it is empty after having been filled in. */
static const char *scalar_text(const struct slot *slot, const char *expected, bool *unset)
{
    *unset = false;
    if (slot->node->kind != NODE_SCALAR) {
        (void)wrong(slot->reading, slot->key, slot->path, slot->node, expected);
        return NULL;
    }

    const char *text = slot->key->literal ? slot->node->text : variable_fill(slot->reading, slot->node);

    *unset = text && *text == '\0' && *slot->node->text != '\0';
    return text;
}

static bool store_duration(const struct slot *slot)
{
    static const char expected[] = "a duration like 250ms, 2s, 5m, 1h or 0";
    bool unset;
    const char *text = scalar_text(slot, expected, &unset);
    char *end;
    duration value;

    if (!text || unset) {
        return unset;
    }
    if (!duration_parse(text, &value)) {
        (void)strtoul(text, &end, 10);
        if (*text >= '1' && *text <= '9' && *end == '\0' && strlen(text) < 10) {
            return complain(slot->reading, slot->node, "%s must be %s, not %s: did you mean %ss?", slot->path, expected,
                            shown(slot->reading, slot->key, slot->node), text);
        }
        return wrong(slot->reading, slot->key, slot->path, slot->node, expected);
    }
    if ((double)value < slot->key->least) {
        return complain(slot->reading, slot->node, "%s must not be 0", slot->path);
    }
    *(duration *)slot->place = value;
    return true;
}

static bool store_bool(const struct slot *slot)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "true", true }, { "false", false }, { "yes", true }, { "no", false },
                  { "on", true },   { "off", false },   { "1", true },   { "0", false } };
    bool unset;
    const char *text = scalar_text(slot, "true or false", &unset);

    for (size_t i = 0; text && i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            *(bool *)slot->place = words[i].value;
            return true;
        }
    }
    return text && !unset ? wrong(slot->reading, slot->key, slot->path, slot->node, "true or false") : unset;
}

static bool store_number(const struct slot *slot)
{
    bool whole = slot->key->type == KEY_COUNT, unset;
    const char *expected = arena_printf(slot->reading->arena, "a %snumber from %g to %g", whole ? "whole " : "",
                                        slot->key->least, slot->key->most);
    const char *text = scalar_text(slot, expected, &unset);

    if (!text || unset) {
        return unset;
    }

    char *end;
    double value = strtod(text, &end);

    if (!*text || *end || strspn(text, whole ? "0123456789" : "0123456789.") != strlen(text) ||
        !(value >= slot->key->least && value <= slot->key->most)) {
        return wrong(slot->reading, slot->key, slot->path, slot->node, expected);
    }
    if (whole) {
        *(unsigned *)slot->place = (unsigned)value;
    } else {
        *(double *)slot->place = value;
    }
    return true;
}

/* The index of a word; -1 after an error that names the nearest, or with *unset. */
static int find_word(const struct slot *slot, bool *unset)
{
    const char *const *words = slot->key->words;
    size_t count = key_word_count(words);
    const char *expected = key_words(words, slot->reading->arena);
    const char *text = scalar_text(slot, expected, unset);

    for (size_t i = 0; text && i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return (int)i;
        }
    }
    if (text && !*unset) {
        const char *nearest = strings_nearest(text, words, count);

        (void)complain(slot->reading, slot->node, "%s must be %s, not %s%s%s%s", slot->path, expected,
                       shown(slot->reading, slot->key, slot->node), nearest ? ": did you mean " : "",
                       nearest ? nearest : "", nearest ? "?" : "");
    }
    return -1;
}

static bool store_enum(const struct slot *slot)
{
    bool unset;
    int word = find_word(slot, &unset);

    if (word >= 0) {
        *(int *)slot->place = word;
    }
    return word >= 0 || unset;
}

static bool store_signal(const struct slot *slot)
{
    static const char *const common[] = { "TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL", "WINCH", "same" };
    static const char expected[] = "same, or a signal like TERM, SIGQUIT or 15";
    bool unset;
    const char *text = scalar_text(slot, expected, &unset);

    if (!text || unset) {
        return unset;
    }

    int number = strcmp(text, "same") == 0 ? SIGNAL_SAME : signal_number(text);

    if (number == 0 && strcmp(text, "same") != 0) {
        const char *nearest = strings_nearest(strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text, common,
                                              sizeof common / sizeof common[0]);

        return complain(slot->reading, slot->node, "%s must be %s, not %s%s%s%s", slot->path, expected,
                        shown(slot->reading, slot->key, slot->node), nearest ? ": did you mean " : "",
                        nearest ? nearest : "", nearest ? "?" : "");
    }
    *(int *)slot->place = number;
    return true;
}

bool value_check_name(struct reading *reading, const char *path, const struct node *node, const char *name)
{
    if (*name == '\0') {
        return complain(reading, node, "%s must not be empty", path);
    }
    if (strlen(name) > NAME_BYTES) {
        return complain(reading, node, "%s is %zu bytes long: PostgreSQL cuts names after %d", path, strlen(name),
                        NAME_BYTES);
    }
    return true;
}

static bool check_name(const struct slot *slot, const char *name)
{
    return value_check_name(slot->reading, slot->path, slot->node, name);
}

static bool store_string(const struct slot *slot)
{
    bool unset;
    const char *text;

    if (slot->key->form == FORM_PRESET) {
        int word = find_word(slot, &unset);

        if (word >= 0) {
            *(const char **)slot->place = slot->key->words[word];
        }
        return word >= 0 || unset;
    }
    text = scalar_text(slot, "a text", &unset);
    if (!text) {
        return false;
    }
    if (slot->key->type == KEY_NAME && (unset || !check_name(slot, text))) {
        return unset;
    }
    if (slot->key->required && *text == '\0') {
        return complain(slot->reading, slot->node, "%s must not be empty", slot->path);
    }
    *(const char **)slot->place = text;
    return true;
}

/* ---- lists ---- */

static bool check_address(const struct slot *slot, const char *text)
{
    const char *problem = address_problem(text, slot->key->form == FORM_CONNECT);

    return !problem || complain(slot->reading, slot->node, "%s: %s is no address: %s", slot->path,
                                shown(slot->reading, slot->key, slot->node), problem);
}

static bool check_status(const struct slot *slot, const char *text)
{
    size_t length = strlen(text);

    return (length && length <= 3 && strspn(text, "0123456789") == length && atoi(text) <= 255) ||
           wrong(slot->reading, slot->key, slot->path, slot->node, "a whole number from 0 to 255");
}

static bool add_member(const struct slot *member, struct strings *list)
{
    bool unset;
    const char *text;

    if (member->key->form == FORM_PRIVILEGE) {
        struct slot lower = *member;
        struct node copy = *member->node;

        if (copy.kind == NODE_SCALAR) {
            char *word = arena_strdup(member->reading->arena, copy.text);

            for (char *c = word; *c; c++) {
                *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
            }
            copy.text = word;
        }
        lower.node = &copy;

        int word = find_word(&lower, &unset);

        text = word >= 0 ? member->key->words[word] : NULL;
    } else {
        text = scalar_text(member, "a text", &unset);
    }
    if (!text) {
        return false;
    }

    enum key_form form = member->key->form;
    bool fine = member->key->type == KEY_STATUSES             ? check_status(member, text)
                : member->key->type == KEY_NAMES              ? check_name(member, text)
                : form == FORM_LISTEN || form == FORM_CONNECT ? check_address(member, text)
                                                              : true;

    if (fine) {
        strings_add(member->reading->arena, list, text);
    }
    return fine;
}

/* Words between commas; spaces around them do not count, and neither do empty ones. */
static void split(const struct node *scalar, const char *text, struct node *list, struct arena *arena)
{
    while (*text) {
        size_t length = strcspn(text, ","), lead = strspn(text, " \t\n");
        size_t end = length;

        while (end > lead && strchr(" \t\r\n", text[end - 1])) {
            end--;
        }
        if (lead < end) {
            struct node *child = node_new(scalar->source, arena_strndup(arena, text + lead, end - lead), arena);

            child->line = scalar->line;
            child->column = scalar->column;
            node_append(list, child);
        }
        text += length + (text[length] == ',');
    }
}

/* A list in a file may also be one ${NAME} with words between commas. NULL after an error. */
static const struct node *as_list(struct reading *reading, const struct key *key, const char *path,
                                  const struct node *node)
{
    if (node->kind == NODE_LIST) {
        return node;
    }
    if (node->kind != NODE_SCALAR || key->literal || !strchr(node->text, '$')) {
        (void)wrong(reading, key, path, node, "a list, like [a, b]");
        return NULL;
    }

    const char *text = variable_fill(reading, node);
    struct node *list = node_new(node->source, NULL, reading->arena);

    if (!text) {
        return NULL;
    }
    split(node, text, list, reading->arena);
    return list;
}

static bool store_list(const struct slot *slot)
{
    const struct node *list = as_list(slot->reading, slot->key, slot->path, slot->node);
    struct strings strings = { 0 };
    bool fine = list;
    size_t index = 0;

    for (const struct node *child = list ? list->first : NULL; child; child = child->next) {
        struct slot member = *slot;

        member.node = child;
        member.path = value_path(slot->reading, slot->path, index++);
        fine = add_member(&member, &strings) && fine;
    }
    *(struct strings *)slot->place = strings;
    return fine;
}

static bool store_files(const struct slot *slot)
{
    bool unset;
    const char *text;

    if (slot->node->kind != NODE_SCALAR) {
        return store_list(slot);
    }
    text = scalar_text(slot, "a file or a list of files", &unset);
    if (text && *text) {
        strings_add(slot->reading->arena, slot->place, text);
    }
    return text;
}

/* run: its place is struct step's argv; a string goes to the shell. */
static bool store_command(const struct slot *slot)
{
    struct step *step = (struct step *)((char *)slot->place - offsetof(struct step, argv));

    if (slot->node->kind != NODE_SCALAR) {
        return store_list(slot);
    }
    step->shell = slot->node->text;
    return true;
}

static bool store_variables(const struct slot *slot)
{
    struct step *step = (struct step *)((char *)slot->place - offsetof(struct step, env));
    struct reading *reading = slot->reading;
    bool fine = true;

    if (slot->node->kind != NODE_MAP) {
        return (slot->node->kind == NODE_LIST && slot->node->count == 0) ||
               wrong(reading, slot->key, slot->path, slot->node, "a map, like {NAME: value}");
    }
    step->env = arena_array(reading->arena, slot->node->count, sizeof *step->env);
    for (const struct node *child = slot->node->first; child; child = child->next) {
        struct slot member = *slot;
        bool unset;
        const char *text;

        member.node = child;
        member.path = arena_printf(reading->arena, "%s.%s", slot->path, child->key);
        text = scalar_text(&member, "a text", &unset);
        if (*child->key == '\0' || strchr(child->key, '=')) {
            fine = complain_key(reading, child, "%s: \"%s\" is no name of a variable", slot->path, child->key);
        } else if (text) {
            secret_of_url(text);
            step->env[step->env_count++] =
                (struct variable){ .name = child->key, .value = node_null(child) ? "" : text };
        }
        fine = fine && text;
    }
    return fine;
}

/* ---- all of them ---- */

static bool store_steps(const struct slot *slot)
{
    const struct node *list = as_list(slot->reading, slot->key, slot->path, slot->node);

    return list && lists_steps(slot->reading, slot->key, list, slot->place);
}

static bool store_tables(const struct slot *slot)
{
    const struct node *list = as_list(slot->reading, slot->key, slot->path, slot->node);

    return list && lists_tables(slot->reading, list);
}

static bool store_asserts(const struct slot *slot)
{
    const struct node *list = as_list(slot->reading, slot->key, slot->path, slot->node);

    return list && lists_asserts(slot->reading, list);
}

typedef bool store_function(const struct slot *slot);

static store_function *const store[] = {
    [KEY_STRING] = store_string, [KEY_NAME] = store_string,         [KEY_DURATION] = store_duration,
    [KEY_BOOL] = store_bool,     [KEY_COUNT] = store_number,        [KEY_NUMBER] = store_number,
    [KEY_ENUM] = store_enum,     [KEY_SIGNAL] = store_signal,       [KEY_STRINGS] = store_list,
    [KEY_NAMES] = store_list,    [KEY_STATUSES] = store_list,       [KEY_COMMAND] = store_command,
    [KEY_FILES] = store_files,   [KEY_VARIABLES] = store_variables, [KEY_STEPS] = store_steps,
    [KEY_TABLES] = store_tables, [KEY_ASSERTS] = store_asserts,
};

bool value_store(struct reading *reading, const struct key *key, const char *path, const struct node *node, void *base)
{
    struct slot slot = {
        .reading = reading, .key = key, .path = path, .node = node, .place = (char *)base + key->offset
    };

    return node_null(node) || store[key->type](&slot);
}

bool value_store_map(struct reading *reading, const struct keys *keys, const char *path, const struct node *map,
                     void *base)
{
    static const struct source defaults = { RANK_DEFAULT, "default" };
    bool fine = true;

    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->rows[i];
        const struct node *child = node_get(map, key->path);

        if (child && !node_null(child)) {
            fine =
                value_store(reading, key, arena_printf(reading->arena, "%s.%s", path, key->path), child, base) && fine;
        } else if (key->fallback) {
            const struct node *fallback = value_node(reading, key, &defaults, key->fallback);

            fine = fallback && value_store(reading, key, path, fallback, base) && fine;
        } else if (key->required) {
            fine = complain(reading, map, "%s needs its %s", path, key->path);
        }
    }
    for (const struct node *child = map->first; child; child = child->next) {
        if (!key_find(keys, child->key)) {
            fine = complain_key(reading, child, "unknown key %s in %s: %s", child->key, path,
                                key_advice(keys, child->key, reading->arena));
        }
    }
    return fine;
}

/* ---- values from outside a file ---- */

static bool is_list(enum key_type type)
{
    return type == KEY_STRINGS || type == KEY_NAMES || type == KEY_STATUSES || type == KEY_TABLES ||
           type == KEY_STEPS || type == KEY_ASSERTS;
}

const struct node *value_node(struct reading *reading, const struct key *key, const struct source *source,
                              const char *text)
{
    size_t length = strlen(text);
    struct node *node;

    if (!is_list(key->type)) {
        node = node_new(source, text, reading->arena);
        return node;
    }
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        return document_parse(source, text, length, reading->errors, reading->arena);
    }
    node = node_new(source, NULL, reading->arena);
    split(node, text, node, reading->arena);
    return node;
}
