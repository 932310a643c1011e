#include "diagnosis.h"

#include "base/text.h"
#include "status/status.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define US_A_MS 1000

/* ---- for a person ---- */

/* Without what a terminal would obey: much of it was written by others. */
static const char *shown(const char *foreign, struct arena *arena)
{
    return text_escaped_copy(arena, foreign, strlen(foreign));
}

/* Each line at its indent; `further`: that of all but the first. */
static void put_lines(const char *first, const char *further, const char *lines, struct arena *arena)
{
    for (const char *before = first; *lines; before = further) {
        size_t length = strcspn(lines, "\n");

        printf("%s%s\n", before, text_escaped_copy(arena, lines, length));
        lines += length + (lines[length] == '\n');
    }
}

static void put_finding(const struct finding *finding, struct arena *arena)
{
    put_lines("  ", "  | ", /* what others wrote does not look like a fix */
              arena_printf(arena, "%s %s: %s", severity_word(finding->severity), finding_word(finding->code),
                           finding->message),
              arena);
    put_lines("      ", "      ", finding->fix, arena);
}

/* Of microseconds: 0.3 ms. */
static const char *milliseconds(int64_t us, struct arena *arena)
{
    return arena_printf(arena, "%.1f ms", (double)us / US_A_MS);
}

static const char *server_of(const struct diagnosed_place *place, struct arena *arena)
{
    const char *kind = place->standby ? "a read-only standby" : place->read_only ? "read-only" : "read-write";
    const char *tls = !place->tls          ? "without TLS"
                      : place->tls_version ? arena_printf(arena, "%s (%s)", place->tls_version, place->tls_cipher)
                                           : "TLS";

    return arena_printf(arena, "PostgreSQL %s, %s, %s%s", place->server_version, kind, tls,
                        place->pooled ? ", through a pooler" : "");
}

static void put_place(const struct diagnosed_place *place, struct arena *arena)
{
    printf("  %s\n", place->key);
    if (place->hosts) {
        printf("    %-10s %s\n", "host", shown(place->hosts, arena));
    }
    for (size_t i = 0; i < place->address_count; i++) {
        const struct diagnosed_address *address = &place->addresses[i];

        printf("    %-10s %s: %s\n", "address", shown(address->label, arena),
               address->answers ? "answers" : address->error);
    }
    if (place->database) {
        printf("    %-10s %s, as role %s\n", "database", shown(place->database, arena),
               place->user ? shown(place->user, arena) : "(the default)");
    }
    if (place->server_version) {
        printf("    %-10s %s\n", "server", shown(server_of(place, arena), arena));
        printf("    %-10s %s a round trip, %s to connect\n", "latency", milliseconds(place->trip_us, arena),
               milliseconds(place->connect_us, arena));
    }
}

static void put_connection(const struct diagnosis *diagnosis, struct arena *arena)
{
    put_place(&diagnosis->url, arena);
    if (diagnosis->direct.key) {
        put_place(&diagnosis->direct, arena);
    }
}

static void put_tables(const struct diagnosis *diagnosis, struct arena *arena)
{
    const struct check *check = &diagnosis->check;

    (void)arena;
    if (diagnosis->checked && check->table_count) {
        printf("  %zu of %zu have all that is asked of them\n", status_healthy_tables(check), check->table_count);
    }
}

static void put_history(const struct diagnosis *diagnosis, struct arena *arena)
{
    const struct migrations_state *migrations = &diagnosis->check.migrations;

    if (migrations->known) {
        printf("  %s: %u migrations here, %u of them recorded as applied\n", shown(diagnosis->ledger.name, arena),
               migrations->local, migrations->applied);
    }
}

static void (*const facts[SECTIONS])(const struct diagnosis *diagnosis, struct arena *arena) = {
    [SECTION_CONNECTION] = put_connection,
    [SECTION_TABLES] = put_tables,
    [SECTION_HISTORY] = put_history,
};

/* Why a section without a finding must not look fine; NULL: it was looked at. */
static const char *unseen(const struct diagnosis *diagnosis, enum section section, struct arena *arena)
{
    if (section == SECTION_CONNECTION) { /* what was not answered is told there */
        return NULL;
    }
    if (section == SECTION_BOOT) {
        return diagnosis->unseen[section] ? "no supervisor of this container tells of one" : NULL;
    }
    if (diagnosis->unseen[section]) {
        return diagnosis->connected ? "not looked at to the end: a question was not answered"
                                    : "not looked at: not connected";
    }
    return section == SECTION_HISTORY && diagnosis->no_history
               ? arena_printf(arena, "not looked at: %s", diagnosis->no_history)
               : NULL;
}

