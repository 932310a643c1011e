/* The configuration, as each command needs it. */
#include "command.h"
#include "database/database.h"
#include "process/credentials.h"

#include <stdio.h>

static struct config *load_config(const struct command_line *line, struct config_request request,
                                  struct strings *errors)
{
    request.file = line->config_file;
    request.no_file = line->no_file;
    request.folder = line->folder;
    request.settings = line->settings;
    request.setting_count = line->setting_count;
    return config_load(&request, errors, arena_new()); /* for the life of the process */
}

static struct config *read_config(const struct command_line *line, struct config_request request)
{
    struct strings errors = { 0 };
    struct config *config = load_config(line, request, &errors);

    for (size_t i = 0; i < errors.count; i++) {
        fprintf(stderr, "%s\n", errors.items[i]);
    }
    return config;
}

static struct config_request whole_config(bool database_needed)
{
    return (struct config_request){ .database_needed = database_needed,
                                    .check_urls = database_needed ? database_check_urls : NULL,
                                    .check_user = database_needed ? credentials_check : NULL };
}

struct config *command_config_any_url(const struct command_line *line)
{
    return read_config(line, (struct config_request){ .database_needed = true });
}

struct config *command_config(const struct command_line *line, bool database_needed)
{
    return read_config(line, whole_config(database_needed));
}

struct config *command_config_logged(const struct command_line *line, struct strings *errors, enum log_format *format)
{
    struct config_request request = whole_config(true);

    request.format = format;
    return load_config(line, request, errors);
}

struct config *command_config_health(const struct command_line *line)
{
    return read_config(line, (struct config_request){ .section = "health." });
}

struct config *command_config_told(const struct command_line *line, bool database_needed)
{
    struct config *config = command_config(line, database_needed);

    for (size_t i = 0; config && config->log.level <= LOG_WARN && i < config->warnings.count; i++) {
        fprintf(stderr, "pgentry: warning: %s\n", config->warnings.items[i]);
    }
    return config;
}
