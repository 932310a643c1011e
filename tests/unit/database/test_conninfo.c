#include "../scratch.h"

#include "base/mask.h"
#include "database/conninfo.h"

/* What one string comes to. */
struct parsed {
    struct arena *arena;
    struct conninfo info;
    struct error error;
    bool fine;
};

static struct parsed parse(const char *text)
{
    struct parsed parsed = { .arena = arena_new() };

    parsed.fine = conninfo_parse(&parsed.info, text, parsed.arena, &parsed.error);
    return parsed;
}

/* Every pair of `expected`, NULL for a keyword that may not be there; ends with a NULL keyword. */
static void expect(const char *text, const char *const (*expected)[2])
{
    struct parsed parsed = parse(text);

    if (!parsed.fine) {
        fail_msg("%s: %s", text, parsed.error.message);
    }
    for (; (*expected)[0]; expected++) {
        const char *value = conninfo_get(&parsed.info, (*expected)[0]);

        if ((value == NULL) != ((*expected)[1] == NULL) || (value && strcmp(value, (*expected)[1]) != 0)) {
            fail_msg("%s: %s is %s, not %s", text, (*expected)[0], value ? value : "(none)",
                     (*expected)[1] ? (*expected)[1] : "(none)");
        }
    }
    assert_null(parsed.info.keywords[parsed.info.count]);
    arena_free(parsed.arena);
}
#define EXPECT(text, ...) expect(text, (const char *const[][2]){ __VA_ARGS__, { NULL, NULL } })

static void expect_error(const char *text, const char *words)
{
    struct parsed parsed = parse(text);

    if (parsed.fine || !strstr(parsed.error.message, words)) {
        fail_msg("%s: %s", text, parsed.fine ? "accepted" : parsed.error.message);
    }
    assert_int_equal(parsed.error.status, STATUS_CONFIG);
    arena_free(parsed.arena);
}

static void a_url_is_taken_apart(void **state)
{
    (void)state;
    EXPECT("postgres://app:secret@db:5433/shop?sslmode=require", { "user", "app" }, { "password", "secret" },
           { "host", "db" }, { "port", "5433" }, { "dbname", "shop" }, { "sslmode", "require" });
    EXPECT("postgresql://db", { "host", "db" }, { "port", NULL }, { "user", NULL }, { "dbname", NULL });
    EXPECT("postgres://", { "host", NULL }, { "user", NULL });
    EXPECT("postgres:///shop", { "host", NULL }, { "dbname", "shop" });
    EXPECT("POSTGRES://app@db/", { "user", "app" }, { "dbname", NULL });
    EXPECT("  postgres://app@db/shop\n", { "dbname", "shop" });
}

static void percent_encoding_is_undone_once(void **state)
{
    (void)state;
    EXPECT("postgres://a%40b:p%40%3A%2f%25%23@h/d%20b?application_name=x%26y", { "user", "a@b" },
           { "password", "p@:/%#" }, { "dbname", "d b" }, { "application_name", "x&y" });
    EXPECT("postgres://a:%2540@h/d", { "password", "%40" });
    expect_error("postgres://a:b@h/d%00", "two hex digits");
    expect_error("postgres://a:b@h/d?options=%zz", "two hex digits");
}

static void several_hosts_and_ports_stay_lists(void **state)
{
    (void)state;
    EXPECT("postgres://u@a:1,b:2,c/d", { "host", "a,b,c" }, { "port", "1,2," });
    EXPECT("postgres://u@a,b/d", { "host", "a,b" }, { "port", NULL });
    EXPECT("postgres://u@[::1]:5433,[fe80::1%25eth0]/d", { "host", "::1,fe80::1%eth0" }, { "port", "5433," });
    EXPECT("postgresql+psycopg2://u@/d?host=a:1x", { "host", "a:1x" }, { "port", NULL });
    EXPECT("postgresql+psycopg2://u@/d?host=a:", { "host", "a:" }, { "port", NULL });
    EXPECT("postgresql+psycopg2://u@/d?host=a:19", { "host", "a" }, { "port", "19" });
    EXPECT("postgresql+psycopg2://u@/d?host=a:1&host=b:2", { "host", "a,b" }, { "port", "1,2" });
    expect_error("postgres://u@[::1/d", "IPv6");
    expect_error("postgres://u@[::1]x:5432/d", "IPv6");
    expect_error("postgres://u@h:0/d", "port");
    expect_error("postgres://u@h:65536/d", "port");
    expect_error("postgres://u@h:5432x/d", "port");
}

