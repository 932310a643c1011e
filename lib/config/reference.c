#include "config/reading.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a type is called for people, and which definition of the JSON Schema it has. */
static const struct type_row {
    const char *name;
    const char *definition;
} types[] = {
    [KEY_STRING] = { "text", "text" },
    [KEY_NAME] = { "name in the database", "name" },
    [KEY_DURATION] = { "duration", "duration" },
    [KEY_BOOL] = { "true or false", "switch" },
    [KEY_COUNT] = { "whole number", NULL },
    [KEY_NUMBER] = { "number", NULL },
    [KEY_ENUM] = { NULL, NULL },
    [KEY_SIGNAL] = { "same or a signal", "signal" },
    [KEY_STRINGS] = { "list of texts", "texts" },
    [KEY_NAMES] = { "list of names in the database", "names" },
    [KEY_STATUSES] = { "list of statuses", "statuses" },
    [KEY_COMMAND] = { "list of words, or text for the shell", "command" },
    [KEY_FILES] = { "file or list of files", "files" },
    [KEY_VARIABLES] = { "map of variables", "variables" },
    [KEY_STEPS] = { "list of steps", "steps" },
    [KEY_TABLES] = { "list of tables", "tables" },
    [KEY_ASSERTS] = { "list of asserts", "asserts" },
};

/* ---- for people ---- */

static void print_row(const struct key *key, const char *indent, bool with_variable)
{
    struct arena *arena = arena_new();
    char buffer[KEY_VARIABLE_TEXT];

    printf("%s%s: %s", indent, key->path,
           types[key->type].name && !key->words ? types[key->type].name : key_words(key->words, arena));
    if (key->fallback && *key->fallback) {
        printf(" (default: %s)", key->fallback);
    }
    if (key->required) {
        printf(" (required)");
    }
    printf("\n%s    %s\n", indent, key->sentence);
    if (with_variable) {
        printf("%s    %s\n", indent, key_variable(key, buffer));
    }
    arena_free(arena);
}

static void print_fields(const char *title, const struct keys *keys)
{
    printf("\n%s\n\n", title);
    for (size_t i = 0; i < keys->count; i++) {
        print_row(&keys->rows[i], "  ", false);
    }
}

void config_reference(void)
{
    printf(
        "pgentry reads one YAML file: -c FILE, $PGENTRY_CONFIG, ./pgentry.yaml or /etc/pgentry.yaml; none is needed.\n"
        "Each key has an environment variable, and --set KEY=VALUE; lists by comma, or as YAML in brackets.\n"
        "--set and options win over the environment, that over the file, that over the preset, that over the default.\n"
        "${NAME}, ${NAME:-default}, ${NAME:?message} and ${NAME|url} are filled in from the environment, NAME_FILE\n"
        "names a file to read instead, $$ is a dollar; run, before, after and asserts are left alone.\n"
        "Durations: 250ms, 2s, 5m, 1h, 0 for none.\n\nKeys\n\n");
    for (size_t i = 0; i < config_keys.count; i++) {
        if (!config_keys.rows[i].preset_only) {
            print_row(&config_keys.rows[i], "  ", true);
        }
    }
    print_fields("A step (migrate.before, migrate.steps, migrate.after)", &step_keys);
    print_fields("A table (verify.tables; its name alone is enough)", &table_keys);
    print_fields("An assert (verify.asserts)", &assert_keys);
}

/* ---- for programs: JSON Schema, draft 2020-12 ---- */

/* Any value may be written with variables instead. */
#define FILLED "{'type':'string','pattern':'[$][{]'}"
#define WORD "{'type':['string','number','boolean']}" /* of a list: there a null is nobody's */
#define FILLED_OR_QUOTED "{'type':'string','pattern':'[$][{]|^[0-9]+([.][0-9]+)?$'}"

/* clang-format off */
static const struct definition {
    const char *name;
    const char *schema; /* with ' for quotes */
} definitions[] = {
    { "text", "{'type':['string','number','boolean','null']}" },
    { "name", "{'type':['string','null'],'minLength':1}" },
    { "duration", "{'anyOf':[{'const':0},{'type':'null'},{'type':'string','pattern':'^([0-9]+([.][0-9]+)?(ms|s|m|h)|0)$'}," FILLED "]}" },
    { "switch", "{'anyOf':[{'type':['boolean','null']},{'enum':['true','false','yes','no','on','off','1','0',1,0]}," FILLED "]}" },
    { "signal", "{'anyOf':[{'type':'integer','minimum':1,'maximum':64},{'type':['string','null']}]}" },
    { "texts", "{'anyOf':[{'type':['array','null'],'items':" WORD "}," FILLED "]}" },
    { "names", "{'anyOf':[{'type':['array','null'],'items':{'type':'string','minLength':1}}," FILLED "]}" },
    { "statuses", "{'anyOf':[{'type':['array','null'],'items':{'anyOf':[{'type':'integer','minimum':0,'maximum':255},{'type':'string','pattern':'^([01]?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])$'}," FILLED "]}}," FILLED "]}" },
    { "command", "{'type':['array','string'],'items':" WORD ",'minItems':1,'minLength':1}" },
    { "files", "{'type':['array','string'],'items':{'type':'string'},'minItems':1,'minLength':1}" },
    { "variables", "{'type':['object','null'],'propertyNames':{'pattern':'^[^=]+$'},'additionalProperties':{'$ref':'#/$defs/text'}}" },
    { "steps", "{'anyOf':[{'type':['array','null'],'items':{'$ref':'#/$defs/step'}}," FILLED "]}" },
    { "tables", "{'anyOf':[{'type':['array','null'],'items':{'anyOf':[{'type':'string','minLength':1},{'$ref':'#/$defs/table'}]}}," FILLED "]}" },
    { "asserts", "{'anyOf':[{'type':['array','null'],'items':{'$ref':'#/$defs/assert'}}," FILLED "]}" },
};
/* clang-format on */

