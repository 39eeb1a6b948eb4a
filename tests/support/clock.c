// Loaded into a process before its C library: its wall clock is wrong by CLOCK_BY seconds, or by as many as the file says that
// CLOCK_FILE names, whenever it is looked at.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *shown) {
    int result = syscall(SYS_clock_gettime, id, shown);
    if (result != 0 || id != CLOCK_REALTIME)
        return result;
    char text[32] = {0};
    const char *by = getenv("CLOCK_BY"), *name = getenv("CLOCK_FILE");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0)
            by = text;
        close(file);
    }
    if (by)
        shown->tv_sec += atoll(by);
    return result;
}