static void a_socket_folder_is_a_host(void **state)
{
    (void)state;
    EXPECT("postgres://u@%2Frun%2Fpg:5433/d", { "host", "/run/pg" }, { "port", "5433" });
    EXPECT("postgres://u@localhost/d?host=/run/pg", { "host", "/run/pg" });
    EXPECT("postgres:///d?host=/run/pg:x", { "host", "/run/pg:x" });
    EXPECT("postgres:///d?host=@pg:1", { "host", "@pg:1" }, { "port", NULL }); /* an abstract socket */
}

static void drivers_and_cousins_of_the_scheme_are_postgres(void **state)
{
    static const char *const schemes[] = {
        "postgresql+psycopg2", "postgresql+asyncpg", "postgres+x", "postgis", "pgsql", "psql", "ecto"
    };
    (void)state;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        char url[64];

        snprintf(url, sizeof url, "%s://u@h/d", schemes[i]);
        EXPECT(url, { "host", "h" }, { "user", "u" }, { "dbname", "d" });
    }
    expect_error("mysql://u@h/d", "not PostgreSQL's");
    expect_error("postgresqlx://u@h/d", "not PostgreSQL's");
}

static void a_jdbc_url_is_understood(void **state)
{
    struct parsed parsed = parse("jdbc:postgresql://h:5433/d?user=u&password=p%40&currentSchema=app,public"
                                 "&ApplicationName=shop&targetServerType=primary&tcpKeepAlive=true&prepareThreshold=0");

    (void)state;
    assert_true(parsed.fine);
    assert_string_equal(conninfo_get(&parsed.info, "password"), "p@");
    assert_string_equal(conninfo_get(&parsed.info, "port"), "5433");
    assert_string_equal(conninfo_get(&parsed.info, "application_name"), "shop");
    assert_string_equal(conninfo_get(&parsed.info, "target_session_attrs"), "primary");
    assert_string_equal(conninfo_get(&parsed.info, "keepalives"), "1");
    assert_int_equal(parsed.info.notes.count, 1);
    assert_string_equal(parsed.info.notes.items[0], "prepareThreshold");
    arena_free(parsed.arena);
    EXPECT("jdbc:postgresql://h/d?tcpKeepAlive=false", { "keepalives", "0" });
    EXPECT("jdbc:postgresql://h/d?ssl=true", { "sslmode", "verify-full" });
    EXPECT("jdbc:postgresql://h/d?ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory",
           { "sslmode", "require" });
    EXPECT("jdbc:postgresql://h/d?ssl=false", { "sslmode", NULL });
}

