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
    if (strcmp(line->operands[0], "keys") == 0) {
        config_reference();
        return STATUS_OK;
    }
    const struct command *command = find_command(line->operands[0]);
    if (!command) {
        return usage_error("no command '%s'", line->operands[0]);
    }
    print_command(command);
    return STATUS_OK;
}
