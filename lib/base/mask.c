#include "base/mask.h"

#include "base/hash.h"
#include "base/percent.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SLOTS 256
#define HEADS_MAX 64                  /* of one form: one for each power of two, and its whole */
#define STARS 3                       /* no more, whatever the secret's length: that is nobody's business either */
#define LINE_MIN 8                    /* shorter lines of a secret of several lines are braces and the like */
#define JSON_GROWTH 6                 /* \u00XX for a byte */
#define ENCODED 3                     /* %XX for a byte */
#define SCRUB_MIN 6                   /* shorter ones are found everywhere by chance */
#define END_MIN 8                     /* of a secret's end, likewise */
#define CUT_MAX 64                    /* bytes that are missing before it */
#define PAGEMAP_ENTRIES 512           /* of 8 bytes: a page of them */
#define SCRUB_MAX ((size_t)256 << 20) /* of a mapping; the sanitizer's shadow is larger */

/* What reads memory in which secrets were left behind also reads what the sanitizer knows as freed. */
#define READS_FREED __attribute__((no_sanitize("address", "undefined")))

struct form {
    char *bytes;
    size_t length;
    bool encodable; /* found percent-encoded as well */
    uint32_t older; /* the number of another with the same head, or 0 */
};

/* A form's head are its bytes up to the first %, which is where what it may be spelled as begins to be ambiguous. The
 * heads are found by their hashes, and so are their first 2, 4, 8 … bytes: a text in which these are not found is read
 * no further, so that it costs the same however many forms there are. */
struct head {
    uint32_t hash;   /* 0: the slot is free */
    uint32_t newest; /* the number of the newest form with this head, from 1; 0: heads go on from here */
};

static struct {
    struct arena *arena;
    struct form *forms;
    size_t count;
    size_t capacity;
    size_t longest; /* of all that a form may be spelled as */

    bool first[256]; /* bytes with which a form begins */
    struct head *heads;
    size_t slots, used; /* of the heads: a power of two */
    uint64_t lengths;   /* which there are of heads, modulo 64 */
} set;

/* ---- heads ---- */

/* The byte at *at as no encoding shows it, a plus as the space that it may stand for; goes on behind it. */
READS_FREED static unsigned char plain_byte(const char *bytes, size_t length, size_t *at)
{
    const char *here = bytes + *at;
    int decoded = *here == '%' && length - *at >= ENCODED ? percent_byte(here[1], here[2]) : -1;
    unsigned char plain = (unsigned char)(decoded < 0 ? *here : decoded);

    *at += decoded < 0 ? 1 : ENCODED;
    return plain == '+' ? ' ' : plain;
}

static bool leads_on(size_t length)
{
    return length > 1 && (length & (length - 1)) == 0;
}

static struct head *head_slot(struct head *heads, size_t slots, uint32_t hash)
{
    size_t at = hash & (slots - 1);

    while (heads[at].hash && heads[at].hash != hash) {
        at = (at + 1) & (slots - 1);
    }
    return &heads[at];
}

static uint32_t folded(uint64_t hash)
{
    uint32_t half = (uint32_t)(hash >> 32 ^ hash);

    return half ? half : 1;
}

/* NULL: no head of this length has this hash. */
static const struct head *head_find(uint64_t hash, size_t length)
{
    if (!((set.lengths >> (length % 64)) & 1)) {
        return NULL;
    }

    const struct head *head = head_slot(set.heads, set.slots, folded(hash));

    return head->hash ? head : NULL;
}

static void heads_grow(void)
{
    size_t slots = set.slots ? set.slots * 2 : FIRST_SLOTS;
    struct head *heads = arena_array(set.arena, slots, sizeof *heads);

    for (size_t i = 0; i < set.slots; i++) {
        if (set.heads[i].hash) {
            *head_slot(heads, slots, set.heads[i].hash) = set.heads[i];
        }
    }
    set.heads = heads;
    set.slots = slots;
}

static struct head *head_add(uint64_t hash, size_t length)
{
    struct head *head = head_slot(set.heads, set.slots, folded(hash));

    set.used += head->hash == 0;
    set.lengths |= UINT64_C(1) << (length % 64);
    head->hash = folded(hash);
    return head;
}

/* ---- forms ---- */

static size_t head_length(const char *bytes, size_t length)
{
    const char *percent = memchr(bytes, '%', length);

    return percent ? (size_t)(percent - bytes) : length;
}

