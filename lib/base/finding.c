#include "base/finding.h"

#include "base/shell.h"

#include <stdio.h>
#include <string.h>

struct finding_row {
    const char *word;
    enum section section;
    enum severity severity;
    const char *sentence;
    const char *fix;
};

static const struct finding_row rows[] = {
#define X(name, word, section, severity, sentence, fix) { word, section, severity, sentence, fix },
    FINDING_TABLE(X)
#undef X
};

static const struct {
    const char *title, *fine;
} sections[] = {
#define X(name, title, fine) { title, fine },
    SECTION_TABLE(X)
#undef X
};

struct values {
    const char *object, *detail, *command;
};

static const char *value_of(const struct values *values, char letter, struct arena *arena)
{
    switch (letter) {
    case 'o':
        return values->object;
    case 'd':
        return values->detail ? values->detail : "";
    case 'c':
        return values->command ? values->command : "";
    case 'q':
        return shell_quote(values->object, arena);
    default:
        return NULL;
    }
}

static const char *fill(const char *form, const struct values *values, struct arena *arena)
{
    const char *result = "";

    while (*form) {
        size_t length = strcspn(form, "%");
        const char *value = form[length] ? value_of(values, form[length + 1], arena) : NULL;

        length += form[length] && !value; /* a percent sign that means nothing */
        result = arena_printf(arena, "%s%.*s%s", result, (int)length, form, value ? value : "");
        form += length + (value ? 2 : 0);
    }
    return result;
}

struct finding *finding_add(struct findings *findings, enum finding_code code, const char *object, const char *detail,
                            const char *command)
{
    const struct values values = { object, detail, command };

    findings->items =
        arena_grow(findings->arena, findings->items, findings->count, &findings->capacity, sizeof *findings->items);

    struct finding *finding = &findings->items[findings->count++];

    *finding = (struct finding){
        .code = code,
        .severity = rows[code].severity,
        .object = arena_strdup(findings->arena, object),
        .message = fill(rows[code].sentence, &values, findings->arena),
        .fix = fill(rows[code].fix, &values, findings->arena),
    };
    return finding;
}

bool finding_known(const struct findings *findings, enum finding_code code, const char *object)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].code == code && strcmp(findings->items[i].object, object) == 0) {
            return true;
        }
    }
    return false;
}

size_t findings_count(const struct findings *findings, enum severity least)
{
    size_t count = 0;

    for (size_t i = 0; i < findings->count; i++) {
        count += findings->items[i].severity >= least;
    }
    return count;
}

void findings_reference(void)
{
    const struct values values = { "NAME", "…", NULL };
    struct arena *arena = arena_new();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        printf("  %-24s %-8s %s\n", rows[i].word, severity_word(rows[i].severity),
               fill(rows[i].sentence, &values, arena));
    }
    arena_free(arena);
}

const char *finding_word(enum finding_code code)
{
    return rows[code].word;
}

enum section finding_section(enum finding_code code)
{
    return rows[code].section;
}

const char *severity_word(enum severity severity)
{
    static const char *const words[] = { "info", "warning", "error" };

    return words[severity];
}

const char *section_title(enum section section)
{
    return sections[section].title;
}

const char *section_fine(enum section section)
{
    return sections[section].fine;
}
