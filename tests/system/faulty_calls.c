/* A disk that fails as told, at the system's own calls: preloaded into a process, it lets them fail, wait, or do half of what they were asked.
 *
 * The file named by FAULTY_CALLS is mapped, so what is written there holds from the next call on. It is RULES rules of 128 octets, each of
 * them: calls (bits, as below), error (errno; 0: none), share (of 1000 calls), wait_ms, half (of a read or write only), hits (counted here),
 * from and until (only reads at that place of the file; until 0: all), pattern (fnmatch(3), of the path as it was opened). The first rule
 * that concerns a call and whose share it is decides.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { OPEN = 1, READ = 2, WRITE = 4, SYNC = 8, TRUNCATE = 16, MAP = 32, UNLINK = 64, RENAME = 128, LOCK = 256, STAT = 512 };

struct rule {
    uint32_t calls;
    int32_t error;
    uint32_t share, wait_ms, half, hits, from, until;
    char pattern[96];
};

#define RULES 32
#define FILES 4096
#define LONGEST 256

static struct rule *rules;
static char paths[FILES][LONGEST];

static void *found(void **place, const char *name) {
    if (!*place)
        *place = dlsym(RTLD_NEXT, name);
    return *place;
}

#define REAL(name) ((__typeof__(&name))found(&real_##name, #name))
#define DECLARED(name) static void *real_##name

DECLARED(open); DECLARED(open64); DECLARED(openat64); DECLARED(openat); DECLARED(close); DECLARED(read); DECLARED(write);
DECLARED(pread64); DECLARED(pwrite64); DECLARED(fsync); DECLARED(fdatasync); DECLARED(ftruncate64); DECLARED(ftruncate);
DECLARED(mmap64); DECLARED(mmap); DECLARED(unlink); DECLARED(rename); DECLARED(fcntl64); DECLARED(flock); DECLARED(stat64);

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("FAULTY_CALLS");
    int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *place = mmap(NULL, RULES * sizeof *rules, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (place != MAP_FAILED)
        rules = place;
}

static int chance(void) {
    static __thread uint64_t state;
    if (!state)
        state = (uint64_t)time(NULL) * 2654435761u ^ (uint64_t)(uintptr_t)&state ^ (uint64_t)getpid() << 32;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (int)(state % 1000);
}

static struct rule *hit_at(uint32_t call, const char *path, off64_t at, size_t count) {
    if (rules && path && *path)
        for (struct rule *rule = rules; rule < rules + RULES; rule++) {
            if (!(rule->calls & call) || fnmatch(rule->pattern, path, 0) || chance() >= (int)rule->share)
                continue;
            if (rule->until && (at >= (off64_t)rule->until || at + (off64_t)count <= (off64_t)rule->from))
                continue;
            __atomic_fetch_add(&rule->hits, 1, __ATOMIC_RELAXED);
            if (rule->wait_ms) {
                struct timespec wait = {rule->wait_ms / 1000, rule->wait_ms % 1000 * 1000000L};
                nanosleep(&wait, NULL);
            }
            return rule;
        }
    return NULL;
}

static struct rule *hit(uint32_t call, const char *path) { return hit_at(call, path, 0, 1 << 30); }

static const char *path_of(int file) { return file >= 0 && file < FILES ? paths[file] : NULL; }

static int failed(uint32_t call, const char *path) {
    struct rule *rule = hit(call, path);
    if (!rule || !rule->error)
        return 0;
    errno = rule->error;
    return 1;
}

static size_t shorter(uint32_t call, int file, size_t count, off64_t at, int *error) {
    struct rule *rule = hit_at(call, path_of(file), at, count);
    *error = rule ? rule->error : 0;
    return rule && rule->half && count > 1 ? count / 2 : count;
}

static int opened(int file, const char *path) {
    if (file >= 0 && file < FILES)
        strncpy(paths[file], path, LONGEST - 1);
    return file;
}

#define OPENING(name)                                                        \
    int name(const char *path, int flags, ...) {                             \
        mode_t mode = 0;                                                     \
        if (flags & (O_CREAT | O_TMPFILE)) {                                 \
            va_list more;                                                    \
            va_start(more, flags);                                           \
            mode = va_arg(more, mode_t);                                     \
            va_end(more);                                                    \
        }                                                                    \
        if (failed(OPEN, path))                                              \
            return -1;                                                       \
        return opened(REAL(name)(path, flags, mode), path);                  \
    }
OPENING(open)
OPENING(open64)

#define OPENING_AT(name)                                                     \
    int name(int folder, const char *path, int flags, ...) {                 \
        mode_t mode = 0;                                                     \
        if (flags & (O_CREAT | O_TMPFILE)) {                                 \
            va_list more;                                                    \
            va_start(more, flags);                                           \
            mode = va_arg(more, mode_t);                                     \
            va_end(more);                                                    \
        }                                                                    \
        if (failed(OPEN, path))                                              \
            return -1;                                                       \
        return opened(REAL(name)(folder, path, flags, mode), path);          \
    }
OPENING_AT(openat)
OPENING_AT(openat64)

int close(int file) {
    if (file >= 0 && file < FILES)
        paths[file][0] = 0;
    return REAL(close)(file);
}

#define MOVING(name, call, octets, at, ...)                                  \
    {                                                                        \
        int error;                                                           \
        count = shorter(call, file, count, at, &error);                      \
        if (error) {                                                         \
            errno = error;                                                   \
            return -1;                                                       \
        }                                                                    \
        return REAL(name)(file, octets, count, ##__VA_ARGS__);               \
    }
ssize_t read(int file, void *octets, size_t count) MOVING(read, READ, octets, 0)
ssize_t write(int file, const void *octets, size_t count) MOVING(write, WRITE, octets, 0)
ssize_t pread64(int file, void *octets, size_t count, off64_t at) MOVING(pread64, READ, octets, at, at)
ssize_t pwrite64(int file, const void *octets, size_t count, off64_t at) MOVING(pwrite64, WRITE, octets, at, at)

int fsync(int file) { return failed(SYNC, path_of(file)) ? -1 : REAL(fsync)(file); }
int fdatasync(int file) { return failed(SYNC, path_of(file)) ? -1 : REAL(fdatasync)(file); }
int ftruncate(int file, off_t size) { return failed(TRUNCATE, path_of(file)) ? -1 : REAL(ftruncate)(file, size); }
int ftruncate64(int file, off64_t size) { return failed(TRUNCATE, path_of(file)) ? -1 : REAL(ftruncate64)(file, size); }
int unlink(const char *path) { return failed(UNLINK, path) ? -1 : REAL(unlink)(path); }
int rename(const char *from, const char *to) { return failed(RENAME, from) ? -1 : REAL(rename)(from, to); }
int flock(int file, int how) { return failed(LOCK, path_of(file)) ? -1 : REAL(flock)(file, how); }
int stat64(const char *path, struct stat64 *about) { return failed(STAT, path) ? -1 : REAL(stat64)(path, about); }

void *mmap(void *where, size_t size, int protection, int flags, int file, off_t at) {
    return failed(MAP, path_of(file)) ? MAP_FAILED : REAL(mmap)(where, size, protection, flags, file, at);
}
void *mmap64(void *where, size_t size, int protection, int flags, int file, off64_t at) {
    return failed(MAP, path_of(file)) ? MAP_FAILED : REAL(mmap64)(where, size, protection, flags, file, at);
}

int fcntl64(int file, int command, ...) {
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    if ((command == F_SETLK || command == F_SETLKW) && failed(LOCK, path_of(file)))
        return -1;
    return REAL(fcntl64)(file, command, argument);
}
