#include "base/mask.h"
#include "database/database.h"
#include "database/destination.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/pgentry-destination-XXXXXX";

/* What the tests set; nothing of the caller's environment may be in the way. */
static int clean(void **state)
{
    static const char *const names[] = { "PGHOST",     "PGHOSTADDR",    "PGPORT",        "PGUSER",
                                         "PGDATABASE", "PGSERVICE",     "PGSERVICEFILE", "PGPASSFILE",
                                         "PGSSLMODE",  "PGSSLROOTCERT", "PGSSLCERT",     "PGTARGETSESSIONATTRS",
                                         "PGPASSWORD", "SSL_CERT_FILE" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsetenv(names[i]);
    }
    setenv("HOME", folder, 1);
    mask_wipe();
    return 0;
}

static const char *file(const char *name, const char *text)
{
    static char path[256];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    chmod(path, 0600);
    return path;
}

struct found {
    struct arena *arena;
    struct config config;
    struct destination destination;
    struct error error;
    bool fine;
};

static struct found find(const char *url, const char *direct_url, bool direct)
{
    struct found found = { .arena = arena_new() };

    found.config.database.url = url;
    found.config.database.direct_url = direct_url;
    found.fine = destination_find(&found.destination, &found.config, direct, found.arena, &found.error);
    return found;
}

static const char *value(const struct found *found, const char *keyword)
{
    const char *text = conninfo_get(&found->destination.info, keyword);

    return text ? text : "";
}

static void hosts_and_ports_are_paired(void **state)
{
    struct found found = find("postgres://u@a:1,[::1],c:3/d", NULL, false);

    (void)state;
    assert_true(found.fine);
    assert_int_equal(found.destination.host_count, 3);
    assert_string_equal(found.destination.hosts[1], "::1");
    assert_string_equal(found.destination.ports[0], "1");
    assert_string_equal(found.destination.ports[1], "5432");
    assert_string_equal(found.destination.ports[2], "3");
    assert_null(found.destination.numeric[0]);
    arena_free(found.arena);
}

static void one_port_serves_all_hosts(void **state)
{
    struct found found = find("host=a,b port=7 user=u", NULL, false);

    (void)state;
    assert_true(found.fine);
    assert_string_equal(found.destination.hosts[1], "b");
    assert_string_equal(found.destination.ports[1], "7");
    arena_free(found.arena);
}

