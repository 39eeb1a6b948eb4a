// Loaded into the server before its C library: counts every call that changes or syncs a file below a folder, one after
// the other, and makes a crash of one of them, or records them all.
//
//   SHIM_ROOT  the folder
//   SHIM_AT    the call that something happens to, counted from 1
//   SHIM_DO    what: before, half, after (killed then), or the number of an error that it fails with
//   SHIM_HIT   a file that gets a line about that call: its name and its path
//   SHIM_SLOW  how many milliseconds an fdatasync of a segment takes that is being prepared; other calls do not wait
//   SHIM_HELD  a file: as long as it exists, syncs of the store's file do not end; other calls do not wait
//   SHIM_LOG   a file that gets a record of each call: the header below, then names or bytes
//
// Calls are made one at a time, so that their order in the record is the order in which they had their effect.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, SYNC, CREATE, MKDIR, RENAME, REMOVE };

struct header {
    uint32_t kind;
    uint32_t length; // of what follows
    uint64_t inode;  // of the file, or of the folder that holds the name
    uint64_t number; // the offset, the new length, or the inode that the name is of
    uint64_t other;  // RENAME: the folder that holds the new name
};

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static const char *action, *held;
static long at, count, slow;
static int hit_file = -1, log_file = -1;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("SHIM_ROOT");
    if (text == NULL || realpath(text, root) == NULL) root[0] = 0;
    if ((text = getenv("SHIM_AT")) != NULL) at = atol(text);
    if ((text = getenv("SHIM_SLOW")) != NULL) slow = atol(text);
    action = getenv("SHIM_DO");
    held = getenv("SHIM_HELD");
    if ((text = getenv("SHIM_HIT")) != NULL) hit_file = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if ((text = getenv("SHIM_LOG")) != NULL) log_file = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int below(const char *path) {
    size_t length = strlen(root);
    return length > 0 && strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == 0);
}

// The path of an open file that is one of ours.
static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return below(path);
}

// The absolute path of a name that is one of ours; its folder exists.
static int resolve(const char *name, char *path) {
    char copy[PATH_MAX], folder[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", name);
    char *slash = strrchr(copy, '/');
    if (slash == NULL) return 0;
    *slash = 0;
    if (realpath(slash == copy ? "/" : copy, folder) == NULL) return 0;
    snprintf(path, PATH_MAX, "%.2000s/%.1000s", folder, slash + 1);
    return below(path);
}

static uint64_t inode_of(const char *path) {
    struct stat found;
    return lstat(path, &found) == 0 ? found.st_ino : 0;
}

static uint64_t folder_of(const char *path) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    return inode_of(folder);
}

static void put(const void *bytes, size_t length) {
    const char *from = bytes;
    while (length > 0) {
        ssize_t done = syscall(SYS_write, log_file, from, length);
        if (done <= 0) _exit(99);
        from += done;
        length -= done;
    }
}

static void record(uint32_t kind, uint64_t inode, uint64_t number, uint64_t other, const void *bytes, size_t length) {
    if (log_file < 0) return;
    struct header header = {kind, length, inode, number, other};
    put(&header, sizeof header);
    put(bytes, length);
}

// Whether this call is the one: 0 for no, otherwise 'b', 'h', 'a', or 'e' for an error.
static int turn(const char *call, const char *path) {
    count++;
    if (count != at || action == NULL) {
        return 0;
    }
    if (hit_file >= 0) {
        char line[PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%s %s\n", call, path);
        syscall(SYS_write, hit_file, line, length);
    }
    if (action[0] == 'b') kill(getpid(), SIGKILL), pause();
    return action[0] == 'h' || action[0] == 'a' ? action[0] : 'e';
}

static void end(int what) {
    if (what == 'a' || what == 'h') kill(getpid(), SIGKILL), pause();
}

static int failed(void) {
    errno = atoi(action);
    return -1;
}

#define LOCK pthread_mutex_lock(&one_at_a_time)
#define UNLOCK pthread_mutex_unlock(&one_at_a_time)

static ssize_t written(const char *call, int fd, const void *bytes, size_t length, off_t offset, ssize_t (*real)(int, const void *, size_t, off_t)) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return real(fd, bytes, length, offset);
    LOCK;
    int what = turn(call, path);
    ssize_t done;
    if (what == 'e') {
        done = failed();
    } else {
        struct stat found;
        fstat(fd, &found);
        uint64_t start = offset >= 0 ? (uint64_t)offset : fcntl(fd, F_GETFL) & O_APPEND ? (uint64_t)found.st_size : (uint64_t)lseek(fd, 0, SEEK_CUR);
        done = real(fd, bytes, what == 'h' ? length / 2 : length, offset);
        if (done > 0) record(WRITE, found.st_ino, start, 0, bytes, done);
        end(what);
    }
    int error = errno;
    UNLOCK;
    errno = error;
    return done;
}

static ssize_t real_write(int fd, const void *bytes, size_t length, off_t offset) {
    (void)offset;
    return syscall(SYS_write, fd, bytes, length);
}

static ssize_t real_pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length) { return written("write", fd, bytes, length, -1, real_write); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return written("pwrite", fd, bytes, length, offset, real_pwrite); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return written("pwrite", fd, bytes, length, offset, real_pwrite); }

