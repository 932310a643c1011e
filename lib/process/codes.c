#include "process/codes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CODE_LENGTH ((size_t)CODE_TEXT - 1)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    /* Bytes of other characters than ASCII's count as letters. */
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

size_t codes_word(const char *text, size_t length, size_t from, const char *word)
{
    size_t size = strlen(word);

    while (size && from + size <= length) {
        const char *hit = memmem(text + from, length - from, word, size);

        if (!hit) {
            break;
        }
        from = (size_t)(hit - text);

        bool open_left = from == 0 || !is_word(text[from - 1]) || !is_word(word[0]);
        bool open_right = from + size == length || !is_word(text[from + size]) || !is_word(word[size - 1]);

        if (open_left && open_right) {
            return from;
        }
        from++;
    }
    return length;
}

/* A whole word of five characters at `at`. */
static bool is_five(const char *text, size_t length, size_t at)
{
    return at + CODE_LENGTH <= length && (at == 0 || !is_word(text[at - 1])) &&
           (at + CODE_LENGTH == length || !is_word(text[at + CODE_LENGTH]));
}

static bool is_prisma(const char *text, size_t length, size_t at)
{
    if (text[at] != 'P' || !is_five(text, length, at) || text[at + 1] == '0') {
        return false;
    }
    for (size_t i = 1; i < CODE_LENGTH; i++) {
        if (!is_digit(text[at + i])) {
            return false;
        }
    }
    return true;
}

/* The classes of appendix A that are errors: not 00 (success), 01 (warning), 02 (no data). */
static bool is_sqlstate(const char *text, size_t length, size_t at)
{
    static const char classes[] =
        "03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 "
        "42 44 53 54 55 57 58 72 F0 HV P0 XX";

    if (!is_five(text, length, at)) {
        return false;
    }
    for (size_t i = 0; i < CODE_LENGTH; i++) {
        if (!is_digit(text[at + i]) && !(text[at + i] >= 'A' && text[at + i] <= 'Z')) {
            return false;
        }
    }
    return memmem(classes, sizeof classes - 1, text + at, 2) != NULL;
}

/* Messages that have no code, and by which one they are known here: node's, npm's, Python's, and those of drivers and
 * migration tools. */
static const struct message {
    const char *words, *code;
} messages[] = {
    { "JavaScript heap out of memory", "HEAP" },
    { "Can't locate revision identified by", "NEWER" },
    { "The migration directory is corrupt", "NEWER" },
    { "npx canceled due to missing packages", "NOMOD" },
    { "Cannot find module", "NOMOD" },
    { "No module named", "NOMOD" },
    { "uv_os_homedir returned ENOENT", "HOME" },
    { "libssl.so", "SSL" },
    { "Could not parse schema engine response", "SSL" },
    { "client password must be a string", "NOPWD" },
    { "Migration table is already locked", "KNEX" },
    { "Multiple head revisions are present", "HEADS" },
    { "Dirty database version", "DIRTY" },
    { "SSL is not enabled on the server", "NOTLS" },
};

/* For each byte of a step's output: a look at the first byte alone takes a third off its cost. */
static const char *message_code(const char *text, size_t length, size_t at)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        size_t size = strlen(messages[i].words);

        if (text[at] == messages[i].words[0] && length - at >= size &&
            memcmp(text + at, messages[i].words, size) == 0) {
            return messages[i].code;
        }
    }
    return NULL;
}

/* The words that announce a SQLSTATE. After ERROR there may be any text, so that the code's own colon is asked for. */
static const struct announcement {
    const char *word;
    bool colon;
} announcements[] = {
    { "sqlstate", false }, { "code", false },   { "errorcode", false }, { "error_code", false },
    { "errcode", false },  { "pgcode", false }, { "error", true },      { "fatal", true },
};

/* Where a code would stand behind the announcement at `at`; `length` if there is no announcement. */
static size_t announced(const char *text, size_t length, size_t at, bool *colon)
{
    bool begins = at == 0 || !is_word(text[at - 1]);

    for (size_t i = 0; begins && i < sizeof announcements / sizeof announcements[0]; i++) {
        size_t end = at + strlen(announcements[i].word);

        if (end < length && strncasecmp(text + at, announcements[i].word, end - at) == 0 && !is_word(text[end])) {
            *colon = announcements[i].colon;
            return end + strspn(text + end, " \t\"'`:=[(\\");
        }
    }
    return length;
}

/* "ERROR: …", "pq: …": whether the line up to `at` tells of an error. */
static bool line_tells_error(const char *text, size_t at)
{
    static const char *const words[] = { "pq:", "error:", "fatal:" };

    for (size_t begin = at; begin > 0 && text[begin - 1] != '\n'; begin--) {
        bool open_left = begin == 1 || !is_word(text[begin - 2]);

        for (size_t i = 0; open_left && i < sizeof words / sizeof words[0]; i++) {
            size_t size = strlen(words[i]);

            if (size <= at - begin && strncasecmp(text + begin - 1, words[i], size) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* lib/pq, and dbmate with it, puts the code behind the message: "pq: relation "x" does not exist (42P01)", and there
 * the line ends. */
static bool is_behind_error(const char *text, size_t length, size_t at)
{
    size_t end = at + CODE_LENGTH;

    return at > 0 && text[at - 1] == '(' && is_sqlstate(text, length, at) && end < length && text[end] == ')' &&
           (end + 1 == length || strchr("\r\n", text[end + 1])) && line_tells_error(text, at);
}

/* Where the code stands that begins or is announced at `at`; `length` if there is none. */
static size_t code_at(const char *text, size_t length, size_t at)
{
    bool colon = false;

    if (is_prisma(text, length, at) || is_behind_error(text, length, at)) {
        return at;
    }
    at = announced(text, length, at, &colon);
    if (at >= length || !is_sqlstate(text, length, at) ||
        (colon && (at + CODE_LENGTH == length || text[at + CODE_LENGTH] != ':'))) {
        return length;
    }
    return at;
}

void codes_each(const char *text, size_t length, void (*found)(void *argument, const char code[CODE_TEXT]),
                void *argument)
{
    for (size_t i = 0; i < length; i++) {
        const char *known = message_code(text, length, i);
        size_t at = known ? length : code_at(text, length, i);
        char code[CODE_TEXT];

        if (known || at < length) {
            (void)snprintf(code, sizeof code, "%.*s", (int)CODE_LENGTH, known ? known : text + at);
            found(argument, code);
        }
    }
}