static json_t *parsed(const char *schema)
{
    struct arena *arena = arena_new();
    char *text = arena_strdup(arena, schema);

    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }

    json_t *json = json_loads(text, 0, NULL);

    arena_free(arena);
    return json;
}

static json_t *word_schema(const char *const *words)
{
    json_t *list = json_array();

    for (size_t i = 0; words[i]; i++) {
        (void)json_array_append_new(list, json_string(words[i]));
    }
    return json_pack("{s:[{s:o},{s:s},o]}", "anyOf", "enum", list, "type", "null", parsed(FILLED));
}

/* Words of SQL, in small letters or in capitals. */
static json_t *privileges_schema(const char *const *words)
{
    json_t *list = json_array();

    for (size_t i = 0; words[i]; i++) {
        char word[KEY_VARIABLE_TEXT];

        (void)snprintf(word, sizeof word, "%s", words[i]);
        (void)json_array_append_new(list, json_string(word));
        for (char *c = word; *c; c++) {
            *c = (char)toupper((unsigned char)*c);
        }
        (void)json_array_append_new(list, json_string(word));
    }
    return json_pack("{s:[{s:[ss],s:{s:[{s:o},o]}},o]}", "anyOf", "type", "array", "null", "items", "anyOf", "enum",
                     list, parsed(FILLED), parsed(FILLED));
}

static json_t *number_schema(const struct key *key)
{
    return json_pack("{s:[{s:s,s:f,s:f},{s:s},o]}", "anyOf", "type", key->type == KEY_COUNT ? "integer" : "number",
                     "minimum", key->least, "maximum", key->most, "type", "null", parsed(FILLED_OR_QUOTED));
}

static json_t *default_value(const struct key *key)
{
    switch (key->type) {
    case KEY_BOOL:
        return json_boolean(strcmp(key->fallback, "true") == 0);
    case KEY_COUNT:
    case KEY_NUMBER:
        return json_integer(strtol(key->fallback, NULL, 10));
    case KEY_STRINGS:
    case KEY_NAMES:
    case KEY_STATUSES:
        return *key->fallback ? json_pack("[s]", key->fallback) : json_array();
    default:
        return json_string(key->fallback);
    }
}

static json_t *key_schema(const struct key *key)
{
    const char *definition = types[key->type].definition;
    json_t *schema = key->form == FORM_PRIVILEGE ? privileges_schema(key->words)
                     : key->words                ? word_schema(key->words)
                     : definition                ? json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", definition))
                                                 : number_schema(key);

    (void)json_object_set_new(schema, "description", json_string(key->sentence));
    if (key->fallback) {
        (void)json_object_set_new(schema, "default", default_value(key));
    }
    return schema;
}

static json_t *object_schema(void)
{
    return json_pack("{s:[ss],s:b,s:{}}", "type", "object", "null", "additionalProperties", 0, "properties");
}

static json_t *fields_schema(const struct keys *keys)
{
    json_t *schema = object_schema(), *required = json_array();

    (void)json_object_set_new(schema, "type", json_string("object"));
    for (size_t i = 0; i < keys->count; i++) {
        (void)json_object_set_new(json_object_get(schema, "properties"), keys->rows[i].path,
                                  key_schema(&keys->rows[i]));
        if (keys->rows[i].required) {
            (void)json_array_append_new(required, json_string(keys->rows[i].path));
        }
    }
    (void)json_object_set_new(schema, "required", required);
    return schema;
}

static void add_key(json_t *root, const struct key *key)
{
    json_t *properties = json_object_get(root, "properties");
    const char *dot = strchr(key->path, '.');
    char section[KEY_VARIABLE_TEXT];

    if (dot) {
        (void)snprintf(section, sizeof section, "%.*s", (int)(dot - key->path), key->path);
        if (!json_object_get(properties, section)) {
            (void)json_object_set_new(properties, section, object_schema());
        }
        properties = json_object_get(json_object_get(properties, section), "properties");
    }
    (void)json_object_set_new(properties, dot ? dot + 1 : key->path, key_schema(key));
}

void config_json_schema(void)
{
    json_t *root = json_pack("{s:s,s:s,s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                             "pgentry.yaml", "description", "configuration of pgentry");
    json_t *shape = object_schema(), *defs = json_object();

    (void)json_object_update(root, shape);
    json_decref(shape);
    for (size_t i = 0; i < config_keys.count; i++) {
        if (!config_keys.rows[i].preset_only) {
            add_key(root, &config_keys.rows[i]);
        }
    }
    for (size_t i = 0; i < sizeof definitions / sizeof definitions[0]; i++) {
        (void)json_object_set_new(defs, definitions[i].name, parsed(definitions[i].schema));
    }
    json_t *step = fields_schema(&step_keys);
    (void)json_object_set_new(step, "oneOf", parsed("[{'required':['run']},{'required':['sql']}]"));
    (void)json_object_set_new(defs, "step", step);
    (void)json_object_set_new(defs, "table", fields_schema(&table_keys));
    (void)json_object_set_new(defs, "assert", fields_schema(&assert_keys));
    (void)json_object_set_new(root, "$defs", defs);
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(root);
}
