// Loaded into a process before its C library: its wall clock is wrong by CLOCK_BY seconds.

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *shown) {
    int result = syscall(SYS_clock_gettime, id, shown);
    const char *by = getenv("CLOCK_BY");
    if (result == 0 && id == CLOCK_REALTIME && by)
        shown->tv_sec += atoll(by);
    return result;
}
