#include "config/slot.h"
#include "config/wanted.h"

#include "base/mask.h"
#include "base/signal_name.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHOWN 64 /* bytes of a wrong value in a message */

/* ---- messages ---- */

const char *slot_shown(struct reading *reading, const struct key *key, const struct node *node)
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

bool slot_wrong(struct reading *reading, const struct key *key, const char *path, const struct node *node,
                const char *expected)
{
    return complain(reading, node, "%s must be %s, not %s", path, expected, slot_shown(reading, key, node));
}

static bool unknown_word(const struct slot *slot, const char *expected, const char *nearest)
{
    struct reading *reading = slot->reading;

    return complain(reading, slot->node, "%s must be %s, not %s%s", slot->path, expected,
                    slot_shown(reading, slot->key, slot->node), key_meant(nearest, reading->arena));
}

/* ---- scalars ---- */

const char *slot_text(const struct slot *slot, const char *expected, bool *unset)
{
    *unset = false;
    if (slot->node->kind != NODE_SCALAR) {
        (void)slot_wrong(slot->reading, slot->key, slot->path, slot->node, expected);
        return NULL;
    }

    const char *text = variable_fill(slot->reading, slot->node);

    *unset = text && *text == '\0' && *slot->node->text != '\0';
    return text;
}

bool scalar_duration(const struct slot *slot)
{
    static const char expected[] = "a duration like 250ms, 2s, 5m, 1h or 0";
    bool unset;
    const char *text = slot_text(slot, expected, &unset);
    char *end;
    duration value;

    if (!text || unset) {
        return unset;
    }
    if (!duration_parse(text, &value)) {
        (void)strtoul(text, &end, 10);
        bool written = strcmp(text, slot->node->text) == 0; /* what was filled in may be a secret */

        if (written && *text >= '1' && *text <= '9' && *end == '\0' && strlen(text) < 10) {
            return complain(slot->reading, slot->node, "%s must be %s, not %s: did you mean %ss?", slot->path, expected,
                            slot_shown(slot->reading, slot->key, slot->node), text);
        }
        return slot_wrong(slot->reading, slot->key, slot->path, slot->node, expected);
    }
    if ((double)value < slot->key->least) {
        return complain(slot->reading, slot->node,
                        "%s must not be 0, which would try again without a pause: 1ms is the least", slot->path);
    }
    *(duration *)slot->place = value;
    return true;
}

bool scalar_bool(const struct slot *slot)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "true", true }, { "false", false }, { "yes", true }, { "no", false },
                  { "on", true },   { "off", false },   { "1", true },   { "0", false } };
    bool unset;
    const char *text = slot_text(slot, "true or false", &unset);

    for (size_t i = 0; text && i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            *(bool *)slot->place = words[i].value;
            return true;
        }
    }
    return text && !unset ? slot_wrong(slot->reading, slot->key, slot->path, slot->node, "true or false") : unset;
}

bool scalar_number(const struct slot *slot)
{
    bool whole = slot->key->type == KEY_COUNT, unset;
    const char *expected = arena_printf(slot->reading->arena, "a %snumber from %g to %g", whole ? "whole " : "",
                                        slot->key->least, slot->key->most);
    const char *text = slot_text(slot, expected, &unset);

    if (!text || unset) {
        return unset;
    }

    char *end;
    double value = strtod(text, &end);

    if (!*text || *end || strspn(text, whole ? "0123456789" : "0123456789.") != strlen(text) ||
        !(value >= slot->key->least && value <= slot->key->most)) {
        return slot_wrong(slot->reading, slot->key, slot->path, slot->node, expected);
    }
    if (whole) {
        *(unsigned *)slot->place = (unsigned)value;
    } else {
        *(double *)slot->place = value;
    }
    return true;
}

int slot_word(const struct slot *slot, bool *unset)
{
    const char *const *words = slot->key->words;
    size_t count = key_word_count(words);
    const char *expected = key_words(words, slot->reading->arena);
    const char *text = slot_text(slot, expected, unset);

    for (size_t i = 0; text && i < count; i++) {
        if (slot->key->form == FORM_PRIVILEGE ? strcasecmp(text, words[i]) == 0 : strcmp(text, words[i]) == 0) {
            return (int)i;
        }
    }
    if (text && !*unset) {
        (void)unknown_word(slot, expected, strings_nearest(text, words, count));
    }
    return -1;
}

bool scalar_enum(const struct slot *slot)
{
    bool unset;
    int word = slot_word(slot, &unset);

    if (word >= 0) {
        *(int *)slot->place = word;
    }
    return word >= 0 || unset;
}

bool scalar_signal(const struct slot *slot)
{
    static const char *const common[] = { "TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL", "WINCH", "same" };
    static const char expected[] = "same, or a signal like TERM, SIGQUIT or 15";
    bool unset;
    const char *text = slot_text(slot, expected, &unset);

    if (!text || unset) {
        return unset;
    }

    int number = strcmp(text, "same") == 0 ? SIGNAL_SAME : signal_number(text);

    if (number == 0 && strcmp(text, "same") != 0) {
        const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;

        return unknown_word(slot, expected, strings_nearest(name, common, sizeof common / sizeof common[0]));
    }
    *(int *)slot->place = number;
    return true;
}

bool value_check_name(struct reading *reading, const char *path, const struct node *node, const char *name)
{
    if (*name == '\0') {
        return complain(reading, node, "%s must not be empty", path);
    }
    if (strlen(name) > WANTED_NAME_MAX) {
        return complain(reading, node, "%s is %zu bytes long: PostgreSQL cuts names after %d", path, strlen(name),
                        WANTED_NAME_MAX);
    }
    return true;
}

bool scalar_string(const struct slot *slot)
{
    bool unset;
    const char *text;

    if (slot->key->form == FORM_PRESET) {
        int word = slot_word(slot, &unset);

        if (word >= 0) {
            *(const char **)slot->place = slot->key->words[word];
        }
        return word >= 0 || unset;
    }
    text = slot_text(slot, "a text", &unset);
    if (!text) {
        return false;
    }
    if (slot->key->type == KEY_NAME && (unset || !value_check_name(slot->reading, slot->path, slot->node, text))) {
        return unset;
    }
    if (slot->key->required && *text == '\0') {
        return complain(slot->reading, slot->node, "%s must not be empty", slot->path);
    }
    *(const char **)slot->place = text;
    return true;
}
