#include "base/text.h"
#include "runtime/supervisor.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define TURN 100 /* ms */

static bool shown(const struct supervisor *s)
{
    return s->plan.goal == GOAL_SYNC && log_terminal();
}

static size_t width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1U : 79;
}

/* The first `columns` characters, each taken for one column wide. */
static void cut(struct text *text, size_t columns)
{
    size_t at = 0;
    while (at < text->length && columns) {
        at++;
        while (at < text->length && ((unsigned char)text->data[at] & 0xC0) == 0x80) {
            at++;
        }
        columns--;
    }
    text->length = at;
    text->data[at] = '\0';
}

static void draw(struct supervisor *s)
{
    static const char *const turns[] = { "|", "/", "-", "\\" };
    const struct child *child = &s->child;
    char line[LOG_TRANSIENT_MAX];
    struct text text = text_over(line, sizeof line);
    text_printf(&text, "%s %s, %lld s: %s", turns[child->turns % 4], child->step->name,
                (long long)((clock_now() - child->began) / 1000), child->progress);
    cut(&text, width());
    log_transient(line);
}

void progress_begin(struct supervisor *s)
{
    s->child.progress[0] = '\0';
    if (shown(s)) {
        s->child.turn_at = clock_now() + TURN;
    }
}

void progress_turn(struct supervisor *s)
{
    s->child.turn_at = clock_now() + TURN;
    s->child.turns++;
    draw(s);
}

void progress_line(struct supervisor *s, const char *line)
{
    if (shown(s) && s->child.pid) { /* else what the step left running printed it */
        TEXT_COPY(s->child.progress, line);
        draw(s);
    }
}

void progress_end(struct supervisor *s)
{
    if (shown(s)) {
        s->child.turn_at = BOOT_NEVER;
        log_transient("");
    }
}
