#include "base/problem.h"

#include "base/text.h"

#include <string.h>

struct problem_row {
    const char *word;
    const char *sentence;
    const char *fix;
    bool fatal;
};

static const struct problem_row rows[] = {
#define X(name, word, fatal, sentence, fix) { word, sentence, fix, fatal },
    PROBLEM_TABLE(X)
#undef X
};

static void put_name(struct text *text, const char *name)
{
    text_char(text, '"');
    text_marked(text, name, strlen(name), "\"", '"');
    text_char(text, '"');
}

static const char *known(const char *value)
{
    return value ? value : "?";
}

static const char *fill(const char *form, const char *object, const char *detail, char *buffer, size_t size)
{
    struct text text = text_over(buffer, size);

    for (const char *c = form; *c; c++) {
        if (c[0] == '%' && (c[1] == 'o' || c[1] == 'd')) {
            text_string(&text, known(*++c == 'o' ? object : detail));
        } else if (c[0] == '%' && c[1] == 'n') {
            put_name(&text, known(object));
            c++;
        } else {
            text_char(&text, *c);
        }
    }
    return buffer;
}

const char *problem_word(enum problem_code code)
{
    return rows[code].word;
}

bool problem_fatal(enum problem_code code)
{
    return rows[code].fatal;
}

const char *problem_sentence(enum problem_code code, const char *object, const char *detail, char *buffer, size_t size)
{
    return fill(rows[code].sentence, object, detail, buffer, size);
}

const char *problem_fix(enum problem_code code, const char *object, const char *detail, char *buffer, size_t size)
{
    return fill(rows[code].fix, object, detail, buffer, size);
}
