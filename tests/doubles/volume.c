/* A file system as a network has them, for the processes of a test: preloaded, it stands between them and libc and
 * answers calls below RW_VOLUME_HOME as a server of files may. RW_VOLUME_FAULTS holds words such as
 *
 *   flock=37 lockf=95    locks of a kind fail with this error
 *   mmap=19              no memory can be shared over a file
 *   rename=2             a rename is done, and then said to have failed
 *   pread:3=116          the third pread, open, pwrite, write, sync or unlink of the process fails
 *
 * RW_VOLUME_STRUCK names a file that is made when any of it happens, but for the mmap. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int below(const char *path) {
    const char *home = getenv("RW_VOLUME_HOME");
    return home && path && strncmp(path, home, strlen(home)) == 0;
}

static int is_below(int descriptor) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

static int strike(int error) {
    const char *struck = getenv("RW_VOLUME_STRUCK");
    if (struck) {
        int descriptor = syscall(SYS_openat, AT_FDCWD, struck, O_WRONLY | O_CREAT, 0600);
        if (descriptor >= 0) close(descriptor);
    }
    errno = error;
    return -1;
}

/* The error that is asked for under this word, or 0. */
static int wish(const char *word) {
    const char *faults = getenv("RW_VOLUME_FAULTS");
    size_t length = strlen(word);
    for (const char *at = faults; at && (at = strstr(at, word)); at += length)
        if ((at == faults || at[-1] == ' ') && at[length] == '=') return atoi(at + length + 1);
    return 0;
}

/* The error for this call of its kind, counted over the process's life, or 0. */
static int nth(const char *kind, int *count) {
    char word[64];
    snprintf(word, sizeof word, "%s:%d", kind, __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST));
    return wish(word);
}

static int opens, reads, writes, plain_writes, syncs, unlinks;

int flock(int descriptor, int operation) {
    int error = operation == LOCK_UN ? 0 : wish("flock");
    return error && is_below(descriptor) ? strike(error) : REAL(flock)(descriptor, operation);
}

#define FCNTL(name)                                                                            \
    int name(int descriptor, int command, ...) {                                               \
        va_list list;                                                                          \
        va_start(list, command);                                                               \
        void *argument = va_arg(list, void *);                                                 \
        va_end(list);                                                                          \
        int error = command == F_SETLK || command == F_SETLKW ? wish("lockf") : 0;             \
        return error && is_below(descriptor) ? strike(error) : REAL(name)(descriptor, command, argument); \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

#define MMAP(name, offset_type)                                                                        \
    void *name(void *at, size_t size, int protection, int flags, int descriptor, offset_type offset) { \
        int error = flags & MAP_SHARED && descriptor >= 0 ? wish("mmap") : 0;                          \
        if (error && is_below(descriptor)) return errno = error, MAP_FAILED;                           \
        return REAL(name)(at, size, protection, flags, descriptor, offset);                            \
    }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

int rename(const char *from, const char *to) {
    int error = below(from) ? wish("rename") : 0, done = REAL(rename)(from, to);
    return error && done == 0 ? strike(error) : done;
}

#define OPEN(name)                                                                        \
    int name(const char *path, int flags, ...) {                                          \
        va_list list;                                                                     \
        va_start(list, flags);                                                            \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;         \
        va_end(list);                                                                     \
        int error = below(path) ? nth("open", &opens) : 0;                                \
        return error ? strike(error) : REAL(name)(path, flags, mode);                     \
    }
OPEN(open)
OPEN(open64)

#define PREAD(name, offset_type)                                                     \
    ssize_t name(int descriptor, void *data, size_t size, offset_type offset) {      \
        int error = is_below(descriptor) ? nth("pread", &reads) : 0;                 \
        return error ? strike(error) : REAL(name)(descriptor, data, size, offset);   \
    }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define PWRITE(name, offset_type)                                                        \
    ssize_t name(int descriptor, const void *data, size_t size, offset_type offset) {    \
        int error = is_below(descriptor) ? nth("pwrite", &writes) : 0;                   \
        return error ? strike(error) : REAL(name)(descriptor, data, size, offset);       \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int descriptor, const void *data, size_t size) {
    int error = is_below(descriptor) ? nth("write", &plain_writes) : 0;
    return error ? strike(error) : REAL(write)(descriptor, data, size);
}

#define SYNC(name)                                                 \
    int name(int descriptor) {                                     \
        int error = is_below(descriptor) ? nth("sync", &syncs) : 0; \
        return error ? strike(error) : REAL(name)(descriptor);     \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    int error = below(path) ? nth("unlink", &unlinks) : 0;
    return error ? strike(error) : REAL(unlink)(path);
}
