#include "database/apply.h"

#include "command.h"

int command_apply(const struct command_line *line)
{
    const struct config *config = command_config_told(line, true);
    if (!config) {
        return STATUS_CONFIG;
    }
    struct strings files = { .items = (const char **)line->operands, .count = line->operand_count };
    return apply_files(
        config, &(struct apply_options){ .files = &files, .no_transaction = line->given & OPTION_NO_TRANSACTION });
}
