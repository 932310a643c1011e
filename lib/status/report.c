/* The health document and the boot report as JSON. */
#include "status/status.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
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

static json_t *steps(const struct status *status, bool with_lines)
{
    json_t *array = json_array();
    for (size_t i = 0; i < status->step_count; i++) {
        const struct status_step *step = &status->steps[i];
        json_array_append_new(array, json_pack("{s:o, s:s, s:s, s:i, s:I, s:o, s:o, s:o}", "name", text(step->name),
                                               "list", step->list, "result", step_result_word(step->result), "attempts",
                                               (int)step->attempts, "durationMs", (json_int_t)status_step_took(step),
                                               "outcome", nullable(step->outcome), "codes", nullable(step->codes),
                                               "lastLines", lines(with_lines ? step->last : "")));
    }
    return array;
}

static json_t *history(const struct check *check)
{
    if (!check || !check->history) {
        return json_null();
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "local", (json_int_t)check->local, "applied",
                     (json_int_t)check->applied, "pending", (json_int_t)check->pending, "failed",
                     (json_int_t)check->failed, "edited", (json_int_t)check->edited, "gone", (json_int_t)check->gone);
}

static json_t *report(const struct status *status, bool with_lines)
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
    json_object_set_new(object, "steps", steps(status, with_lines));
    json_object_set_new(object, "migrations", history(status->check));
    return object;
}

static char *dump(json_t *object)
{
    char *result = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;
    json_decref(object);
    return result;
}

char *status_health_json(const struct status *status)
{
    return dump(health(status));
}

char *status_report_json(const struct status *status)
{
    return dump(report(status, true));
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

bool status_write_report(const struct status *status, const char *path, size_t most)
{
    char *json = status_report_json(status);
    if (json && most && strlen(json) >= most) {
        free(json);
        json = dump(report(status, false));
    }
    if (json && most && strlen(json) >= most) {
        free(json);
        json = status_health_json(status);
    }
    if (!json) {
        errno = ENOMEM;
        return false;
    }
    /* O_NONBLOCK: a FIFO without a reader must not stop us */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
    bool written = fd >= 0 && write_all(fd, json, strlen(json)) && write_all(fd, "\n", 1);
    int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    free(json);
    errno = why;
    return written;
}
