#include "config/slot.h"

#include <stdlib.h>
#include <string.h>

const char *value_path(const struct reading *reading, const char *path, size_t index)
{
    return arena_printf(reading->arena, "%s[%zu]", path, index);
}

/* ---- members of lists ---- */

static const char blanks[] = " \t\r\n";

static bool check_address(const struct slot *slot, const char *text)
{
    const char *problem = address_problem(text, slot->key->form == FORM_CONNECT);

    return !problem || complain(slot->reading, slot->node, "%s: %s is no address: %s", slot->path,
                                slot_shown(slot->reading, slot->key, slot->node), problem);
}

static bool check_status(const struct slot *slot, const char *text)
{
    size_t length = strlen(text);

    return (length && length <= 3 && strspn(text, "0123456789") == length && strtol(text, NULL, 10) <= 255) ||
           slot_wrong(slot->reading, slot->key, slot->path, slot->node, "a whole number from 0 to 255");
}

static bool add_member(const struct slot *member, struct strings *list)
{
    bool unset;
    const char *text;

    if (node_null(member->node)) {
        return complain(member->reading, member->node, "%s must be a text, not nothing", member->path);
    }
    if (member->key->form == FORM_PRIVILEGE) {
        int word = slot_word(member, &unset);

        text = word >= 0 ? member->key->words[word] : NULL;
    } else {
        text = slot_text(member, "a text", &unset);
    }
    if (!text) {
        return false;
    }

    enum key_form form = member->key->form;
    bool fine = member->key->type == KEY_STATUSES ? check_status(member, text)
                : member->key->type == KEY_NAMES  ? value_check_name(member->reading, member->path, member->node, text)
                : form == FORM_LISTEN || form == FORM_CONNECT ? check_address(member, text)
                                                              : true;

    if (fine) {
        strings_add(member->reading->arena, list, text);
    }
    return fine;
}

/* ---- values from outside a file ---- */

static bool is_list(enum key_type type)
{
    return type == KEY_STRINGS || type == KEY_NAMES || type == KEY_STATUSES || type == KEY_TABLES ||
           type == KEY_STEPS || type == KEY_ASSERTS;
}

/* Words between commas; spaces around them do not count, and neither do empty ones. */
static void split(const char *text, struct node *list, struct arena *arena)
{
    while (*text) {
        size_t length = strcspn(text, ","), lead = strspn(text, blanks);
        size_t end = length;

        while (end > lead && strchr(blanks, text[end - 1])) {
            end--;
        }
        if (lead < end) {
            node_append(list, node_new(list->source, arena_strndup(arena, text + lead, end - lead), arena));
        }
        text += length + (text[length] == ',');
    }
}

/* In a list of addresses a bracket may also begin one of IPv6. */
static bool is_flow(const struct key *key, const char *text)
{
    bool addresses = key->form == FORM_LISTEN || key->form == FORM_CONNECT;
    const char *end = strrchr(text, ']');

    return *text == '[' && (!addresses || (end && end[1 + strspn(end + 1, blanks)] == '\0'));
}

/* A list as it is written outside of a file: [a, b] or a,b. */
static const struct node *list_node(struct reading *reading, const struct key *key, const struct source *source,
                                    const char *text)
{
    text += strspn(text, blanks);
    if (is_flow(key, text)) {
        return document_parse(source, text, strlen(text), reading->errors, reading->arena);
    }

    struct node *node = node_new(source, NULL, reading->arena);

    split(text, node, reading->arena);
    return node;
}

const struct node *value_node(struct reading *reading, const struct key *key, const struct source *source,
                              const char *text)
{
    bool filled = !key->literal && strchr(text, '$') && !is_flow(key, text + strspn(text, blanks));

    /* What a variable holds, or has as its default, may be several: it is a list once it is filled in. */
    return is_list(key->type) && !filled ? list_node(reading, key, source, text)
                                         : node_new(source, text, reading->arena);
}

/* ---- lists ---- */