static void numeric_addresses_belong_to_their_hosts(void **state)
{
    static const struct {
        const char *url;
        size_t count;
        const char *hosts[2], *numeric[2];
    } rows[] = {
        { "host=a,b hostaddr=10.0.0.1,10.0.0.2", 2, { "a", "b" }, { "10.0.0.1", "10.0.0.2" } },
        { "host=a,b hostaddr=,10.0.0.2", 2, { "a", "b" }, { NULL, "10.0.0.2" } },
        { "hostaddr=10.0.0.1,10.0.0.2", 2, { "10.0.0.1", "10.0.0.2" }, { "10.0.0.1", "10.0.0.2" } },
        { "host=a hostaddr=10.0.0.1", 1, { "a" }, { "10.0.0.1" } },
        { "hostaddr=10.0.0.1", 1, { "10.0.0.1" }, { "10.0.0.1" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct found found = find(rows[i].url, NULL, false);

        assert_true(found.fine);
        assert_int_equal(found.destination.host_count, rows[i].count);
        for (size_t n = 0; n < rows[i].count; n++) {
            const char *numeric = found.destination.numeric[n];

            assert_string_equal(found.destination.hosts[n], rows[i].hosts[n]);
            assert_string_equal(numeric ? numeric : "", rows[i].numeric[n] ? rows[i].numeric[n] : "");
        }
        arena_free(found.arena);
    }
}

static void libpq_s_own_folder_of_sockets_is_meant_where_nobody_names_a_host(void **state)
{
    struct found found = find("dbname=d", NULL, false);

    (void)state;
    assert_true(found.fine);
    assert_int_equal(found.destination.host_count, 1);
    assert_int_equal(found.destination.hosts[0][0], '/');
    arena_free(found.arena);
}

static void the_environment_is_used_where_no_url_is_given(void **state)
{
    struct found found;

    (void)state;
    setenv("PGHOST", "fromenv", 1);
    setenv("PGPORT", "6543", 1);
    found = find(NULL, NULL, false);
    assert_true(found.fine);
    assert_string_equal(found.destination.hosts[0], "fromenv");
    assert_string_equal(found.destination.ports[0], "6543");
    arena_free(found.arena);
}

static void a_service_file_is_read_and_a_missing_service_is_an_error(void **state)
{
    struct found found;

    (void)state;
    setenv("PGSERVICEFILE", file("services", "[shop]\nhost=fromservice\nport=7777\n"), 1);
    found = find("service=shop", NULL, false);
    assert_true(found.fine);
    assert_string_equal(found.destination.hosts[0], "fromservice");
    assert_string_equal(found.destination.ports[0], "7777");
    arena_free(found.arena);
    found = find("service=nowhere", NULL, false);
    assert_false(found.fine);
    assert_int_equal(found.error.status, STATUS_CONFIG);
    assert_non_null(strstr(found.error.message, "database.url: definition of service \"nowhere\" not found"));
    arena_free(found.arena);
}

static void a_value_that_libpq_refuses_is_an_error_before_any_connection(void **state)
{
    static const char *const urls[] = { "postgres://h/d?sslmode=sometimes", "postgres://h/d?channel_binding=maybe",
                                        "postgres://a,b:1,c:2,d:3/d?port=1,2", "host=a hostaddr=10.0.0.1,10.0.0.2" };
    static const char *const valid[] = { "disable, allow, prefer, require, verify-ca and verify-full are valid",
                                         "disable, prefer and require are valid", "", "" };

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct found found = find(urls[i], NULL, false);

        assert_false(found.fine);
        assert_int_equal(found.error.status, STATUS_CONFIG);
        assert_null(strchr(found.error.message, '\n'));
        assert_string_equal(found.error.hint, valid[i]);
        arena_free(found.arena);
    }
}

/* libpq itself would find them only once it connects, and be asked again and again. */
static void a_number_or_a_target_that_is_none_is_an_error_before_any_connection(void **state)
{
    static const struct {
        const char *url, *words;
    } wrong[] = {
        { "host=h port=abc", "database.url: port \"abc\" is not a number between 1 and 65535" },
        { "host=h port=99999", "\"99999\"" },
        { "host=h port=0", "\"0\"" },
        { "host=a,b port=1,x", "port \"x\"" },
        { "postgres://h/d?port=5432x", "port \"5432x\"" },
        { "postgres://h/d?target_session_attrs=bogus", "target_session_attrs \"bogus\" is none of any, read-write" },
        { "postgres://h/d?target_session_attrs=", "target_session_attrs \"\"" },
        { "postgres://h/d?keepalives=x", "keepalives \"x\" is not a whole number" },
        { "host=h keepalives=' '", "keepalives \" \"" },
        { "postgres://h/d?keepalives_idle=1.5", "keepalives_idle \"1.5\"" },
        { "postgres://h/d?keepalives_interval=x", "keepalives_interval" },
        { "postgres://h/d?keepalives_count=x", "keepalives_count" },
        { "postgres://h/d?tcp_user_timeout=99999999999", "tcp_user_timeout" },
        { "postgres://h/d?connect_timeout=2s", "connect_timeout \"2s\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct found found = find(wrong[i].url, NULL, false);

        if (found.fine || !strstr(found.error.message, wrong[i].words)) {
            fail_msg("%s: %s", wrong[i].url, found.error.message);
        }
        assert_int_equal(found.error.status, STATUS_CONFIG);
        arena_free(found.arena);
    }
}

static void numbers_and_targets_as_libpq_takes_them_are_fine(void **state)
{
    static const char *const urls[] = {
        "host=a,b,c port=1,,3",
        "host=a,b port=''",
        "host=h port=' 5433 '",
        "postgres://h/d?keepalives=0&keepalives_idle=-1&keepalives_count=+3&connect_timeout=",
        "postgres://h/d?target_session_attrs=any",
        "postgres://h/d?target_session_attrs=read-write",
        "postgres://h/d?target_session_attrs=read-only",
        "postgres://h/d?target_session_attrs=primary",
        "postgres://h/d?target_session_attrs=standby",
        "postgres://h/d?target_session_attrs=prefer-standby",
        "host=h port=65535",
    };

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct found found = find(urls[i], NULL, false);

        if (!found.fine) {
            fail_msg("%s: %s", urls[i], found.error.message);
        }
        arena_free(found.arena);
    }
}

static void wrong_values_in_the_environment_are_errors_too(void **state)
{
    static const char *const variables[][2] = { { "PGPORT", "abc" },
                                                { "PGTARGETSESSIONATTRS", "bogus" },
                                                { "PGCONNECT_TIMEOUT", "soon" } };

    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        setenv(variables[i][0], variables[i][1], 1);

        struct found found = find("host=h", NULL, false);

        assert_false(found.fine);
        assert_non_null(strstr(found.error.message, variables[i][1]));
        arena_free(found.arena);
        unsetenv(variables[i][0]);
    }
}