static uint64_t head_hash(const char *bytes, size_t length)
{
    uint64_t hash = HASH_BEGIN;

    for (size_t at = 0; at < length;) {
        hash = hash_byte(hash, plain_byte(bytes, length, &at));
    }
    return hash;
}

static bool form_known(const char *bytes, size_t length, bool encodable)
{
    size_t begins = head_length(bytes, length);
    const struct head *head = head_find(head_hash(bytes, begins), begins);

    for (uint32_t number = head ? head->newest : 0; number; number = set.forms[number - 1].older) {
        const struct form *form = &set.forms[number - 1];

        if (form->length == length && form->encodable >= encodable && memcmp(form->bytes, bytes, length) == 0) {
            return true;
        }
    }
    return false;
}

static void form_file(struct form *form, uint32_t number)
{
    size_t length = head_length(form->bytes, form->length), at = 0;
    uint64_t hash = HASH_BEGIN;

    while (at < length) {
        hash = hash_byte(hash, plain_byte(form->bytes, length, &at));
        if (leads_on(at) && at < length) {
            (void)head_add(hash, at);
        }
    }

    struct head *head = head_add(hash, length);

    form->older = head->newest;
    head->newest = number;
}

static void form_add(const char *bytes, size_t length, bool encodable)
{
    size_t longest = encodable ? length * ENCODED : length;

    if (length == 0 || form_known(bytes, length, encodable)) {
        return;
    }
    set.forms = arena_grow(set.arena, set.forms, set.count, &set.capacity, sizeof *set.forms);
    if (set.used + HEADS_MAX > set.slots / 2) {
        heads_grow();
    }

    struct form *form = &set.forms[set.count++];

    /* not as a string: a decoded %00 is in the middle of one */
    *form = (struct form){ arena_alloc(set.arena, length), length, encodable, 0 };
    memcpy(form->bytes, bytes, length);
    form_file(form, (uint32_t)set.count);
    set.longest = longest > set.longest ? longest : set.longest;
    set.first[(unsigned char)bytes[0]] = true;
    if (encodable) {
        set.first['%'] = true;
        set.first['+'] |= bytes[0] == ' ';
    }
}

/* One character of UTF-8 at `bytes` and its length; what is none counts as one byte. */
static size_t decode_character(const char *bytes, size_t length, uint32_t *character)
{
    size_t sequence = text_utf8_sequence(bytes, length);
    unsigned char first = (unsigned char)bytes[0];

    *character = sequence > 1 ? first & (0x7FU >> sequence) : first;
    for (size_t i = 1; i < sequence; i++) {
        *character = *character << 6 | ((unsigned char)bytes[i] & 0x3F);
    }
    return sequence ? sequence : 1;
}

/* How programs write a string as JSON: in ASCII alone, and what they escape although they need not. */
static const struct json {
    bool ascii;
    const char *escaped;
} json_writers[] = {
    { false, "" },      /* most */
    { true, "" },       /* Python's */
    { true, "/" },      /* PHP's */
    { false, "&<>" },   /* Go's */
    { false, "&<>='" }, /* Gson */
};

static void form_add_json(const char *secret, size_t length, const struct json *writer, char *scratch, size_t size)
{
    struct text out = text_over(scratch, size);

    for (size_t at = 0, step; at < length; at += step) {
        uint32_t c;

        step = decode_character(secret + at, length - at, &c);

        bool escaped = c && c < 0x80 && strchr(writer->escaped, (int)c);

        if (c >= 0x10000 && writer->ascii) {
            text_printf(&out, "\\u%04x\\u%04x", 0xD7C0U + (c >> 10), 0xDC00U + (c & 0x3FF));
        } else if (escaped && c == '/') {
            text_string(&out, "\\/");
        } else if (escaped || (c >= 0x80 && writer->ascii)) {
            text_printf(&out, "\\u%04x", c);
        } else {
            text_json(&out, secret + at, step);
        }
    }
    form_add(out.data, out.length, false);
}

/* With `mark` before each of these characters. */
static void form_add_marked(const char *secret, size_t length, const char *marked, char mark, char *scratch,
                            size_t size)
{
    struct text out = text_over(scratch, size);

    text_marked(&out, secret, length, marked, mark);
    form_add(out.data, out.length, false);
}

