#include "database/sql_file.h"

#include "base/text.h"
#include "database/sql_lexer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_CAPACITY ((size_t)64 << 10) /* of what has no size of its own: a pipe */

static const char byte_order_mark[] = "\xEF\xBB\xBF";

/* Makes room for at least one more byte and the terminator. */
static bool grow(struct sql_file *file, size_t *capacity, size_t wanted)
{
    char *text = realloc(file->text, wanted);

    if (text) {
        file->text = text;
        *capacity = wanted;
    }
    return text != NULL;
}

static size_t first_capacity(int descriptor, size_t limit)
{
    struct stat status;
    size_t size = FIRST_CAPACITY;

    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        size = (size_t)status.st_size;
    }
    return (size < limit ? size : limit) + 2; /* one to see the end, one for the terminator */
}

/* False with errno; EFBIG: more than `limit` bytes. */
static bool read_all(struct sql_file *file, int descriptor, size_t limit)
{
    size_t capacity = 0;
    size_t wanted = first_capacity(descriptor, limit);

    for (;;) {
        ssize_t got;

        if (file->length + 1 >= capacity && !grow(file, &capacity, capacity ? capacity * 2 : wanted)) {
            return false;
        }
        got = read(descriptor, file->text + file->length, capacity - file->length - 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            file->text[file->length] = '\0';
            return got == 0;
        }
        file->length += (size_t)got;
        if (file->length > limit) {
            errno = EFBIG;
            return false;
        }
    }
}

static bool read_file(struct sql_file *file, size_t limit)
{
    int descriptor = open(file->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool done;
    int error;

    if (descriptor < 0) {
        return false;
    }
    done = read_all(file, descriptor, limit);
    error = errno;
    (void)close(descriptor);
    errno = error;
    return done;
}

static void skip_byte_order_mark(struct sql_file *file)
{
    size_t length = sizeof byte_order_mark - 1;

    if (file->length >= length && memcmp(file->text, byte_order_mark, length) == 0) {
        memmove(file->text, file->text + length, file->length - length + 1);
        file->length -= length;
    }
}

static bool check(struct sql_file *file, struct error *error)
{
    struct sql_statement refused;
    struct text_place place;

    if (sql_check(file->text, file->length, &refused)) {
        return true;
    }
    place = text_place_of(file->text, refused.refused_at);
    (void)error_set(error, STATUS_FAILED, "%s:%zu:%zu: %s", file->name, place.line, place.column,
                    sql_refusal_sentence(refused.refusal));
    return error_hint(error, "%s", sql_refusal_hint(refused.refusal));
}

static void cannot_read(const char *name, int number, struct error *error)
{
    (void)error_set(error, STATUS_FAILED, "%s: cannot be read: %s", name, strerror(number));
    if (number == EFBIG) {
        (void)error_hint(error, "all files of one call may have %zu MiB together: split them", SQL_FILES_MAX >> 20);
    }
}

bool sql_file_load(struct sql_file *file, const char *name, size_t limit, struct error *error)
{
    bool done;

    *file = (struct sql_file){ .name = name };
    done = read_file(file, limit);
    if (done) {
        skip_byte_order_mark(file);
        done = check(file, error);
    } else {
        cannot_read(name, errno, error);
    }
    if (!done) {
        sql_file_free(file);
    }
    return done;
}

void sql_file_free(struct sql_file *file)
{
    free(file->text);
    *file = (struct sql_file){ 0 };
}