static void the_password_file_is_masked_for_every_host(void **state)
{
    char text[] = "one-secret two-secret";
    struct found found;

    (void)state;
    setenv("PGPASSFILE", file("passwords", "a:5432:d:u:one-secret\nb:5432:d:u:two-secret\n"), 1);
    found = find("postgres://u@a,b/d", NULL, false);
    assert_true(found.fine);
    mask_string(text);
    assert_null(strstr(text, "secret"));
    arena_free(found.arena);
}

static void the_password_of_a_service_is_masked(void **state)
{
    char text[] = "one-secret";
    struct found found;

    (void)state;
    setenv("PGSERVICEFILE", file("services", "[s]\nhost=h\npassword=one-secret\n"), 1);
    found = find("service=s", NULL, false);
    assert_true(found.fine);
    mask_string(text);
    assert_string_equal(text, "***");
    arena_free(found.arena);
}

/* libpq would say so on standard error at every connection. */
static void a_password_file_that_others_may_read_is_neither_used_nor_shown(void **state)
{
    char path[256], url[512];

    (void)state;
    (void)snprintf(path, sizeof path, "%s", file("passwords", "h:*:*:*:one-secret\n"));
    (void)snprintf(url, sizeof url, "host=h passfile='%s'", path);
    for (int mode = 0; mode < 3; mode++) {
        static const mode_t modes[] = { 0600, 0640, 0604 };
        char text[] = "one-secret";

        assert_int_equal(chmod(path, modes[mode]), 0);
        mask_wipe();

        struct found found = find(url, NULL, false);

        assert_true(found.fine);
        assert_string_equal(found.destination.unused_passfile ? found.destination.unused_passfile : "",
                            mode ? path : "");
        assert_string_equal(value(&found, "passfile"), mode ? "/dev/null/none" : path);
        mask_string(text);
        assert_string_equal(text, "***");
        arena_free(found.arena);
    }
}

static const char *unused(const char *url)
{
    struct found found = find(url, NULL, false);
    static char path[256];

    assert_true(found.fine);
    (void)snprintf(path, sizeof path, "%s", found.destination.unused_passfile ? found.destination.unused_passfile : "");
    arena_free(found.arena);
    return path;
}

