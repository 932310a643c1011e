#include "config/config.h"

#include "command.h"

int command_config_print(const struct command_line *line)
{
    if (line->given & OPTION_SCHEMA) {
        config_json_schema();
        return STATUS_OK;
    }
    const struct config *config = command_config_told(line, true);
    if (!config) {
        return STATUS_CONFIG;
    }
    config_print(config);
    return STATUS_OK;
}
