#include "runtime/supervisor.h"

static void on_poll(uv_poll_t *poll, int status, int events)
{
    const struct watch *watch = (const struct watch *)poll;
    (void)status; /* an error shows when the descriptor is read */
    (void)events;
    watch->ready(poll->data);
}

static void on_closed(uv_handle_t *handle)
{
    ((struct watch *)handle)->used = false;
}

struct watch *watch_start(struct supervisor *s, int fd, int events, watch_ready *ready)
{
    if (s->loopless) {
        return NULL;
    }
    for (int i = 0; i < WATCHES; i++) {
        struct watch *watch = &s->watches[i];
        if (watch->used) {
            continue;
        }
        if (uv_poll_init(&s->loop, &watch->poll, fd) < 0) {
            return NULL;
        }
        watch->used = true;
        watch->ready = ready;
        watch->poll.data = s;
        if (uv_poll_start(&watch->poll, events, on_poll) < 0) {
            watch_stop(watch);
            return NULL;
        }
        return watch;
    }
    return NULL;
}

void watch_stop(struct watch *watch)
{
    if (watch) {
        uv_poll_stop(&watch->poll);
        uv_close((uv_handle_t *)&watch->poll, on_closed);
    }
}