static void the_password_file_that_libpq_would_take_is_looked_at_and_only_if_it_would(void **state)
{
    char named[256], home[256], url[512];

    (void)state;
    (void)snprintf(named, sizeof named, "%s", file("passwords", ""));
    (void)snprintf(home, sizeof home, "%s", file(".pgpass", ""));
    (void)snprintf(url, sizeof url, "host=h passfile='%s'", folder);
    assert_int_equal(chmod(named, 0644), 0);
    assert_int_equal(chmod(home, 0644), 0);
    assert_string_equal(unused("host=h"), home);
    setenv("PGPASSFILE", named, 1);
    assert_string_equal(unused("host=h"), named);
    assert_string_equal(unused("host=h passfile=''"), named);
    assert_string_equal(unused(url), folder); /* no file at all */
    assert_string_equal(unused("host=h password=known"), "");
    setenv("PGPASSFILE", "", 1);
    assert_string_equal(unused("host=h"), home);
    setenv("PGPASSWORD", "known", 1);
    assert_string_equal(unused("host=h"), "");
    assert_int_equal(unlink(home), 0);
}

/* As it is read for a connection, whoever names it: also its other lines, which a step may use. */
static void the_password_file_that_a_url_or_a_service_names_is_masked_whole(void **state)
{
    char path[256], service[512], parameter[512], keywords[512];

    (void)state;
    (void)snprintf(path, sizeof path, "%s", file("passwords", "h:5432:d:u:one-secret\nother:*:*:u:two-secret\n"));
    (void)snprintf(service, sizeof service, "[s]\npassfile=%s\n", path);
    (void)snprintf(parameter, sizeof parameter, "postgres://u:known@h/d?passfile=%s", path);
    (void)snprintf(keywords, sizeof keywords, "host=h passfile='%s'", path);
    setenv("PGSERVICEFILE", file("services", service), 1);

    const char *const urls[] = { parameter, keywords, "service=s" };

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        for (int direct = 0; direct < 2; direct++) {
            char text[] = "one-secret two-secret";

            mask_wipe();

            struct found found = find(direct ? "host=h" : urls[i], direct ? urls[i] : NULL, direct);

            assert_true(found.fine);
            mask_string(text);
            assert_string_equal(text, "*** ***");
            arena_free(found.arena);
        }
    }
}

static void a_primary_is_wanted_unless_somebody_says_otherwise(void **state)
{
    struct found found = find("postgres://h/d", NULL, false);

    (void)state;
    assert_string_equal(value(&found, "target_session_attrs"), "read-write");
    arena_free(found.arena);
    found = find("postgres://h/d?target_session_attrs=any", NULL, false);
    assert_string_equal(value(&found, "target_session_attrs"), "any");
    arena_free(found.arena);
    setenv("PGTARGETSESSIONATTRS", "any", 1);
    found = find("postgres://h/d", NULL, false);
    assert_string_equal(value(&found, "target_session_attrs"), "");
    arena_free(found.arena);
}

/* libpq tells which is asked for, whoever wrote it. */
static void a_target_that_a_service_names_is_kept(void **state)
{
    struct found found;

    (void)state;
    setenv("PGSERVICEFILE",
           file("services", "[s]\nhost=h\ntarget_session_attrs=standby\n[wrong]\n"
                            "target_session_attrs=bogus\n"),
           1);
    found = find("service=s", NULL, false);
    assert_true(found.fine);
    assert_string_not_equal(value(&found, "target_session_attrs"), "read-write");
    arena_free(found.arena);
    found = find("service=wrong", NULL, false);
    assert_false(found.fine);
    assert_non_null(strstr(found.error.message, "target_session_attrs \"bogus\""));
    arena_free(found.arena);
    setenv("PGSERVICE", "s", 1);
    found = find(NULL, NULL, false);
    assert_string_not_equal(value(&found, "target_session_attrs"), "read-write");
    arena_free(found.arena);
}

