#include "status/guests.h"

#include <sys/resource.h>
#include <sys/socket.h>

#define OWN_DESCRIPTORS 32 /* listeners, epolls, the control socket, standard streams */
#define NOT_FOR_GUESTS (OWN_DESCRIPTORS + GUESTS_LEAVING)

void guests_begin(struct guests *guests)
{
    struct rlimit limit;
    guests->limit = HTTP_CONNECTIONS;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return;
    }
    rlim_t wanted = HTTP_CONNECTIONS + NOT_FOR_GUESTS;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < wanted) {
        guests->limit =
            limit.rlim_cur > (rlim_t)2 * NOT_FOR_GUESTS ? (size_t)limit.rlim_cur - NOT_FOR_GUESTS : NOT_FOR_GUESTS / 2;
    }
}

static void take_out(struct guests *guests, struct guest *guest)
{
    *(guest->before ? &guest->before->after : &guests->oldest) = guest->after;
    *(guest->after ? &guest->after->before : &guests->youngest) = guest->before;
}

static void put_last(struct guests *guests, struct guest *guest, instant now)
{
    guest->since = now;
    guest->before = guests->youngest;
    guest->after = NULL;
    *(guests->youngest ? &guests->youngest->after : &guests->oldest) = guest;
    guests->youngest = guest;
}

bool guests_have_seat(const struct guests *guests)
{
    return guests->count < guests->limit + GUESTS_LEAVING;
}

/* Until its end is noticed the next one in the row is the oldest. */
static void show_out(struct guests *guests, struct guest *guest, instant now)
{
    shutdown(guest->fd, SHUT_RDWR);
    guests->leaving += !guest->leaving;
    guest->leaving = true;
    guests_renew(guests, guest, now);
}

struct guest *guests_admit(struct guests *guests, int fd, instant now)
{
    struct guest *guest = guests->free;
    if (guest) {
        guests->free = guest->after;
    } else {
        guest = &guests->seats[guests->opened++];
    }
    if (guests->count >= guests->limit) {
        show_out(guests, guests->oldest, now);
    }
    *guest = (struct guest){ .fd = fd, .place = GUEST_NEW };
    guests->count++;
    put_last(guests, guest, now);
    return guest;
}

void guests_renew(struct guests *guests, struct guest *guest, instant now)
{
    take_out(guests, guest);
    put_last(guests, guest, now);
}

void guests_leave(struct guests *guests, struct guest *guest)
{
    take_out(guests, guest);
    guests->count--;
    guests->leaving -= guest->leaving;
    guest->place = GUEST_GONE;
    guest->after = guests->free;
    guests->free = guest;
}

bool guests_make_room(struct guests *guests, instant now)
{
    if (guests->oldest && guests->leaving == 0) {
        show_out(guests, guests->oldest, now);
    }
    return guests->oldest != NULL;
}

void guests_show_out(struct guests *guests, instant now, duration patience)
{
    while (guests->oldest && now - guests->oldest->since >= patience) {
        show_out(guests, guests->oldest, now);
    }
}

int guests_rest(const struct guests *guests, instant now, duration patience)
{
    if (!guests->oldest) {
        return -1;
    }
    duration rest = guests->oldest->since + patience - now;
    return rest > 0 ? (int)rest : 0;
}
