/* The health document and the boot report as JSON. */
#include "base/text.h"
#include "status/status.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* jansson refuses what is not UTF-8; our texts were made so, but a table's name may be anything. */
static json_t *text(const char *string)
{
    json_t *value = string ? json_string(string) : json_null();
    return value ? value : json_string_nocheck("?");
}

static json_t *nullable(const char *string)
{
    return string && *string ? text(string) : json_null();
}

static json_t *tables(const struct check *check)
{
    json_t *object = json_object();
    for (size_t i = 0; check && i < check->table_count; i++) {
        json_object_set_new_nocheck(object, check->tables[i].name, json_boolean(check->tables[i].exists));
    }
    return object;
}

static json_t *missing(const struct check *check)
{
    json_t *array = json_array();
    for (size_t i = 0; check && i < check->table_count; i++) {
        if (!check->tables[i].exists) {
            json_array_append_new(array, text(check->tables[i].name));
        }
    }
    return array;
}

static json_t *problem(enum problem_code code, const char *object, const char *detail)
{
    char sentence[1024], fix[1024];
    problem_sentence(code, object, detail, sentence, sizeof sentence);
    problem_fix(code, object, detail, fix, sizeof fix);
    return json_pack("{s:s, s:o, s:o, s:o}", "code", problem_word(code), "object", text(object), "message",
                     text(sentence), "fix", text(fix));
}

static json_t *problems(const struct status *status)
{
    const struct check *check = status->check;
    json_t *array = json_array();
    if (!status->connected && status->error[0]) {
        json_array_append_new(array, problem(PROBLEM_DISCONNECTED, "database", status->error));
    }
    for (size_t i = 0; check && i < check->problem_count; i++) {
        const struct problem *p = &check->problems[i];
        json_array_append_new(array, problem(p->code, p->object, p->detail));
    }
    if (check && check->migrations.failed) {
        json_array_append_new(array, problem(PROBLEM_MIGRATION_FAILED, check->migrations.failed_name, NULL));
    }
    return array;
}

static json_t *health(const struct status *status)
{
    const struct check *check = status_tables(status);
    char now[TIMESTAMP_TEXT];
    json_t *database =
        json_pack("{s:b, s:o, s:o, s:I, s:I}", "connected", status->connected, "tables", tables(check), "missingTables",
                  missing(status->check), "totalTables", (json_int_t)(check ? check->table_count : 0), "healthyTables",
                  (json_int_t)(check ? status_healthy_tables(check) : 0));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s}", "status", status_word(status), "phase",
                     phase_word(status->phase), "database", database, "problems", problems(status), "checkedAt",
                     nullable(status->checked_at), "timestamp", timestamp_now(now));
}

static json_t *timeline(const struct status *status)
{
    json_t *array = json_array();
    int64_t now = clock_now_us() - status->began_us;
    for (size_t i = 0; i < status->spell_count; i++) {
        const struct status_spell *spell = &status->spells[i];
        json_array_append_new(array, json_pack("{s:s, s:f, s:f}", "phase", phase_word(spell->phase), "beginMs",
                                               (double)spell->begin_us / 1000.0, "durationMs",
                                               (double)status_spell_took(spell, now) / 1000.0));
    }
    return array;
}

static json_t *lines(const char *last)
{
    json_t *array = json_array();
    while (*last) {
        size_t length = strcspn(last, "\n");
        json_t *line = json_stringn(last, length);
        json_array_append_new(array, line ? line : json_string_nocheck("?"));
        last += length + (last[length] == '\n');
    }
    return array;
}

static json_t *steps(const struct status *status)
{
    json_t *array = json_array();
    for (size_t i = 0; i < status->step_count; i++) {
        const struct status_step *step = &status->steps[i];
        json_array_append_new(array, json_pack("{s:o, s:s, s:s, s:i, s:I, s:o, s:o, s:o}", "name", text(step->name),
                                               "list", step->list, "result", step_result_word(step->result), "attempts",
                                               (int)step->attempts, "durationMs", (json_int_t)status_step_took(step),
                                               "outcome", nullable(step->outcome), "codes", nullable(step->codes),
                                               "lastLines", lines(step->last)));
    }
    return array;
}