static void form_add_all(const char *secret, size_t length, char *scratch, size_t size)
{
    form_add(secret, length, true);
    form_add_marked(secret, length, "'", '\'', scratch, size);   /* as SQL quotes it */
    form_add_marked(secret, length, "'\\", '\\', scratch, size); /* and a keyword string of libpq's */
    for (size_t i = 0; i < sizeof json_writers / sizeof json_writers[0]; i++) {
        form_add_json(secret, length, &json_writers[i], scratch, size);
    }
}

static void form_add_lines(const char *secret)
{
    if (!strchr(secret, '\n')) {
        return;
    }
    for (const char *line = secret; *line;) {
        size_t length = strcspn(line, "\r\n");

        if (length >= LINE_MIN) {
            form_add(line, length, true);
        }
        line += length;
        line += strspn(line, "\r\n");
    }
}

void mask_add(const char *secret)
{
    size_t length = strlen(secret);
    struct arena *scratch = arena_new();
    size_t size = length * JSON_GROWTH + 1;
    char *room = arena_alloc(scratch, size);
    char *decoded = arena_alloc(scratch, length + 1);

    if (!set.arena) {
        set.arena = arena_new();
    }
    form_add_all(secret, length, room, size);
    form_add_all(decoded, percent_decode(secret, length, decoded), room, size);
    form_add_lines(secret);
    explicit_bzero(room, size);
    explicit_bzero(decoded, length);
    arena_free(scratch);
}

READS_FREED static size_t read_as(const struct form *form, bool encoded, const char *bytes, size_t length)
{
    size_t at = 0;

    for (size_t i = 0; i < form->length; i++) {
        char c = form->bytes[i];

        if (encoded && length - at >= ENCODED && bytes[at] == '%' &&
            percent_byte(bytes[at + 1], bytes[at + 2]) == (unsigned char)c) {
            at += ENCODED;
        } else if (at < length && (bytes[at] == c || (encoded && c == ' ' && bytes[at] == '+'))) {
            at++;
        } else {
            return 0;
        }
    }
    return at;
}

/* Which characters are percent-encoded, libraries do not agree on (RFC 3986 section 2, encodeURIComponent, Go, WHATWG),
 * and forms write a space as a plus: each may be either. Returns how many bytes spell the form, 0: they do not. A form
 * that has a %25 in it stands there as it is as well. */
static size_t spelled(const struct form *form, const char *bytes, size_t length)
{
    size_t encoded = form->encodable ? read_as(form, true, bytes, length) : 0;

    return encoded ? encoded : read_as(form, false, bytes, length);
}

/* Length of the longest form with this head that begins here, or 0. */
static size_t longest_of(const struct head *head, const char *bytes, size_t length, size_t least)
{
    size_t longest = 0;

    for (uint32_t number = head ? head->newest : 0; number; number = set.forms[number - 1].older) {
        const struct form *form = &set.forms[number - 1];
        size_t this = form->length < least ? 0 : spelled(form, bytes, length);

        longest = this > longest ? this : longest;
    }
    return longest;
}

READS_FREED static size_t longest_read(const char *bytes, size_t length, size_t least)
{
    uint64_t hash = HASH_BEGIN;
    size_t longest = bytes[0] == '%' ? longest_of(head_find(hash, 0), bytes, length, least) : 0;

    for (size_t at = 0, read = 1; at < length; read++) {
        hash = hash_byte(hash, plain_byte(bytes, length, &at));

        const struct head *head = head_find(hash, read);
        size_t this = longest_of(head, bytes, length, least);

        longest = this > longest ? this : longest;
        if (!head && leads_on(read)) {
            break;
        }
    }
    return longest;
}

/* Length of the longest form of `least` bytes or more that begins here, or 0. */
READS_FREED static size_t longest_at(const char *bytes, size_t length, size_t least)
{
    return set.first[(unsigned char)bytes[0]] ? longest_read(bytes, length, least) : 0;
}

size_t mask_apply(char *bytes, size_t length)
{
    size_t written = 0;

    for (size_t i = 0; i < length;) {
        size_t end = i + longest_at(bytes + i, length - i, 1);

        if (end == i) {
            bytes[written++] = bytes[i++];
            continue;
        }
        /* Two secrets may overlap; nothing of either may stay. */
        for (size_t j = i + 1; j < end; j++) {
            size_t other = j + longest_at(bytes + j, length - j, 1);

            end = other > end ? other : end;
        }
        for (size_t stars = 0; stars < STARS && i < end; stars++, i++) {
            bytes[written++] = '*';
        }
        i = end;
    }
    return written;
}