static void sessions_are_recognised(void **state)
{
    struct found found = find("postgres://h/d?application_name=shop", NULL, false);

    (void)state;
    assert_string_equal(value(&found, "application_name"), "shop");
    assert_string_equal(value(&found, "fallback_application_name"), APPLICATION);
    assert_string_equal(value(&found, "client_encoding"), "UTF8");
    assert_string_equal(value(&found, "options"), "");
    arena_free(found.arena);
    found = find("postgres://h/d", "postgres://h2/d?application_name=shop", true);
    assert_string_equal(value(&found, "application_name"), APPLICATION);
    assert_string_equal(found.destination.hosts[0], "h2");
    assert_string_equal(found.destination.key, "database.direct_url");
    arena_free(found.arena);
}

/* In half a minute, and sooner or later where the URL says so. */
static void a_connection_whose_other_end_is_gone_is_noticed(void **state)
{
    struct found found = find("postgres://h/d?keepalives_count=7", NULL, false);

    (void)state;
    assert_string_equal(value(&found, "keepalives_idle"), "10");
    assert_string_equal(value(&found, "keepalives_interval"), "5");
    assert_string_equal(value(&found, "keepalives_count"), "7");
    assert_string_equal(value(&found, "tcp_user_timeout"), "30000");
    arena_free(found.arena);
    found = find("postgres://h/d", NULL, false);
    assert_string_equal(value(&found, "keepalives_count"), "3");
    arena_free(found.arena);
}

static void verification_gets_the_systems_certificates(void **state)
{
    char bundle[256];
    struct found found;

    (void)state;
    snprintf(bundle, sizeof bundle, "%s", file("bundle.crt", "certificates"));
    setenv("SSL_CERT_FILE", bundle, 1);
    found = find("postgres://h/d?sslmode=verify-full", NULL, false);
    assert_string_equal(value(&found, "sslrootcert"), bundle);
    arena_free(found.arena);
    found = find("postgres://h/d?sslmode=verify-ca&sslrootcert=/own.crt", NULL, false);
    assert_string_equal(value(&found, "sslrootcert"), "/own.crt");
    arena_free(found.arena);
    found = find("postgres://h/d?sslmode=require", NULL, false);
    assert_string_equal(value(&found, "sslrootcert"), "");
    arena_free(found.arena);
    setenv("PGSSLMODE", "verify-full", 1);
    found = find("postgres://h/d", NULL, false);
    assert_string_equal(value(&found, "sslrootcert"), bundle);
    arena_free(found.arena);
    setenv("SSL_CERT_FILE", "/nowhere/bundle.crt", 1);
    found = find("postgres://h/d", NULL, false);
    assert_string_not_equal(value(&found, "sslrootcert"), "/nowhere/bundle.crt");
    arena_free(found.arena);
}

static void sslrootcert_system_verifies_everything_with_the_system_s_bundle(void **state)
{
    char bundle[256];
    struct found found;

    (void)state;
    snprintf(bundle, sizeof bundle, "%s", file("bundle.crt", "certificates"));
    setenv("SSL_CERT_FILE", bundle, 1);
    found = find("postgres://h/d?sslrootcert=system", NULL, false);
    assert_true(found.fine);
    if (PQlibVersion() < 160000) { /* later ones know it */
        assert_string_equal(value(&found, "sslmode"), "verify-full");
        assert_string_equal(value(&found, "sslrootcert"), bundle);
    }
    arena_free(found.arena);
}

/* HOME=/root in a container that runs as another user: libpq takes what it may not look at for an error. */
static void a_home_that_may_not_be_entered_holds_no_client_certificate(void **state)
{
    struct found found;

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(seteuid(65534), 0);
    found = find("postgres://h/d?sslmode=require", NULL, false);
    assert_int_equal(seteuid(0), 0);
    assert_string_equal(value(&found, "sslcert"), "/dev/null/none");
    arena_free(found.arena);
    assert_int_equal(seteuid(65534), 0);
    found = find("postgres://h/d?sslmode=require&sslcert=/own.crt&sslkey=/own.key", NULL, false);
    assert_int_equal(seteuid(0), 0);
    assert_string_equal(value(&found, "sslcert"), "/own.crt");
    arena_free(found.arena);
    found = find("postgres://h/d?sslmode=require", NULL, false);
    assert_string_equal(value(&found, "sslcert"), "");
    arena_free(found.arena);
}