static void put_section(const struct diagnosis *diagnosis, enum section section, struct arena *arena)
{
    const struct findings *findings = diagnosis->findings;
    const char *why = unseen(diagnosis, section, arena);
    bool fine = true;

    printf("%s\n", section_title(section));
    if (facts[section] && !why) {
        facts[section](diagnosis, arena);
    }
    for (size_t i = 0; i < findings->count; i++) {
        if (finding_section(findings->items[i].code) == section) {
            put_finding(&findings->items[i], arena);
            fine = false;
        }
    }
    if (why || fine) {
        printf("  %s\n", why ? why : section_fine(section));
    }
    puts("");
}

void diagnosis_print(const struct diagnosis *diagnosis)
{
    struct arena *arena = diagnosis->findings->arena;
    size_t errors = findings_count(diagnosis->findings, SEVERITY_ERROR);
    size_t counted = findings_count(diagnosis->findings, SEVERITY_WARNING);

    for (unsigned section = 0; section < SECTIONS; section++) {
        put_section(diagnosis, (enum section)section, arena);
    }
    if (counted == 0) {
        puts("nothing is wrong");
        return;
    }
    printf("%zu finding%s: %zu error%s, %zu warning%s\n", counted, counted == 1 ? "" : "s", errors,
           errors == 1 ? "" : "s", counted - errors, counted - errors == 1 ? "" : "s");
}

/* ---- for a program ---- */

static json_t *text(const char *string, struct arena *arena)
{
    if (!string) {
        return json_null();
    }

    json_t *value = json_string(string);

    if (!value) { /* a server in another encoding */
        value = json_string(shown(string, arena));
    }
    return value;
}

static json_t *addresses_json(const struct diagnosed_place *place, struct arena *arena)
{
    json_t *list = json_array();

    for (size_t i = 0; i < place->address_count; i++) {
        json_array_append_new(list,
                              json_pack("{s:o, s:b, s:o}", "address", text(place->addresses[i].label, arena), "answers",
                                        place->addresses[i].answers, "error", text(place->addresses[i].error, arena)));
    }
    return list;
}

/* What was not found out is null. */
static json_t *place_json(const struct diagnosed_place *place, struct arena *arena)
{
    bool known = place->server_version;
    json_t *object =
        json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "connected", place->connected, "host", text(place->hosts, arena),
                  "address", text(place->address, arena), "addresses", addresses_json(place, arena), "database",
                  text(place->database, arena), "user", text(place->user, arena));
    json_t *server =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "serverVersion", text(place->server_version, arena), "tls",
                  place->connected ? json_boolean(place->tls) : json_null(), "tlsVersion",
                  text(place->tls_version, arena), "readOnly", known ? json_boolean(place->read_only) : json_null(),
                  "standby", known ? json_boolean(place->standby) : json_null(), "pooler",
                  known ? json_boolean(place->pooled) : json_null());
    json_t *times = json_pack("{s:o, s:o, s:o, s:o}", "latencyMs",
                              known ? json_real((double)place->trip_us / US_A_MS) : json_null(), "connectMs",
                              place->connected ? json_real((double)place->connect_us / US_A_MS) : json_null(),
                              "sqlstate", text(place->sqlstate, arena), "error", text(place->error, arena));

    json_object_update_new(object, server);
    json_object_update_new(object, times);
    return object;
}

static json_t *findings_json(const struct findings *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o}", "code", finding_word(finding->code),
                                              "severity", severity_word(finding->severity), "object",
                                              text(finding->object, findings->arena), "message",
                                              text(finding->message, findings->arena), "fix",
                                              text(finding->fix, findings->arena)));
    }
    return list;
}

/* The words of the health document. */
static const char *status_of(const struct diagnosis *diagnosis)
{
    const struct check *check = &diagnosis->check;

    if (!diagnosis->connected || (check->table_count && status_missing_tables(check) == check->table_count)) {
        return "unhealthy";
    }
    return findings_count(diagnosis->findings, SEVERITY_WARNING) ? "degraded" : "healthy";
}

void diagnosis_print_json(const struct diagnosis *diagnosis)
{
    struct arena *arena = diagnosis->findings->arena;
    json_t *connection = place_json(&diagnosis->url, arena);

    json_object_set_new(connection, "direct",
                        diagnosis->direct.key ? place_json(&diagnosis->direct, arena) : json_null());

    json_t *document = json_pack("{s:s, s:o, s:o}", "status", status_of(diagnosis), "connection", connection,
                                 "findings", findings_json(diagnosis->findings));

    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    puts("");
    json_decref(document);
}