void mask_string(char *string)
{
    string[mask_apply(string, strlen(string))] = '\0';
}

char *mask_copy(struct arena *arena, const char *string)
{
    char *copy = arena_strdup(arena, string);

    mask_string(copy);
    return copy;
}

char *mask_visible(struct arena *arena, const char *masked, size_t most)
{
    size_t length = strlen(masked), size = TEXT_VISIBLE_GROWTH * length + 1;
    struct text text = text_over(arena_alloc(arena, size), size);

    text_visible(&text, masked, length);
    length = mask_apply(text.data, text.length);
    text.data[length > most ? text_utf8_border(text.data, most) : length] = '\0';
    return text.data;
}

size_t mask_longest(void)
{
    return set.longest;
}

void mask_wipe(void)
{
    for (size_t i = 0; i < set.count; i++) {
        explicit_bzero(set.forms[i].bytes, set.forms[i].length);
    }
    arena_free(set.arena);
    explicit_bzero(&set, sizeof set);
}

/* ---- out of the whole memory ---- */

/* How many bytes from here on are to stay: what the search itself needs, or the caller. */
static size_t ours_from(const char *at, const char *kept, size_t kept_length)
{
    size_t rest = arena_rest(set.arena, at);

    return rest ? rest : at >= kept && at < kept + kept_length ? (size_t)(kept + kept_length - at) : 0;
}

READS_FREED static void scrub_range(char *at, const char *end, const char *kept, size_t kept_length)
{
    while (at < end) {
        size_t length = longest_at(at, (size_t)(end - at), SCRUB_MIN);
        size_t passed = length ? ours_from(at, kept, kept_length) : 1;
        if (passed) {
            at += passed;
            continue;
        }
        for (volatile char *byte = at; length > 0; length--) {
            *byte++ = 0;
            at++;
        }
    }
}

/* Only pages that are in memory or swapped out (bits 63 and 62: the kernel's admin-guide/mm/pagemap.rst): to read
 * another one would map it, and most of what is reserved never is. What the file does not tell counts as present. */
static void scrub_mapping(int pagemap, char *at, char *end, const char *kept)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t entries[PAGEMAP_ENTRIES];
    char *present = NULL; /* where the pages begin that are there, up to `at` */

    while (at < end) {
        size_t wanted = (size_t)(end - at) / page;
        size_t size = (wanted < PAGEMAP_ENTRIES ? wanted : PAGEMAP_ENTRIES) * sizeof entries[0];
        ssize_t got = pread(pagemap, entries, size, (off_t)((uintptr_t)at / page * sizeof entries[0]));
        if (got < (ssize_t)sizeof entries[0]) {
            present = present ? present : at;
            break;
        }
        for (size_t i = 0; i < (size_t)got / sizeof entries[0]; i++, at += page) {
            bool there = entries[i] >> 62;
            if (present && !there) {
                scrub_range(present, at, kept, strlen(kept));
            }
            present = there ? (present ? present : at) : NULL;
        }
    }
    if (present) {
        scrub_range(present, end, kept, strlen(kept));
    }
}

/* Of a copy that was freed the allocator has written over the beginning, so that all its ends are looked for. */
static void form_add_ends(void)
{
    const size_t count = set.count;

    for (size_t i = 0; i < count; i++) {
        const struct form form = set.forms[i];

        for (size_t cut = 1; cut <= CUT_MAX && form.length >= cut + END_MIN; cut++) {
            form_add(form.bytes + cut, form.length - cut, form.encodable);
        }
    }
}

void mask_scrub(const char *kept)
{
    char line[512];
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen("/proc/self/maps", "re");
    form_add_ends();
    while (maps && set.count && fgets(line, sizeof line, maps)) {
        char *rest;
        uintptr_t begin = strtoul(line, &rest, 16);
        uintptr_t end = *rest == '-' ? strtoul(rest + 1, &rest, 16) : begin;
        if (strncmp(rest, " rw-p ", 6) == 0 && end - begin <= SCRUB_MAX) {
            scrub_mapping(pagemap, (char *)begin, (char *)end, kept);
        }
    }
    if (maps) {
        fclose(maps);
    }
    close(pagemap);
    mask_wipe();
}