static void a_certificate_in_the_home_folder_wins(void **state)
{
    char path[256];
    struct found found;

    (void)state;
    snprintf(path, sizeof path, "%s/.postgresql", folder);
    mkdir(path, 0700);
    setenv("SSL_CERT_FILE", file(".postgresql/root.crt", "certificate"), 1);
    found = find("postgres://h/d?sslmode=verify-full", NULL, false);
    assert_string_equal(value(&found, "sslrootcert"), "");
    arena_free(found.arena);
    unlink(file(".postgresql/root.crt", ""));
}

static void any_server_is_wanted_where_wait_target_says_so(void **state)
{
    struct arena *arena = arena_new();
    const struct config config = { .database.url = "postgres://h/d", .wait.target = TARGET_ANY };
    struct destination destination;
    struct error error;

    (void)state;
    assert_true(destination_find(&destination, &config, false, arena, &error));
    assert_null(conninfo_get(&destination.info, "target_session_attrs"));
    arena_free(arena);
}

static void what_is_wrong_with_a_url_is_told_with_the_way_to_mend_it(void **state)
{
    struct found found = find("postgres://u:a#b@h/d", NULL, false);

    (void)state;
    assert_false(found.fine);
    assert_true(found.error.hint[0]);
    arena_free(found.arena);
}

static void direct_url_stands_in_for_a_prisma_proxy(void **state)
{
    struct found found = find("prisma://proxy/?api_key=x", "postgres://direct/d", false);

    (void)state;
    assert_true(found.fine);
    assert_string_equal(found.destination.hosts[0], "direct");
    assert_true(destination_is_shared(&found.config));
    arena_free(found.arena);
    found = find("prisma+postgres://proxy/?api_key=x", NULL, false);
    assert_false(found.fine);
    assert_non_null(strstr(found.error.message, "set database.direct_url"));
    arena_free(found.arena);
}

static void one_place_is_shared_and_two_are_not(void **state)
{
    struct found found = find("postgres://h/d", "postgres://h/d", true);

    (void)state;
    assert_true(destination_is_shared(&found.config));
    arena_free(found.arena);
    found = find("postgres://h/d", "postgres://h/e", true);
    assert_false(destination_is_shared(&found.config));
    arena_free(found.arena);
    found = find(NULL, "postgres://h/e", true);
    assert_false(destination_is_shared(&found.config));
    arena_free(found.arena);
}

static void both_urls_are_checked(void **state)
{
    struct config config = { .database = { .url = "postgres://h/d", .direct_url = "postgres://u:a#b@h/d" } };
    struct config_verdict verdict = { 0 };
    struct arena *arena = arena_new();

    (void)state;
    database_check_urls(&config, &verdict, arena);
    assert_int_equal(verdict.faults.count, 1);
    assert_string_equal(verdict.keys.items[0], "database.direct_url");
    assert_non_null(strstr(verdict.faults.items[0], "database.direct_url: the password holds an unencoded '#'"));
    config.database.direct_url = NULL;
    verdict = (struct config_verdict){ 0 };
    database_check_urls(&config, &verdict, arena);
    assert_int_equal(verdict.faults.count, 0);
    arena_free(arena);
}

static void every_url_that_is_wrong_is_told(void **state)
{
    struct config config = { .database = { .url = "postgres://h:x/d", .direct_url = "postgres://u:a#b@h/d" } };
    static const char *const keys[] = { "database.url", "database.direct_url" };
    struct config_verdict verdict = { 0 };
    struct arena *arena = arena_new();

    (void)state;
    database_check_urls(&config, &verdict, arena);
    assert_int_equal(verdict.faults.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(verdict.keys.items[i], keys[i]);
        assert_int_equal(strncmp(verdict.faults.items[i], keys[i], strlen(keys[i])), 0);
    }
    arena_free(arena);
}

