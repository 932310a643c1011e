#include "status/malformed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(text) text, sizeof(text) - 1

static void the_first_bytes_tell_a_request_from_what_is_none(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        enum beginning beginning;
    } beginnings[] = {
        { TEXT("GET / HTTP/1.1\r\n"), BEGINNING_GOOD },
        { TEXT("!Zz~ / HTTP/1.1\r\n"), BEGINNING_GOOD }, /* a token (RFC 9110 section 5.6.2) */
        { TEXT("\r\n\n\r\nGET "), BEGINNING_GOOD },
        { TEXT(""), BEGINNING_SHORT },
        { TEXT("GE"), BEGINNING_SHORT },
        { TEXT("\r"), BEGINNING_SHORT },
        { TEXT("\r\n"), BEGINNING_SHORT },
        { "GETS", 3, BEGINNING_SHORT },
        { TEXT("\rGET "), BEGINNING_BAD },
        { TEXT("\rG"), BEGINNING_BAD },
        { TEXT("\r\n\r\r\n"), BEGINNING_BAD },
        { TEXT(" GET / "), BEGINNING_BAD },
        { TEXT("GET\r\n"), BEGINNING_BAD },
        { TEXT("G@T "), BEGINNING_BAD },
        { TEXT("G\0T "), BEGINNING_BAD },
        { TEXT("GET /\0 HTTP/1.1"), BEGINNING_BAD },
        { TEXT("GET / HTTP/1.1\r\nA: b\r\n: c"), BEGINNING_BAD }, /* a line without a name */
        { TEXT("GET / HTTP/1.1\r\nA: b\n:"), BEGINNING_BAD },
        { TEXT("GET / HTTP/1.1\r\n\r\nx\0\n:"), BEGINNING_GOOD }, /* behind the head it is another's */
        { TEXT("POST / HTTP/1.1\r\nA: b\r\n\r\n\0"), BEGINNING_GOOD },
        { TEXT("GET / HTTP/1.1\r\nA\0: b\r\n\r\n"), BEGINNING_BAD },
        { TEXT("GET / HTTP/1.1\r\nA: b\r\n\rx\0"), BEGINNING_BAD },
    };

    (void)state;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (malformed_beginning(beginnings[i].bytes, beginnings[i].length) != beginnings[i].beginning) {
            fail_msg("%s", beginnings[i].bytes);
        }
    }
}

static void more_arguments_than_256_are_too_many_and_headers_have_none(void **state)
{
    static const char line[] = "GET /?", rest[] = " HTTP/1.1\r\nA: &&&&";
    char bytes[1024];

    (void)state;
    memset(bytes, '&', sizeof bytes);
    memcpy(bytes, line, strlen(line));
    assert_int_equal(malformed_beginning(bytes, strlen(line) + 256), BEGINNING_GOOD);
    assert_int_equal(malformed_beginning(bytes, strlen(line) + 257), BEGINNING_BAD);
    memcpy(bytes + strlen(line) + 256, rest, strlen(rest));
    assert_int_equal(malformed_beginning(bytes, strlen(line) + 256 + strlen(rest)), BEGINNING_GOOD);
}

