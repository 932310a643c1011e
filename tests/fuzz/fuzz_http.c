/* Any bytes as what a client sends, in any pieces, to the endpoint and to a placeholder, over real sockets: an answer
 * is one of ours or none, and 400 where there is no request line; without the token nobody sees a word of the status; a
 * placeholder answers once the headers are complete and never before.
 *
 * http_serve itself confines the process that it runs in for good, and a fuzzer could not go on in it. Hence its source
 * here: connections, requests and frames take its own way, one turn after the other. */
#include "status/http.c"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/un.h>

#define TOKEN "t0ken-of-mine"
#define MARK "shown-to-nobody"
#define AUTOBOUND (sizeof(sa_family_t) + 6) /* bytes of an address that the kernel chose: unix(7) */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct server server;
static struct sockaddr_un addresses[2];
static int parent; /* PID 1's end */

static void claim(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Its address is the kernel's choice, in no folder. */
static int listener(struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_un any = { .sun_family = AF_UNIX };
    socklen_t length = sizeof *address;
    claim(fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof any.sun_family) == 0 && listen(fd, 8) == 0);
    claim(getsockname(fd, (struct sockaddr *)address, &length) == 0);
    return fd;
}

static void push_status(void)
{
    static struct status status = {
        .version = MARK, .phase = PHASE_RUNNING, .schema = MARK, .preset = MARK, .exit_status = -1
    };
    struct frame_writer writer = { 0 };
    strcpy(status.host, MARK);
    strcpy(status.error, MARK);
    claim(snapshot_encode(&status, &writer) && frame_send(parent, &writer));
    frame_writer_free(&writer);
    claim(listen_to_parent(&server) && server.known);
}

static void begin(void)
{
    static struct http_sockets sockets = { .placeholder = { false, true }, .count = 2 };
    static const struct http_settings settings = { .sockets = &sockets, .token = TOKEN, .instance = "1-2" };
    int pair[2];

    claim(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    parent = pair[0];
    server.control.fd = pair[1];
    server.settings = &settings;
    server.answers.instance = settings.instance;
    server.answers.status = &server.status;
    guests_begin(&server.guests);
    for (size_t i = 0; i < sockets.count; i++) {
        sockets.fds[i] = listener(&addresses[i]);
    }
    claim(start(&server));
    push_status();
}

/* What the server does next. PID 1 says that it lives to every second one who asks. */
static void serve(void)
{
    static bool lives;
    char ping[64];

    serve_all(&server, clock_now());
    if (server.asked_at) {
        claim(recv(parent, ping, sizeof ping, MSG_DONTWAIT) > 0);
        lives = !lives;
        wake_waiting(&server, lives);
        serve_all(&server, clock_now());
    }
}

static bool is_busy(void)
{
    struct pollfd fds[] = { { .fd = server.epoll, .events = POLLIN },
                            { .fd = door_descriptor(&server.door), .events = POLLIN },
                            { .fd = placeholder_descriptor(server.placeholder), .events = POLLIN } };
    return poll(fds, sizeof fds / sizeof fds[0], 0) > 0 || patience(&server, clock_now()) == 0;
}

/* Sends all of it in pieces, then ends its half; what came back until the server had nothing left to do. */
static size_t talk(const struct sockaddr_un *address, const uint8_t *data, size_t size, size_t piece, char *answer,
                   size_t most)
{
    size_t length = 0, sent = 0;
    bool ended = false;
    ssize_t got = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    claim(fd >= 0 && connect(fd, (const struct sockaddr *)address, AUTOBOUND) == 0);
    while (!ended || got > 0 || is_busy()) {
        if (sent < size) {
            ssize_t did = send(fd, data + sent, size - sent < piece ? size - sent : piece, MSG_NOSIGNAL);
            sent = did > 0 ? sent + (size_t)did : errno == EAGAIN ? sent : size;
        } else if (!ended) {
            ended = true;
            shutdown(fd, SHUT_WR);
        }
        serve();
        got = recv(fd, answer + length, most - length, 0);
        length += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    serve();
    return length;
}

/* The end of the headers as the placeholder's promise says it: an empty line, or more than is let in. */
static bool is_complete(const uint8_t *data, size_t size)
{
    unsigned ends = 0;
    for (size_t i = 0; i < size; i++) {
        ends = data[i] == '\n' ? ends + 1 : data[i] == '\r' ? ends : 0;
        if (ends == 2 || i >= HTTP_HEADER_MAX) {
            return true;
        }
    }
    return false;
}

/* Whether the first line, after empty ones, has no blank: then it is no request line (RFC 9112 section 3). */
static bool has_no_request_line(const uint8_t *data, size_t size)
{
    size_t i = 0;
    while (i < size && (data[i] == '\r' || data[i] == '\n')) {
        i++;
    }
    while (i < size && data[i] != '\r' && data[i] != '\n' && data[i] != ' ') {
        i++;
    }
    return size && (i == size || data[i] != ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char answer[1 << 20];

    if (!server.known) {
        begin();
    }
    if (size < 1) {
        return 0;
    }
    size_t piece = size / (1 + data[0] % 32) + 1;
    data++;
    size--;

    size_t length = talk(&addresses[0], data, size, piece, answer, sizeof answer);
    claim(length == 0 || memmem(answer, length, "HTTP/1.", 7) == answer);
    claim(!has_no_request_line(data, size) || memmem(answer, length, "HTTP/1.1 400 ", 13) == answer);
    claim(!memmem(answer, length, MARK, sizeof MARK - 1) || memmem(data, size, TOKEN, sizeof TOKEN - 1));
    claim(!memmem(answer, length, TOKEN, sizeof TOKEN - 1));

    length = talk(&addresses[1], data, size, piece, answer, sizeof answer);
    claim((length > 0) == is_complete(data, size));
    claim(length == 0 || strncmp(answer, "HTTP/1.1 503 ", 13) == 0);
    return 0;
}