/* Its manual, "targetServerType"; libpq's, "target_session_attrs". */
static void jdbcs_target_servers_become_libpqs(void **state)
{
    static const char *const targets[][2] = {
        { "any", "any" },           { "primary", "primary" },
        { "master", "primary" },    { "secondary", "standby" },
        { "slave", "standby" },     { "preferSecondary", "prefer-standby" },
        { "preferPrimary", "any" }, { "preferSlave", "prefer-standby" },
        { "nearest", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char url[64];

        (void)snprintf(url, sizeof url, "jdbc:postgresql://h/d?targetServerType=%s", targets[i][0]);
        EXPECT(url, { "target_session_attrs", targets[i][1] });
    }
}

/* Its manual, "Connecting to the Database": the defaults are localhost and 5432, no socket and nothing of PGHOST. */
static void a_jdbc_url_without_a_host_leads_to_localhost(void **state)
{
    static const char *const hostless[] = { "jdbc:postgresql:d?user=u", "jdbc:postgresql:/d?user=u",
                                            "jdbc:postgresql:///d?user=u" };
    (void)state;
    for (size_t i = 0; i < sizeof hostless / sizeof *hostless; i++) {
        EXPECT(hostless[i], { "dbname", "d" }, { "user", "u" }, { "host", "localhost" }, { "port", "5432" });
    }
    EXPECT("jdbc:postgresql:/", { "dbname", NULL }, { "host", "localhost" }, { "port", "5432" });
    EXPECT("jdbc:postgresql://h/d", { "host", "h" }, { "port", "5432" });
    EXPECT("jdbc:postgresql://a,b:2/d", { "host", "a,b" }, { "port", ",2" });
    EXPECT("jdbc:postgresql:///d?service=s", { "host", NULL }, { "port", NULL });
}

static void prismas_tls_words_become_libpqs(void **state)
{
    (void)state;
    EXPECT("postgres://h/d?sslmode=require&sslaccept=strict", { "sslmode", "verify-full" }, { "sslrootcert", NULL });
    EXPECT("postgres://h/d?sslaccept=strict&sslcert=/ca.pem", { "sslmode", "verify-full" },
           { "sslrootcert", "/ca.pem" }, { "sslcert", NULL });
    EXPECT("postgres://h/d?sslcert=/ca.pem&sslaccept=accept_invalid_certs", { "sslmode", NULL },
           { "sslrootcert", NULL }, { "sslcert", NULL });
    EXPECT("postgres://h/d?sslmode=disable&sslaccept=strict", { "sslmode", "disable" });
    /* libpq's own meaning, where a key says that it is a client's certificate */
    EXPECT("postgres://h/d?sslcert=/c.pem&sslkey=/k.pem", { "sslcert", "/c.pem" }, { "sslkey", "/k.pem" },
           { "sslrootcert", NULL });
    EXPECT("host=h sslcert=/c.pem", { "sslcert", "/c.pem" }, { "sslrootcert", NULL });
}

/* Prisma resolves a relative path from the schema's folder, libpq from the working directory. */
static void a_relative_sslcert_of_prismas_is_looked_for_beside_the_schema_too(void **state)
{
    (void)state;
    EXPECT("postgres://h/d?sslcert=ca.pem", { "sslrootcert", "ca.pem" }); /* libpq says that it is not there */
    write_file("prisma/ca.pem", "");
    EXPECT("postgres://h/d?sslcert=ca.pem", { "sslrootcert", "prisma/ca.pem" });
    EXPECT("postgres://h/d?sslcert=/ca.pem", { "sslrootcert", "/ca.pem" });
    write_file("ca.pem", "");
    EXPECT("postgres://h/d?sslcert=ca.pem", { "sslrootcert", "ca.pem" });
}

static void other_drivers_tls_words_become_libpqs(void **state)
{
    (void)state;
    EXPECT("postgres://h/d?sslmode=no-verify", { "sslmode", "require" });
    EXPECT("postgres://h/d?ssl=true", { "sslmode", "require" });
    EXPECT("postgres://h/d?ssl=0", { "sslmode", "disable" });
    EXPECT("postgresql+asyncpg://h/d?ssl=verify-ca", { "sslmode", "verify-ca" });
    EXPECT("postgres://h/d?ssl=true&sslmode=verify-full", { "sslmode", "verify-full" });
}

static void what_libpq_does_not_know_is_dropped_and_named_once(void **state)
{
    struct parsed parsed = parse("postgres://u@h/d?schema=app&connection_limit=5&pool_timeout=10&pgbouncer=true&x=1&x=2"
                                 "&connect_timeout=7&statement_cache_size=0&sslidentity=i.p12&socket_timeout=3&&flag");
    static const char *const names[] = {
        "connection_limit",     "pool_timeout", "pgbouncer",      "x",
        "statement_cache_size", "sslidentity",  "socket_timeout", "one without a value"
    };

    (void)state;
    assert_true(parsed.fine);
    assert_string_equal(conninfo_get(&parsed.info, "connect_timeout"), "7");
    assert_int_equal(parsed.info.notes.count, sizeof names / sizeof *names);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_string_equal(parsed.info.notes.items[i], names[i]);
    }
    arena_free(parsed.arena);
}

