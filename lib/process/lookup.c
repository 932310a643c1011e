#include "process/lookup.h"

#include "base/text.h"
#include "config/content.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define STEP_BIN "node_modules/.bin"
#define HEAD_BYTES 256 /* as much as the kernel looks at for #! (BINPRM_BUF_SIZE) */
#define FILE_MAX 8192  /* PATH_MAX and a name; a longer one is no file */

struct program {
    const char *const *argv;
    const char *const *envp;
    struct lookup_failure *failure;
};

/* ---- why a file that exists cannot be executed ---- */

static size_t read_head(const char *file, char head[HEAD_BYTES])
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t count = fd < 0 ? 0 : read(fd, head, HEAD_BYTES);

    if (fd >= 0) {
        (void)close(fd);
    }
    return count > 0 ? (size_t)count : 0;
}

/* The dynamic loader that the file asks for (elf(5), PT_INTERP): musl's in one image, glibc's in another. */
static bool elf_interpreter(const char *file, struct text *interpreter)
{
    ElfW(Ehdr) header;
    ElfW(Phdr) segment = { 0 };
    char name[LOOKUP_INTERPRETER];
    bool found = false;
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return false;
    }
    if (pread(fd, &header, sizeof header, 0) == (ssize_t)sizeof header &&
        memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
        header.e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)) {
        for (unsigned i = 0; i < header.e_phnum && !found; i++) {
            off_t at = (off_t)header.e_phoff + (off_t)i * (off_t)sizeof segment;

            found = pread(fd, &segment, sizeof segment, at) == (ssize_t)sizeof segment && segment.p_type == PT_INTERP;
        }
    }
    if (found) {
        size_t length = segment.p_filesz < sizeof name ? segment.p_filesz : sizeof name;
        ssize_t count = pread(fd, name, length, (off_t)segment.p_offset);

        text_bytes(interpreter, name, count > 0 ? strnlen(name, (size_t)count) : 0);
    }
    (void)close(fd);
    return found;
}

static void find_interpreter(const char *file, struct lookup_failure *failure)
{
    char head[HEAD_BYTES];
    size_t length = read_head(file, head);
    struct text interpreter = text_over(failure->interpreter, sizeof failure->interpreter);

    if (length >= 2 && memcmp(head, "#!", 2) == 0) {
        size_t start = 2, end;

        while (start < length && (head[start] == ' ' || head[start] == '\t')) {
            start++;
        }
        for (end = start; end < length && !strchr(" \t\n", head[end]);) {
            end++;
        }
        text_bytes(&interpreter, head + start, end - start);
    } else if (!elf_interpreter(file, &interpreter)) {
        text_string(&interpreter, "(unknown)");
    }
}

/* Text, as far as a shell looks: no NUL in the first line (POSIX XCU 2.9.1.4). */
static bool is_text(const char *file)
{
    char head[HEAD_BYTES];
    size_t length = read_head(file, head);
    const char *end = memchr(head, '\n', length);

    return !memchr(head, '\0', end ? (size_t)(end - head) : length);
}

/* ---- executing ---- */

static void shell_exec(const struct program *program, const char *file)
{
    size_t count = 0;

    while (program->argv[count]) {
        count++;
    }

    const char **argv = calloc(count + 2, sizeof *argv);

    if (argv) {
        argv[0] = _PATH_BSHELL;
        argv[1] = file;
        memcpy(argv + 2, program->argv + 1, count * sizeof *argv); /* with the NULL */
        (void)execve(_PATH_BSHELL, (char *const *)argv, (char *const *)program->envp);
        free(argv);
    }
}

static void fail(struct lookup_failure *failure, int number, const char *file)
{
    failure->number = number;
    failure->interpreter[0] = '\0';
    TEXT_COPY(failure->file, file);
    if (number == ENOENT) {
        find_interpreter(file, failure);
    }
}

/* Returns if it could not be executed: false if there is no such file. */
static bool try_exec(const struct program *program, const char *file)
{
    struct stat status;
    int number;

    (void)execve(file, (char *const *)program->argv, (char *const *)program->envp);
    number = errno;
    if (number == ENOEXEC && is_text(file)) {
        shell_exec(program, file);
    }
    if (stat(file, &status) < 0) {
        return false;
    }
    fail(program->failure, S_ISDIR(status.st_mode) ? EISDIR : number, file);
    return true;
}

