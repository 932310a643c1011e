#include "base/pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

/* Segments that nobody writes are the file's own pages: dropped ones come back as they were. */
static int drop_object(struct dl_phdr_info *object, size_t size, void *argument)
{
    const ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);
    (void)size;
    (void)argument;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) {
            continue;
        }
        ElfW(Addr) begin = (object->dlpi_addr + segment->p_vaddr) / page * page;
        ElfW(Addr) end = (object->dlpi_addr + segment->p_vaddr + segment->p_filesz) / page * page;
        (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void pages_give_back(void)
{
    dl_iterate_phdr(drop_object, NULL);
}

void pages_want(const void *constant)
{
    (void)*(const volatile char *)constant;
}