static void an_unencoded_character_is_named_and_the_password_is_not(void **state)
{
    static const struct {
        const char *url;
        const char *words;
    } cases[] = {
        { "postgres://u:hush@more@h/d", "password holds an unencoded '@': write %40" },
        { "postgres://u:hush/more@h/d", "password holds an unencoded '/': write %2F" },
        { "postgres://u:12/34@h/d", "password holds an unencoded '/': write %2F" },
        { "postgres://u:hush#more@h/d", "password holds an unencoded '#': write %23" },
        { "postgres://u:12#34@h:1/d", "password holds an unencoded '#': write %23" },
        { "postgres://u:hush?more@h/d", "password holds an unencoded '?': write %3F" },
        { "postgres://u:hush%more@h/d", "password holds an unencoded '%': write %25" },
        { "postgres://u:hush%@h/d", "password holds an unencoded '%': write %25" },
        { "postgres://u:hu@sh/more@h/d", "password holds an unencoded '/': write %2F" },
        { "postgres://u@x:hush@h/d", "user name holds an unencoded '@': write %40" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parsed parsed = parse(cases[i].url);

        expect_error(cases[i].url, cases[i].words);
        assert_null(strstr(parsed.error.message, "hush"));
        assert_null(strstr(parsed.error.hint, "hush"));
        arena_free(parsed.arena);
    }
}

static void a_legal_url_with_an_at_sign_elsewhere_is_accepted(void **state)
{
    (void)state;
    EXPECT("postgres://u:a:b@h/d", { "password", "a:b" }, { "host", "h" });
    EXPECT("postgres://h:5432/d@b", { "host", "h" }, { "dbname", "d@b" });
    EXPECT("postgres://h/d?user=a@b", { "user", "a@b" });
    EXPECT("postgres://h?user=a@b", { "user", "a@b" });
    EXPECT("postgres://[::1]:5432/d@b", { "host", "::1" }, { "dbname", "d@b" });
}

static void a_prisma_proxy_is_refused_with_the_way_out(void **state)
{
    (void)state;
    expect_error("prisma://accelerate.prisma-data.net/?api_key=hush", "set database.direct_url");
    expect_error("prisma+postgres://accelerate.prisma-data.net/?api_key=hush", "set database.direct_url");
    assert_true(conninfo_is_prisma_proxy("PRISMA://x"));
    assert_false(conninfo_is_prisma_proxy("postgres://prisma"));
    assert_false(conninfo_is_prisma_proxy(NULL));
}

static void keyword_strings_are_read_as_libpq_reads_them(void **state)
{
    (void)state;
    EXPECT("host=h port = 5433 user='a b' password='it\\'s' dbname=x\\ y", { "host", "h" }, { "port", "5433" },
           { "user", "a b" }, { "password", "it's" }, { "dbname", "x y" });
    EXPECT("service=shop", { "service", "shop" });
    EXPECT("host=a,b port=1,2", { "host", "a,b" }, { "port", "1,2" });
    EXPECT("host=/run/pg user=''", { "host", "/run/pg" }, { "user", "" });
    expect_error("host=h password='hush", "quote");
    expect_error("just words", "neither a URL nor");
    expect_error("=h", "neither a URL nor");
}

static void what_cannot_be_meant_is_an_error(void **state)
{
    (void)state;
    expect_error("", "empty");
    expect_error(" \n", "empty");
    expect_error("\"postgres://u@h/d\"", "quotation mark");
    expect_error("Host=db;Username=u;Password=hush", "no keyword that libpq knows");
    expect_error("postgres://user:hush/db", "port");
    expect_error("postgres://u:hush@\nh/d", "the host holds a blank or a line end");
    expect_error("postgres://u:hush@a, b/d", "the host holds a blank or a line end");
}

static void what_was_pasted_with_the_url_is_said_to_stand_before_it(void **state)
{
    static const char *const pasted[] = {
        "DATABASE_URL=postgres://u:hush@h/d?sslmode=require",
        "export DATABASE_URL=postgresql://u:hush@h/d",
        "psql 'postgresql://u:hush@h/d'",
        "\xEF\xBB\xBFpostgres://u:hush@h/d",
        "\xE2\x80\x9Cpostgres://u:hush@h/d",
    };

    (void)state;
    for (size_t i = 0; i < sizeof pasted / sizeof *pasted; i++) {
        expect_error(pasted[i], "stands before the postgres://");
    }
    EXPECT("password=postgres://x host=h", { "password", "postgres://x" }, { "host", "h" });
    EXPECT("postgres://u@%2Frun%2Fmy%20pg/d", { "host", "/run/my pg" }, { "user", "u" });
}

static void nothing_given_leaves_everything_to_libpq(void **state)
{
    struct parsed parsed = parse(NULL);

    (void)state;
    assert_true(parsed.fine);
    assert_int_equal(parsed.info.count, 0);
    assert_null(parsed.info.keywords[0]);
    arena_free(parsed.arena);
}

static void passwords_are_registered_for_masking(void **state)
{
    struct parsed parsed = parse("postgres://u:qu%2fiet-word@h/d?sslpassword=other-word");
    char text[] = "raw qu%2fiet-word decoded qu/iet-word key other-word";

    (void)state;
    assert_true(parsed.fine);
    mask_string(text);
    assert_null(strstr(text, "iet-word"));
    assert_null(strstr(text, "other-word"));
    arena_free(parsed.arena);
    mask_wipe();
}

static void a_copy_leaves_the_original_alone(void **state)
{
    struct parsed parsed = parse("postgres://u@h/d");
    struct conninfo copy = conninfo_copy(&parsed.info, parsed.arena);

    (void)state;
    conninfo_set(&copy, "user", "other", parsed.arena);
    conninfo_default(&copy, "host", "never", parsed.arena);
    for (int i = 0; i < 100; i++) { /* past the first capacity */
        conninfo_set(&copy, arena_printf(parsed.arena, "k%d", i), "v", parsed.arena);
    }
    assert_string_equal(conninfo_get(&parsed.info, "user"), "u");
    assert_string_equal(conninfo_get(&copy, "user"), "other");
    assert_string_equal(conninfo_get(&copy, "host"), "h");
    assert_string_equal(conninfo_get(&copy, "k99"), "v");
    assert_null(conninfo_get(&parsed.info, "k0"));
    assert_null(copy.keywords[copy.count]);
    arena_free(parsed.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(percent_encoding_is_undone_once),
        cmocka_unit_test(several_hosts_and_ports_stay_lists),
        cmocka_unit_test(a_socket_folder_is_a_host),
        cmocka_unit_test(drivers_and_cousins_of_the_scheme_are_postgres),
        cmocka_unit_test(a_jdbc_url_is_understood),
        cmocka_unit_test(jdbcs_target_servers_become_libpqs),
        cmocka_unit_test(a_jdbc_url_without_a_host_leads_to_localhost),
        cmocka_unit_test(prismas_tls_words_become_libpqs),
        cmocka_unit_test_setup_teardown(a_relative_sslcert_of_prismas_is_looked_for_beside_the_schema_too, scratch_open,
                                        scratch_close),
        cmocka_unit_test(other_drivers_tls_words_become_libpqs),
        cmocka_unit_test(what_libpq_does_not_know_is_dropped_and_named_once),
        cmocka_unit_test(an_unencoded_character_is_named_and_the_password_is_not),
        cmocka_unit_test(a_legal_url_with_an_at_sign_elsewhere_is_accepted),
        cmocka_unit_test(a_prisma_proxy_is_refused_with_the_way_out),
        cmocka_unit_test(keyword_strings_are_read_as_libpq_reads_them),
        cmocka_unit_test(what_cannot_be_meant_is_an_error),
        cmocka_unit_test(what_was_pasted_with_the_url_is_said_to_stand_before_it),
        cmocka_unit_test(nothing_given_leaves_everything_to_libpq),
        cmocka_unit_test(passwords_are_registered_for_masking),
        cmocka_unit_test(a_copy_leaves_the_original_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
