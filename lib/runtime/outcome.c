#include "base/signal_name.h"
#include "base/text.h"
#include "process/memory.h"
#include "runtime/supervisor.h"

#include <signal.h>
#include <sys/wait.h>

int shell_status(int wait_status)
{
    return WIFSIGNALED(wait_status) ? STATUS_SIGNAL + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

void describe_status(char *buffer, size_t size, const struct reaped *reaped, int64_t oom_kills)
{
    struct text text = text_over(buffer, size);
    bool out_of_memory = shell_status(reaped->status) == STATUS_SIGNAL + SIGKILL && memory_oom_kills() > oom_kills;
    if (WIFSIGNALED(reaped->status)) {
        text_printf(&text, "ended by signal %s%s (status %d)", signal_name(WTERMSIG(reaped->status)),
                    WCOREDUMP(reaped->status) ? ", core dumped" : "", shell_status(reaped->status));
    } else {
        text_printf(&text, "exit status %d", WEXITSTATUS(reaped->status));
    }
    if (out_of_memory) {
        text_printf(&text, ": killed for want of memory");
    }
    if (out_of_memory || WIFSIGNALED(reaped->status)) {
        text_printf(&text, ", peak resident size %lld MB", (long long)(reaped->peak_bytes >> 20));
    }
}
