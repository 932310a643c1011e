#include "base/arena.h"
#include "base/exit_status.h"
#include "command.h"
#include "process/spawn.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command commands[] = {
    { "run", "[OPTIONS] [--] APP [ARG…]", "wait, lock, migrate, verify, start APP; `pgentry -- APP` is the same",
      command_run, 0, true, 1, SIZE_MAX },
    { "wait", "", "wait until PostgreSQL takes queries", command_wait, 0, true, 0, 0 },
    { "sync", "[--only STEP] [--from STEP] [--force]", "the main job without an application", command_sync,
      OPTION_ONLY | OPTION_FROM | OPTION_FORCE, true, 0, 0 },
    { "verify", "[--json]", "one look at the schema, no waiting and no change", command_verify, OPTION_JSON, true, 0,
      0 },
    { "diagnose", "[--json]", "say everything that is wrong, each with the command that mends it", command_diagnose,
      OPTION_JSON, false, 0, 0 },
    { "apply", "[--no-transaction] FILE…", "run SQL files, one transaction a file", command_apply,
      OPTION_NO_TRANSACTION, false, 1, SIZE_MAX },
    { "health", "[--live] [--json] [--wait DURATION]", "ask the supervisor of this container whether it is healthy",
      command_health, OPTION_LIVE | OPTION_JSON | OPTION_WAIT, false, 0, 0 },
    { "init", "[--force] [--stdout]", "look at the project here and write a commented pgentry.yaml", command_init,
      OPTION_FORCE | OPTION_STDOUT, false, 0, 0 },
    { "config", "[--schema]", "check the configuration and print the effective one", command_config_print,
      OPTION_SCHEMA, false, 0, 0 },
    { "version", "", "print the version", command_version, 0, false, 0, 0 },
    { "help", "[COMMAND]", "print this, or what a command does", command_help, 0, false, 0, 1 },
};
const size_t command_count = sizeof commands / sizeof commands[0];

const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

int unknown_command(const char *word)
{
    const char *names[sizeof commands / sizeof commands[0]];
    for (size_t i = 0; i < command_count; i++) {
        names[i] = commands[i].name;
    }
    return usage_unknown("command", word, names, command_count, " (to start an application: pgentry -- APP)");
}

static int check_operands(const struct command *command, const struct command_line *line)
{
    if (line->operand_count < command->operands_least) {
        return usage_error("%s needs %s", command->name,
                           command->main == command_run ? "an application to start" : "a file");
    }
    if (line->operand_count > command->operands_most) {
        return usage_error("%s takes no '%s'", command->name, word_shown(line->operands[command->operands_most]));
    }
    if (line->only && line->from) {
        return usage_error("--only and --from exclude each other");
    }
    return 0;
}

/* Options of all commands may stand before the command; `pgentry [OPTIONS] -- APP` is run. NULL with *status. */
static const struct command *take_command(struct command_line *line, const char *const **at, int *status)
{
    const char *const *before = *at;
    *status = options_take(line, 0, at);
    if (*status == OPTIONS_ASK) {
        ++*at;
        return find_command(line->asked);
    }
    if (*status) {
        return NULL;
    }
    if (*at > before && strcmp((*at)[-1], "--") == 0) {
        --*at;
        return find_command("run");
    }
    const struct command *command = **at ? find_command(**at) : NULL;
    if (!command) {
        *status = **at ? unknown_command(**at) : usage_error("a command is missing");
        return NULL;
    }
    ++*at;
    return command;
}

/* What was asked for among the options of a command. */
static int answer(const struct command *command, const struct command_line *line)
{
    const struct command *asked = find_command(line->asked);
    if (asked && asked->main != command_help) {
        return asked->main(line);
    }
    print_command(command);
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    static struct command_line line;
    const char *const *at = (const char *const *)argv + 1;

    inherited_streams_guard();
    if (argc < 2) {
        command_help(&line);
        return usage_error("a command is missing");
    }
    int status;
    const struct command *command = take_command(&line, &at, &status);
    if (!command) {
        return status;
    }
    if (command->supervises && !runtime_prepare()) {
        fprintf(stderr, "pgentry: the system refuses a descriptor for signals: %s\n", strerror(errno));
        return STATUS_RESOURCE;
    }
    status = options_parse(&line, command->options, command->main == command_run, &at);
    if (line.given & (OPTION_JSON | OPTION_SCHEMA)) {
        json_set_alloc_funcs(malloc_or_end, free); /* a document that lacks something would look like a whole one */
    }
    if (status == 0) {
        status = check_operands(command, &line);
    }
    if (status == 0) {
        status = command->main(&line);
    } else if (status == OPTIONS_ASK) {
        status = answer(command, &line);
    }
    /* a full disk or a closed pipe behind standard output must not look like success */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == STATUS_OK) {
        fprintf(stderr, "pgentry: standard output could not be written to the end\n");
        status = STATUS_IO;
    }
#ifndef PGENTRY_SANITIZE
    _exit(status); /* nothing of ours waits for atexit, and the libraries' farewells cost a tenth of a millisecond */
#endif
    return status;
}
