/* help and version. */
#include "base/exit_status.h"
#include "base/finding.h"
#include "command.h"

#include <stdio.h>
#include <string.h>

void print_command(const struct command *command)
{
    printf("usage: pgentry %s%s%s\n\n%s\n\noptions:\n", command->name, *command->synopsis ? " " : "", command->synopsis,
           command->sentence);
    options_print(command->options | OPTIONS_OF_ALL);
}

static void print_usage(void)
{
    static const struct {
        int number;
        const char *sentence;
    } statuses[] = {
#define X(name, number, sentence) { number, sentence },
        EXIT_STATUS_TABLE(X)
#undef X
    };
    puts("pgentry: the entrypoint of a container whose application needs PostgreSQL\n\nusage: pgentry COMMAND "
         "[OPTIONS]\n       pgentry [OPTIONS] -- APP [ARG…]\n\ncommands:");
    for (size_t i = 0; i < command_count; i++) {
        printf("  %-10s %s\n", commands[i].name, commands[i].sentence);
    }
    puts("\noptions of every command:");
    options_print(OPTIONS_OF_ALL);
    puts("\nexit status: that of the application, 128+N when signal N ended it, else:");
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        printf("  %-4d %s\n", statuses[i].number, statuses[i].sentence);
    }
    puts("\n`pgentry help COMMAND` tells of a command, `pgentry help config` of every configuration key.");
}

int command_version(const struct command_line *line)
{
    (void)line;
    puts("pgentry " PGENTRY_VERSION);
    return STATUS_OK;
}

int command_help(const struct command_line *line)
{
    if (line->operand_count == 0) {
        print_usage();
        return STATUS_OK;
    }
    const struct command *command = find_command(line->operands[0]);
    if (!command) {
        return unknown_command(line->operands[0]);
    }
    print_command(command);
    if (strcmp(command->name, "config") == 0) {
        puts("\nkeys:");
        config_reference();
    }
    if (strcmp(command->name, "diagnose") == 0) {
        puts("\nfindings (info: worth knowing, and no reason for a status other than 0):");
        findings_reference();
    }
    return STATUS_OK;
}
