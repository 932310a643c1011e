/* run, wait, sync and verify: the main job and its parts. */
#include "command.h"
#include "runtime/runtime.h"

static int supervise(const struct command_line *line, enum boot_goal goal)
{
    struct strings errors = { 0 };
    enum log_format format;
    const struct config *config = command_config_logged(line, &errors, &format);
    if (!config) {
        return runtime_refuse(goal, format, &errors);
    }
    return runtime_run(&(struct runtime_request){ .config = config,
                                                  .goal = goal,
                                                  .app = line->operands,
                                                  .force = line->given & OPTION_FORCE,
                                                  .only = line->only,
                                                  .from = line->from,
                                                  .json = line->given & OPTION_JSON });
}

int command_run(const struct command_line *line)
{
    return supervise(line, GOAL_RUN);
}

int command_wait(const struct command_line *line)
{
    return supervise(line, GOAL_WAIT);
}

int command_sync(const struct command_line *line)
{
    return supervise(line, GOAL_SYNC);
}

int command_verify(const struct command_line *line)
{
    return supervise(line, GOAL_LOOK);
}