/* Of what a scalar was filled with: lines are counted anew there, and its place is the scalar's. */
static const struct source *source_at(const struct reading *reading, const struct node *node)
{
    const char *name = node->source->name;

    name = node->line ? arena_printf(reading->arena, "%s:%u:%u", name, node->line, node->column) : name;
    return source_new(RANK_ENVIRONMENT, name, reading->arena);
}

/* A list may also be one scalar with ${NAME}, written as outside of a file. NULL after an error. */
static const struct node *as_list(struct reading *reading, const struct key *key, const char *path,
                                  const struct node *node)
{
    if (node->kind == NODE_LIST) {
        return node;
    }
    if (node->kind != NODE_SCALAR || reading->literal || !strchr(node->text, '$')) {
        (void)slot_wrong(reading, key, path, node, "a list, like [a, b]");
        return NULL;
    }

    const char *text = variable_fill(reading, node);

    reading->literal = true; /* what it was filled with is not filled in again; value_store() takes that back */
    return text ? list_node(reading, key, source_at(reading, node), text) : NULL;
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
    text = slot_text(slot, "a file or a list of files", &unset);
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
               slot_wrong(reading, slot->key, slot->path, slot->node, "a map, like {NAME: value}");
    }
    step->env = arena_array(reading->arena, slot->node->count, sizeof *step->env);
    for (const struct node *child = slot->node->first; child; child = child->next) {
        struct slot member = *slot;
        bool unset;
        const char *text;

        member.node = child;
        member.path = arena_printf(reading->arena, "%s.%s", slot->path, child->key);
        text = slot_text(&member, "a text", &unset);
        if (*child->key == '\0' || strchr(child->key, '=')) {
            fine = complain_key(reading, child, "%s: \"%s\" is no name of a variable", slot->path, child->key);
        } else if (text) {
            secret_of_variable(arena_printf(reading->arena, "%s=%s", child->key, text));
            step->env[step->env_count++] = (struct variable){ .name = child->key,
                                                              .value = node_null(child) ? "" : text,
                                                              .written = text != child->text ? child->text : NULL };
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
    [KEY_STRING] = scalar_string, [KEY_NAME] = scalar_string,        [KEY_DURATION] = scalar_duration,
    [KEY_BOOL] = scalar_bool,     [KEY_COUNT] = scalar_number,       [KEY_NUMBER] = scalar_number,
    [KEY_ENUM] = scalar_enum,     [KEY_SIGNAL] = scalar_signal,      [KEY_STRINGS] = store_list,
    [KEY_NAMES] = store_list,     [KEY_STATUSES] = store_list,       [KEY_COMMAND] = store_command,
    [KEY_FILES] = store_files,    [KEY_VARIABLES] = store_variables, [KEY_STEPS] = store_steps,
    [KEY_TABLES] = store_tables,  [KEY_ASSERTS] = store_asserts,
};

bool value_store(struct reading *reading, const struct key *key, const char *path, const struct node *node, void *base)
{
    struct slot slot = {
        .reading = reading, .key = key, .path = path, .node = node, .place = (char *)base + key->offset
    };

    bool outside = reading->literal;

    reading->literal = outside || key->literal;

    bool fine = node_null(node) || store[key->type](&slot);

    reading->literal = outside;
    return fine;
}

bool value_given(struct reading *reading, const struct key *key, const struct node *node, bool *failed)
{
    if (!node || node_null(node)) {
        return false;
    }

    bool filled = node->kind == NODE_SCALAR && *node->text && !key->literal;
    const char *text = filled ? variable_fill(reading, node) : node->text;

    *failed = *failed || (filled && !text);
    return !filled || (text && *text);
}

bool value_store_map(struct reading *reading, const struct keys *keys, const char *path, const struct node *map,
                     void *base)
{
    bool fine = true;

    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->rows[i];
        const struct node *child = node_get(map, key->path);
        bool failed = false;

        if (value_given(reading, key, child, &failed)) {
            fine =
                value_store(reading, key, arena_printf(reading->arena, "%s.%s", path, key->path), child, base) && fine;
        } else if (failed) {
            fine = false;
        } else if (key->fallback) {
            const struct node *fallback = value_node(reading, key, &source_default, key->fallback);

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
