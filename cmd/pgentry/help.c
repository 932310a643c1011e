/* help and version. */
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
    return STATUS_OK;
}
