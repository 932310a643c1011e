#include "status/snapshot.h"

#include "base/text.h"

/* Writes if `reader` is NULL, else reads: each field stands once. */
struct walk {
    struct frame_writer *writer;
    struct frame_reader *reader;
    struct arena *arena;
};

static void walk_flag(struct walk *walk, bool *value)
{
    if (walk->reader) {
        *value = frame_get_flag(walk->reader);
    } else {
        frame_u8(walk->writer, *value);
    }
}

static void walk_number(struct walk *walk, int64_t *value)
{
    if (walk->reader) {
        *value = frame_get_i64(walk->reader);
    } else {
        frame_i64(walk->writer, *value);
    }
}

#define LATEST (INT64_MAX / 4000) /* 73 years */

/* Microseconds or milliseconds, or -1. What no clock gives is refused: differences of times, also a thousand times as
 * large where they are drawn, shall not overflow. */
static void walk_time(struct walk *walk, int64_t *value)
{
    walk_number(walk, value);
    if (walk->reader && (*value < -1 || *value > LATEST)) {
        walk->reader->broken = true;
    }
}

#define WALK_INTEGER(walk, field)             \
    do {                                      \
        int64_t number_ = (int64_t)(field);   \
        walk_number(walk, &number_);          \
        (field) = (__typeof__(field))number_; \
    } while (0)

static void walk_string(struct walk *walk, const char **value)
{
    if (walk->reader) {
        *value = frame_get_string(walk->reader, walk->arena);
    } else {
        frame_string(walk->writer, *value);
    }
}

static void walk_buffer(struct walk *walk, char *buffer, size_t size)
{
    const char *value = buffer;
    walk_string(walk, &value);
    if (walk->reader) {
        text_copy(buffer, size, value);
    }
}
#define WALK_BUFFER(walk, field) walk_buffer(walk, field, sizeof(field))

/* A list's length; what cannot fit into `most` or into the rest of the frame breaks it. */
static size_t walk_count(struct walk *walk, size_t count, size_t most)
{
    if (walk->reader) {
        count = frame_get_count(walk->reader, 1);
        if (count > most) {
            walk->reader->broken = true;
            count = 0;
        }
        return count;
    }
    frame_u32(walk->writer, (uint32_t)count);
    return count;
}

static void walk_check(struct walk *walk, struct check *check)
{
    if (walk->reader) {
        check_decode(check, walk->reader, walk->arena);
    } else {
        check_encode(check, walk->writer);
    }
}

static void walk_phase(struct walk *walk, enum phase *phase)
{
    WALK_INTEGER(walk, *phase);
    if (walk->reader && *phase >= PHASES) {
        walk->reader->broken = true;
    }
}

static void walk_spells(struct walk *walk, struct status *status)
{
    status->spell_count = walk_count(walk, status->spell_count, STATUS_SPELLS);
    for (size_t i = 0; i < status->spell_count; i++) {
        struct status_spell *spell = &status->spells[i];
        walk_phase(walk, &spell->phase);
        walk_time(walk, &spell->begin_us);
        walk_time(walk, &spell->end_us);
    }
}

static void walk_steps(struct walk *walk, struct status *status)
{
    status->step_count = walk_count(walk, status->step_count, STEPS_MAX);
    if (walk->reader) {
        status->steps = arena_array(walk->arena, status->step_count, sizeof *status->steps);
    }
    for (size_t i = 0; i < status->step_count; i++) {
        struct status_step *step = &status->steps[i];
        walk_string(walk, &step->list);
        walk_string(walk, &step->name);
        WALK_INTEGER(walk, step->result);
        WALK_INTEGER(walk, step->attempts);
        walk_time(walk, &step->took);
        walk_time(walk, &step->since);
        WALK_BUFFER(walk, step->outcome);
        WALK_BUFFER(walk, step->codes);
        WALK_BUFFER(walk, step->last);
        if (walk->reader && (step->result >= STEP_RESULT_COUNT || !step->list || !step->name)) {
            walk->reader->broken = true;
        }
    }
}

static void walk_status(struct walk *walk, struct status *status, struct check *check)
{
    walk_string(walk, &status->version);
    walk_phase(walk, &status->phase);
    walk_time(walk, &status->began_us);
    WALK_BUFFER(walk, status->began);
    walk_spells(walk, status);
    walk_flag(walk, &status->connected);
    bool checked = status->check != NULL, expected = status->expected != NULL;
    walk_flag(walk, &checked);
    walk_flag(walk, &expected);
    if (checked || expected) {
        walk_check(walk, check);
        *(checked ? &status->check : &status->expected) = check;
    }
    WALK_BUFFER(walk, status->checked_at);
    WALK_BUFFER(walk, status->host);
    WALK_BUFFER(walk, status->error);
    walk_string(walk, &status->schema);
    walk_steps(walk, status);
    walk_string(walk, &status->preset);
    walk_flag(walk, &status->awaits);
    WALK_INTEGER(walk, status->exit_status);
    WALK_INTEGER(walk, status->failed_with);
    WALK_BUFFER(walk, status->reason);
    walk_flag(walk, &status->ready);
    walk_time(walk, &status->waited);
    walk_time(walk, &status->lock_waited);
    walk_time(walk, &status->looked_us);
    for (int i = 0; i < STATUS_COUNTERS; i++) {
        walk_number(walk, &status->counters[i]);
    }
}

bool snapshot_encode(const struct status *status, struct frame_writer *writer)
{
    struct walk walk = { .writer = writer };
    frame_begin(writer, SNAPSHOT_FRAME);
    walk_status(&walk, (struct status *)status, (struct check *)status_tables(status)); /* no reader: nothing changes */
    return frame_end(writer);
}

bool snapshot_decode(struct frame_reader *payload, struct status *status, struct arena *arena)
{
    struct walk walk = { .reader = payload, .arena = arena };
    *status = (struct status){ .version = NULL };
    walk_status(&walk, status, arena_alloc(arena, sizeof(struct check)));
    return frame_done(payload) && status->version && status->schema && status->preset;
}