static void dropped_parameters_of_both_urls_are_one_warning(void **state)
{
    struct config config = { .database = { .url = "postgres://h/d?pool_timeout=1&a=1",
                                           .direct_url = "postgres://h/d?pool_timeout=1&b=1" } };
    struct config_verdict verdict = { 0 };
    struct arena *arena = arena_new();

    (void)state;
    database_check_urls(&config, &verdict, arena);
    assert_int_equal(verdict.faults.count, 0);
    assert_int_equal(verdict.warnings.count, 1);
    assert_string_equal(verdict.warnings.items[0],
                        "parameters in the database URL that libpq does not know are dropped: pool_timeout, a, b");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(hosts_and_ports_are_paired, clean),
        cmocka_unit_test_setup(one_port_serves_all_hosts, clean),
        cmocka_unit_test_setup(numeric_addresses_belong_to_their_hosts, clean),
        cmocka_unit_test_setup(libpq_s_own_folder_of_sockets_is_meant_where_nobody_names_a_host, clean),
        cmocka_unit_test_setup(the_environment_is_used_where_no_url_is_given, clean),
        cmocka_unit_test_setup(a_service_file_is_read_and_a_missing_service_is_an_error, clean),
        cmocka_unit_test_setup(a_value_that_libpq_refuses_is_an_error_before_any_connection, clean),
        cmocka_unit_test_setup(a_number_or_a_target_that_is_none_is_an_error_before_any_connection, clean),
        cmocka_unit_test_setup(numbers_and_targets_as_libpq_takes_them_are_fine, clean),
        cmocka_unit_test_setup(wrong_values_in_the_environment_are_errors_too, clean),
        cmocka_unit_test_setup(the_password_file_is_masked_for_every_host, clean),
        cmocka_unit_test_setup(the_password_of_a_service_is_masked, clean),
        cmocka_unit_test_setup(a_password_file_that_others_may_read_is_neither_used_nor_shown, clean),
        cmocka_unit_test_setup(the_password_file_that_libpq_would_take_is_looked_at_and_only_if_it_would, clean),
        cmocka_unit_test_setup(the_password_file_that_a_url_or_a_service_names_is_masked_whole, clean),
        cmocka_unit_test_setup(a_primary_is_wanted_unless_somebody_says_otherwise, clean),
        cmocka_unit_test_setup(a_target_that_a_service_names_is_kept, clean),
        cmocka_unit_test_setup(sessions_are_recognised, clean),
        cmocka_unit_test_setup(a_connection_whose_other_end_is_gone_is_noticed, clean),
        cmocka_unit_test_setup(verification_gets_the_systems_certificates, clean),
        cmocka_unit_test_setup(sslrootcert_system_verifies_everything_with_the_system_s_bundle, clean),
        cmocka_unit_test_setup(a_home_that_may_not_be_entered_holds_no_client_certificate, clean),
        cmocka_unit_test_setup(a_certificate_in_the_home_folder_wins, clean),
        cmocka_unit_test_setup(any_server_is_wanted_where_wait_target_says_so, clean),
        cmocka_unit_test_setup(what_is_wrong_with_a_url_is_told_with_the_way_to_mend_it, clean),
        cmocka_unit_test_setup(direct_url_stands_in_for_a_prisma_proxy, clean),
        cmocka_unit_test_setup(one_place_is_shared_and_two_are_not, clean),
        cmocka_unit_test_setup(both_urls_are_checked, clean),
        cmocka_unit_test_setup(every_url_that_is_wrong_is_told, clean),
        cmocka_unit_test_setup(dropped_parameters_of_both_urls_are_one_warning, clean),
    };
    int failed;
    char command[64];

    if (!mkdtemp(folder)) {
        return 1;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 ? 1 : failed;
}