/* One element of PATH; an empty one is the working directory. */
static bool try_in(const struct program *program, const char *folder, size_t length)
{
    char file[FILE_MAX];
    struct text text = text_over(file, sizeof file);
    struct lookup_failure before = *program->failure;

    text_bytes(&text, length ? folder : ".", length ? length : 1);
    text_char(&text, '/');
    text_string(&text, program->argv[0]);
    if (text.cut || !try_exec(program, file)) {
        return false;
    }
    /* What stands further along PATH may work; the first file that did not is then forgotten. A directory is no
     * command, and want of memory or of processes is nothing that the next element cures. */
    int number = program->failure->number;
    bool again = number == EACCES || number == ENOENT || number == EISDIR;

    if (again && (number == EISDIR || before.file[0])) {
        *program->failure = before;
    }
    return !again;
}

void lookup_exec(const char *const *argv, const char *const *envp, const char *path, struct lookup_failure *failure)
{
    const struct program program = { argv, envp, failure };

    *failure = (struct lookup_failure){ .number = ENOENT };
    if (argv[0][0] == '\0') {
        return;
    }
    if (strchr(argv[0], '/')) {
        int number = try_exec(&program, argv[0]) ? 0 : errno;

        if (number == EACCES) { /* a folder on the way may not be searched */
            failure->number = EACCES;
        }
        return;
    }
    for (const char *folder = path ? path : DEFAULT_PATH;; folder++) {
        size_t length = strcspn(folder, ":");

        if (try_in(&program, folder, length)) {
            return;
        }
        folder += length;
        if (*folder == '\0') {
            return;
        }
    }
}

/* ---- looking without executing ---- */

const char *lookup_step_path(const char *folder, const char *path, struct arena *arena)
{
    const char *found = STEP_BIN, *up = "";

    for (int i = 1; i < CONTENT_PARENTS && (folder = content_parent(folder, arena)) != NULL; i++) {
        up = arena_printf(arena, "../%s", up);
        if (content_is_folder(content_path(arena, folder, STEP_BIN))) {
            found = arena_printf(arena, "%s:%s" STEP_BIN, found, up);
        }
    }
    return arena_printf(arena, "%s:%s", found, path ? path : DEFAULT_PATH);
}

static bool is_executable(const char *folder, const char *file, struct arena *arena)
{
    const char *path = file[0] == '/' ? file : arena_printf(arena, "%s/%s", folder, file);
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool lookup_finds(const char *program, const char *folder, const char *path, struct arena *arena)
{
    if (program[0] == '\0' || strchr(program, '/')) {
        return program[0] && is_executable(folder, program, arena);
    }
    for (;; path++) {
        size_t length = strcspn(path, ":");

        if (is_executable(folder,
                          arena_printf(arena, "%.*s/%s", length ? (int)length : 1, length ? path : ".", program),
                          arena)) {
            return true;
        }
        path += length;
        if (*path == '\0') {
            return false;
        }
    }
}

/* ---- in words ---- */

static bool not_found(const char *name, const char *path, struct error *error)
{
    error_set(error, STATUS_NOT_FOUND, "%s: not found", name[0] ? name : "the empty name");
    return strchr(name, '/') ? error_hint(error, "there is no such file in this image")
                             : error_hint(error, "looked through PATH: %s", path ? path : DEFAULT_PATH);
}

static bool no_interpreter(const struct lookup_failure *failure, struct error *error)
{
    const char *interpreter = failure->interpreter;
    size_t length = strlen(interpreter);

    if (length && interpreter[length - 1] == '\r') {
        error_set(error, STATUS_NOT_FOUND, "%s: its interpreter %.*s\\r is missing", failure->file, (int)length - 1,
                  interpreter);
        return error_hint(error, "the script has Windows line ends: store it with LF alone");
    }
    error_set(error, STATUS_NOT_FOUND, "%s: its interpreter %s is missing", failure->file, interpreter);
    return error_hint(error, "install it, or use a program made for this image (musl or glibc)");
}

bool lookup_error(const struct lookup_failure *failure, const char *name, const char *path, struct error *error)
{
    const char *file = failure->file[0] ? failure->file : name;

    switch (failure->number) {
    case ENOENT:
        return failure->file[0] ? no_interpreter(failure, error) : not_found(name, path, error);
    case EISDIR:
        return error_set(error, STATUS_NOT_EXECUTABLE, "%s is a directory", file);
    case EACCES:
        error_set(error, STATUS_NOT_EXECUTABLE, "%s: permission denied", file);
        return error_hint(error, "make it executable (chmod +x) for this user; on a noexec file system nothing is");
    case ENOEXEC:
        error_set(error, STATUS_NOT_EXECUTABLE, "%s is not a program that this machine can execute", file);
        return error_hint(error, "it may be built for another processor, or be a script without a #! line and a shell");
    }

    bool want = failure->number == EAGAIN || error_is_want(failure->number);

    return error_set(error, want ? STATUS_RESOURCE : STATUS_NOT_EXECUTABLE, "%s: cannot be executed: %s", file,
                     strerror(failure->number));
}
