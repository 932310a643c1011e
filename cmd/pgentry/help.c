/* help and version. */
#include "base/finding.h"
#include "command.h"

#include <stdio.h>
#include <string.h>

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