static json_t *migrations(const struct check *check)
{
    if (!check || !check->migrations.known) {
        return json_null();
    }
    const struct migrations_state *state = &check->migrations;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "local", (json_int_t)state->local, "applied",
                     (json_int_t)state->applied, "pending", (json_int_t)state->pending.count, "failed",
                     (json_int_t)state->failed, "edited", (json_int_t)state->edited.count, "gone",
                     (json_int_t)state->gone.count);
}

static json_t *report(const struct status *status)
{
    json_t *object = health(status);
    if (!object) {
        return NULL;
    }
    json_object_set_new(object, "version", text(status->version));
    json_object_set_new(object, "startedAt", text(status->began));
    json_object_set_new(object, "exitStatus",
                        status->exit_status < 0 ? json_null() : json_integer(status->exit_status));
    json_object_set_new(object, "failedWith", status->failed_with ? json_integer(status->failed_with) : json_null());
    json_object_set_new(object, "reason", nullable(status->reason));
    json_object_set_new(object, "preset", text(status->preset));
    json_object_set_new(object, "host", nullable(status->host));
    json_object_set_new(object, "error", nullable(status->error));
    json_object_set_new(object, "timeline", timeline(status));
    json_object_set_new(object, "steps", steps(status));
    json_object_set_new(object, "migrations", migrations(status->check));
    return object;
}

#define NUMBERS JSON_REAL_PRECISION(6)

static char *dump(json_t *object)
{
    char *result = object ? json_dumps(object, JSON_INDENT(2) | NUMBERS) : NULL;
    json_decref(object);
    return result;
}

char *status_health_json(const struct status *status)
{
    return dump(health(status));
}

char *status_report_json(const struct status *status)
{
    return dump(report(status));
}

/* ---- a report that must be short ---- */

#define DENSE (JSON_COMPACT | JSON_ENCODE_ANY | NUMBERS)
#define LEFT_OUT 160 /* bytes of "leftOut" with all that it counts */

struct shedding {
    json_t *report, *left_out;
    size_t excess; /* bytes that it is too long by */
};

/* What it goes without, and no more of it than it has to: an array's elements. */
struct shed {
    const char *in;                      /* the object it stands in; NULL: the report */
    const char *array;                   /* its name */
    const char *each;                    /* of each of its elements this array instead, or NULL */
    bool first;                          /* from its beginning on, not from its end */
    bool (*told)(const json_t *element); /* only what is told elsewhere; NULL: any */
};

static size_t size_of(const json_t *value)
{
    return json_dumpb(value, NULL, 0, DENSE);
}

static void leave_out(struct shedding *shedding, const char *name, size_t count, size_t size)
{
    json_int_t counted = json_integer_value(json_object_get(shedding->left_out, name));
    json_object_set_new(shedding->left_out, name, json_integer(counted + (json_int_t)count));
    shedding->excess -= size < shedding->excess ? size : shedding->excess;
}

/* All or none: a table that does not stand there would look like one that nobody wants. */
static void shed_tables(struct shedding *shedding)
{
    json_t *map = json_object_get(json_object_get(shedding->report, "database"), "tables");
    if (shedding->excess) {
        leave_out(shedding, "tables", json_object_size(map), size_of(map) - strlen("{}"));
        json_object_clear(map);
    }
}

static void shed_elements(struct shedding *shedding, const struct shed *shed, json_t *array)
{
    for (size_t left = json_array_size(array); left && shedding->excess; left--) {
        size_t at = shed->first ? 0 : left - 1, comma = json_array_size(array) > 1;
        const json_t *element = json_array_get(array, at);
        if (!shed->told || shed->told(element)) {
            leave_out(shedding, shed->each ? shed->each : shed->array, 1, size_of(element) + comma);
            json_array_remove(array, at);
        }
    }
}