static int synced(const char *call, int fd, int number, off64_t offset, off64_t length, unsigned flags) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return syscall(number, fd, offset, length, flags);
    if (number == SYS_fdatasync && strstr(path, "/prepared-") != NULL) usleep(slow * 1000);
    while (held != NULL && strstr(path, "/store/db") != NULL && syscall(SYS_faccessat, AT_FDCWD, held, F_OK) == 0) usleep(10000);
    LOCK;
    int what = turn(call, path), done;
    if (what == 'e') {
        done = failed();
    } else {
        done = syscall(number, fd, offset, length, flags);
        struct stat found;
        // That call promises nothing about the disk.
        if (done == 0 && number != SYS_sync_file_range && fstat(fd, &found) == 0) record(SYNC, found.st_ino, 0, 0, "", 0);
        end(what);
    }
    int error = errno;
    UNLOCK;
    errno = error;
    return done;
}

int fsync(int fd) { return synced("fsync", fd, SYS_fsync, 0, 0, 0); }
int fdatasync(int fd) { return synced("fdatasync", fd, SYS_fdatasync, 0, 0, 0); }
int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags) {
    return synced("sync_file_range", fd, SYS_sync_file_range, offset, length, flags);
}

static int truncated(int fd, off64_t length) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return syscall(SYS_ftruncate, fd, length);
    LOCK;
    int what = turn("ftruncate", path), done;
    if (what == 'e') {
        done = failed();
    } else {
        done = syscall(SYS_ftruncate, fd, length);
        struct stat found;
        if (done == 0 && fstat(fd, &found) == 0) record(TRUNCATE, found.st_ino, length, 0, "", 0);
        end(what);
    }
    int error = errno;
    UNLOCK;
    errno = error;
    return done;
}

int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }

static int opened(const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    int access = flags & O_ACCMODE;
    if (access == O_RDONLY || !(flags & (O_CREAT | O_TRUNC)) || !resolve(name, path)) return syscall(SYS_openat, AT_FDCWD, name, flags, mode);
    LOCK;
    uint64_t before = inode_of(path);
    int what = before == 0 || (flags & O_TRUNC) ? turn("open", path) : 0;
    int fd;
    if (what == 'e') {
        fd = failed();
    } else {
        fd = syscall(SYS_openat, AT_FDCWD, name, flags, mode);
        const char *last = strrchr(path, '/') + 1;
        if (fd >= 0 && before == 0) record(CREATE, folder_of(path), inode_of(path), 0, last, strlen(last));
        if (fd >= 0 && before != 0 && (flags & O_TRUNC)) record(TRUNCATE, before, 0, 0, "", 0);
        end(what);
    }
    int error = errno;
    UNLOCK;
    errno = error;
    return fd;
}

#define MODE mode_t mode = 0; if (flags & O_CREAT) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
int open(const char *name, int flags, ...) { MODE return opened(name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE return opened(name, flags | O_LARGEFILE, mode); }

static int named(const char *call, uint32_t kind, const char *name, long number, int flags, mode_t mode) {
    char path[PATH_MAX];
    int ours = resolve(name, path), what = 0, done;
    if (ours) {
        LOCK;
        what = turn(call, path);
    }
    if (what == 'e') {
        done = failed();
    } else {
        uint64_t before = ours ? inode_of(path) : 0;
        done = number == SYS_mkdirat ? syscall(number, AT_FDCWD, name, mode) : syscall(number, AT_FDCWD, name, flags);
        const char *last = ours ? strrchr(path, '/') + 1 : "";
        if (ours && done == 0) record(kind, folder_of(path), kind == REMOVE ? before : inode_of(path), 0, last, strlen(last));
        end(what);
    }
    int error = errno;
    if (ours) UNLOCK;
    errno = error;
    return done;
}

int mkdir(const char *name, mode_t mode) { return named("mkdir", MKDIR, name, SYS_mkdirat, 0, mode); }
int unlink(const char *name) { return named("unlink", REMOVE, name, SYS_unlinkat, 0, 0); }
int rmdir(const char *name) { return named("rmdir", REMOVE, name, SYS_unlinkat, AT_REMOVEDIR, 0); }

int unlinkat(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    if (folder == AT_FDCWD || name[0] == '/') return named("unlinkat", REMOVE, name, SYS_unlinkat, flags, 0);
    if (!path_of(folder, path)) return syscall(SYS_unlinkat, folder, name, flags);
    size_t length = strlen(path);
    snprintf(path + length, PATH_MAX - length, "/%s", name);
    return named("unlinkat", REMOVE, path, SYS_unlinkat, flags, 0);
}

int rename(const char *from, const char *to) {
    char old[PATH_MAX], new[PATH_MAX], names[2 * PATH_MAX];
    int ours = resolve(from, old) && resolve(to, new), what = 0, done;
    if (ours) {
        LOCK;
        what = turn("rename", new);
    }
    if (what == 'e') {
        done = failed();
    } else {
        uint64_t inode = ours ? inode_of(old) : 0;
        done = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
        if (ours && done == 0) {
            int length = snprintf(names, sizeof names, "%s/%s", strrchr(old, '/') + 1, strrchr(new, '/') + 1);
            record(RENAME, folder_of(old), inode, folder_of(new), names, length);
        }
        end(what);
    }
    int error = errno;
    if (ours) UNLOCK;
    errno = error;
    return done;
}

// At the end the count is worth something to whoever wants to go through all calls.
__attribute__((destructor)) static void tell(void) {
    if (hit_file >= 0 && action == NULL) {
        char line[64];
        int length = snprintf(line, sizeof line, "%ld\n", count);
        syscall(SYS_write, hit_file, line, length);
    }
}
