/* The http process: holds the last status that PID 1 pushed and answers with it (contract section 5). Forked; it gives
 * up every right it can before it reads a byte of a request. */
#ifndef STATUS_HTTP_H
#define STATUS_HTTP_H

#include "base/error.h"
#include "base/strings.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_LISTEN_MAX 16
#define HTTP_HEADER_MAX 16384            /* bytes of request line and headers; more is refused with 431 */
#define HTTP_REQUEST_TIMEOUT 10000       /* ms for a request to be complete, trickling included */
#define HTTP_LIVE_TIMEOUT 1000           /* ms for PID 1 to say that it lives */
#define HTTP_CONNECTIONS 512             /* at once; beyond, the one who takes longest is shown out */
#define HTTP_LIVE "/health/live"         /* the one path that needs no token */
#define HTTP_INSTANCE "Pgentry-Instance" /* the header by which `health` knows its own supervisor */

/* Frames beside SNAPSHOT_FRAME. From http process to PID 1: PING (answer PONG), RELEASED. */
enum http_frame { HTTP_PING = 2, HTTP_PONG, HTTP_RELEASE, HTTP_RELEASED };

/* Sockets that listen, with what they serve. */
struct http_sockets {
    int fds[HTTP_LISTEN_MAX];
    bool placeholder[HTTP_LISTEN_MAX]; /* the application's own address: 503 until the release */
    size_t count;
};

/* Binds and listens on every address (address.h). Those that fail are reported one by one through `failed` and left
 * out. Returns how many failed. */
size_t http_listen(struct http_sockets *sockets, const struct strings *addresses, bool placeholder,
                   void (*failed)(void *argument, const struct error *error), void *argument);
/* Closes them, or the placeholders alone; a socket's file is removed. */
void http_close(struct http_sockets *sockets, bool placeholders_only);

struct http_settings {
    int control; /* the socket pair's end */
    const struct http_sockets *sockets;
    const char *token; /* "": none */
    const char *instance;
    void (*forget)(void *argument); /* wipes configuration and secrets from this process */
    void *argument;
};

/* Serves until the control socket closes. Returns the exit status of the process. */
int http_serve(const struct http_settings *settings);

/* What tells this container's supervisor from another one behind the same address: made of the namespaces that a
 * container does not share (pid, mount). Without /proc all are alike. Returns buffer. */
#define HTTP_INSTANCE_TEXT 64
const char *http_instance(char buffer[HTTP_INSTANCE_TEXT]);

#endif