static void shed_array(struct shedding *shedding, const struct shed *shed)
{
    const json_t *object = shed->in ? json_object_get(shedding->report, shed->in) : shedding->report;
    json_t *array = json_object_get(object, shed->array);
    for (size_t i = 0; shed->each && i < json_array_size(array); i++) {
        shed_elements(shedding, shed, json_object_get(json_array_get(array, i), shed->each));
    }
    if (!shed->each) {
        shed_elements(shedding, shed, array);
    }
}

/* How much of it fits depends on what JSON escapes. */
static void shed_reason(struct shedding *shedding)
{
    const json_t *reason = json_object_get(shedding->report, "reason");
    for (size_t length = json_string_length(reason); length && shedding->excess;) {
        const char *bytes = json_string_value(reason);
        length = text_utf8_border(bytes, length - (length + 7) / 8);
        json_t *shorter = json_stringn(bytes, length);
        size_t size = size_of(reason) - size_of(shorter);
        shedding->excess -= size < shedding->excess ? size : shedding->excess;
        json_object_set_new(shedding->report, "reason", shorter);
        reason = shorter;
    }
}

static bool is_missing_table(const json_t *problem)
{
    return strcmp(json_string_value(json_object_get(problem, "code")), problem_word(PROBLEM_MISSING_TABLE)) == 0;
}

/* First what is told elsewhere, last what tells how the boot ended. */
static void shed_all(struct shedding *shedding)
{
    static const struct shed sheds[] = {
        { .array = "problems", .told = is_missing_table },
        { .array = "steps", .each = "lastLines", .first = true },
        { .array = "problems" },
        { .in = "database", .array = "missingTables" },
        { .array = "timeline", .first = true },
        { .array = "steps" },
    };
    shed_tables(shedding);
    for (size_t i = 0; i < sizeof sheds / sizeof sheds[0]; i++) {
        shed_array(shedding, &sheds[i]);
    }
    shed_reason(shedding);
}

static char *dump_short(json_t *object, size_t most)
{
    size_t size = size_of(object);
    struct shedding shedding = { .report = object, .left_out = json_object() };
    if (size > most) {
        shedding.excess = size - (most - LEFT_OUT);
        shed_all(&shedding);
        json_object_set(object, "leftOut", shedding.left_out);
    }
    json_decref(shedding.left_out);
    char *result = json_dumps(object, DENSE);
    json_decref(object);
    return result;
}

static char *report_within(const struct status *status, size_t most)
{
    json_t *object = report(status);
    if (!object) {
        return NULL;
    }
    return most && json_dumpb(object, NULL, 0, JSON_INDENT(2) | NUMBERS) > most ? dump_short(object, most)
                                                                                : dump(object);
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t done = write(fd, bytes, length);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        bytes += done;
        length -= (size_t)done;
    }
    return true;
}

/* A link that another user made leads where he likes, with our rights; root's are everybody's: /dev/stdout. */
static bool is_strange_link(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid != 0 && status.st_uid != geteuid();
}

/* O_NONBLOCK: a FIFO without a reader must not stop us. */
static int open_report(const char *path)
{
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = open(path, flags | O_NOFOLLOW, 0644);
    if (fd >= 0 || errno != ELOOP) {
        return fd;
    }
    if (is_strange_link(path)) {
        errno = ELOOP;
        return -1;
    }
    return open(path, flags, 0644);
}

bool status_write_report(const struct status *status, const char *path, size_t most)
{
    char *json = report_within(status, most ? most - 1 : 0); /* and the line's end */
    if (!json) {
        errno = ENOMEM;
        return false;
    }
    int fd = open_report(path);
    bool written = fd >= 0 && write_all(fd, json, strlen(json)) && write_all(fd, "\n", 1);
    int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    free(json);
    errno = why;
    return written;
}