static void a_target_is_visible_text_whose_path_is_encoded_as_it_should_be(void **state)
{
    static const char *const good[] = { "/", "/health/live?verbose=%", "/a%41b%fF%0a?%00", "*", "x:443", "/~!" };
    static const char *const bad[] = { "/a b", "/a\x01", "/a\x7f", "/\xc3\xa4", "/a?b\n", "/%",   "/%4",
                                       "/%4g", "/%g4",   "/%%41",  "/a%00b",    "/%00",   "/%41%" };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (malformed_target(good[i])) {
            fail_msg("%s", good[i]);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!malformed_target(bad[i])) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void a_target_in_absolute_form_has_the_path_behind_its_host(void **state)
{
    static const char *const targets[][2] = {
        { "/health/live", "/health/live" }, { "http://x/a/b", "/a/b" },
        { "HTTPS://x:1/a", "/a" },          { "http://x", "/" },
        { "ftp://x/a", "ftp://x/a" },       { "*", "*" },
        { "/http://x/a", "/http://x/a" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        assert_string_equal(request_path(targets[i][0]), targets[i][1]);
    }
}

/* ---- the headers of a request ---- */

#define HEADERS_MAX 4

struct request {
    const char *method, *path, *version;
    const char *headers[HEADERS_MAX][2];
};

/* Stands in for libmicrohttpd, which hands a header without a colon on without a value. */
int MHD_get_connection_values(struct MHD_Connection *connection, enum MHD_ValueKind kind, MHD_KeyValueIterator look,
                              void *argument)
{
    const struct request *request = (const struct request *)(const void *)connection;
    int count = 0;

    while (count < HEADERS_MAX && request->headers[count][0]) {
        assert_int_equal(look(argument, kind, request->headers[count][0], request->headers[count][1]), MHD_YES);
        count++;
    }
    return count;
}

static bool malformed(const struct request *request)
{
    return malformed_request((struct MHD_Connection *)(uintptr_t)request, request->method, request->path,
                             request->version);
}

static void a_request_leaves_no_doubt_whom_it_is_for_and_where_it_ends(void **state)
{
    static const struct request good[] = {
        { "GET", "/", "HTTP/1.1", { { "host", "x" } } },
        { "GET", "/", "HTTP/1.0", { { NULL } } },
        { "GET", "/", "HTTP/1.0", { { "Host", "x" } } },
        { "GET", "/", "HTTP/1.1", { { "Host", "" }, { "A", "b\tc \xc3\xa4" }, { "A", "d" } } },
        { "POST", "/", "HTTP/1.1", { { "Host", "x" }, { "content-length", "3" } } },
        { "POST", "/", "HTTP/1.1", { { "Host", "x" }, { "transfer-encoding", "Chunked" } } },
        { "OPTIONS", "*", "HTTP/1.1", { { "Host", "x" } } },
        { "CONNECT", "x:443", "HTTP/1.1", { { "Host", "x" } } },
    };
    static const struct request bad[] = {
        { "GET", "/", "HTTP/1.1", { { "Hosts", "x" } } },
        { "GET", "/", "HTTP/1.1", { { "Host", "x" }, { "HOST", "x" } } },
        { "GET", "/", "HTTP/1.0", { { "Host", "x" }, { "Host", "x" } } },
        { "GET", "/", "HTTP/1.1", { { "Host", "x" }, { "Bad name", "x" } } },
        { "GET", "/", "HTTP/1.1", { { "Host", "x" }, { "B\xff", "x" } } },
        { "GET", "/", "HTTP/1.1", { { "Host", "x" }, { "A", "x\x7f" } } },
        { "GET", "/", "HTTP/1.1", { { "Host", "x" }, { "A", "\ry" } } },
        { "GET", "/", "HTTP/1.1", { { "Host", "x" }, { "A", "\ry" }, { "B", "x" } } },
        { "G\001T", "/", "HTTP/1.1", { { "Host", "x" } } },
        { "GET", "*", "HTTP/1.1", { { "Host", "x" } } },
        { "GET", "health", "HTTP/1.1", { { "Host", "x" } } },
        { "POST", "/", "HTTP/1.1", { { "Host", "x" }, { "Content-Length", "3" }, { "Content-Length", "3" } } },
        { "POST", "/", "HTTP/1.1", { { "Host", "x" }, { "Content-Length", "3" }, { "Transfer-Encoding", "chunked" } } },
        { "POST", "/", "HTTP/1.1", { { "Host", "x" }, { "Transfer-Encoding", "gzip" } } },
        { "POST", "/", "HTTP/1.1", { { "Host", "x" }, { "Transfer-Encoding", NULL } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (malformed(&good[i])) {
            fail_msg("the %zuth that is well-formed", i);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!malformed(&bad[i])) {
            fail_msg("the %zuth that is malformed", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bytes_tell_a_request_from_what_is_none),
        cmocka_unit_test(more_arguments_than_256_are_too_many_and_headers_have_none),
        cmocka_unit_test(a_target_is_visible_text_whose_path_is_encoded_as_it_should_be),
        cmocka_unit_test(a_target_in_absolute_form_has_the_path_behind_its_host),
        cmocka_unit_test(a_request_leaves_no_doubt_whom_it_is_for_and_where_it_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
