/* A C host: does what its arguments say, one after the other, and prints a line for each. Compiled with LOADED it links nothing and
 * loads the library by dlopen; without, it links nothing but the library; with EXPORTS it plays T3000's memory.
 *
 *   load PATH, unload       dlopen, dlclose                    init, discover, stop, add PROTOCOL ADDRESS, id ADDRESS
 *   wait ID, unwell ID      until every point is ok, or none   points ID          print them
 *   threads N ID ROUNDS     N threads read at once             lost ID            read without freeing
 *   surroundings            signals, locale, directory         tasks              how many threads this process has
 *   fork                    the same call in a child           hang, go           (EXPORTS) get_input_count does not return
 *   wild, wild              (EXPORTS) a pointer into nowhere   exit               end without a stop
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "t3actors.h"

static struct {
    int (*init)(void);
    int (*discover)(void);
    int (*add)(const char *, int);
    PointData *(*points)(uint32_t, uint32_t *);
    void (*let_go)(PointData *, uint32_t);
    uint32_t (*id)(const char *);
    int (*stop)(void);
    const char *(*error)(void);
} api;

static void *library;

static int load(const char *path)
{
#ifdef LOADED
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return printf("load: %s\n", dlerror());
#define FUNCTION(field, name) api.field = (__typeof__(api.field))dlsym(library, name)
    FUNCTION(init, "init_data_sync_service");
    FUNCTION(discover, "start_device_discovery");
    FUNCTION(add, "add_device");
    FUNCTION(points, "get_point_data");
    FUNCTION(let_go, "free_point_data");
    FUNCTION(id, "t3a_device_id");
    FUNCTION(stop, "t3a_stop");
    FUNCTION(error, "t3a_last_error");
#else
    (void)path;
    api.init = init_data_sync_service;
    api.discover = start_device_discovery;
    api.add = add_device;
    api.points = get_point_data;
    api.let_go = free_point_data;
    api.id = t3a_device_id;
    api.stop = t3a_stop;
    api.error = t3a_last_error;
#endif
    return 0;
}

#ifdef EXPORTS
struct __attribute__((packed)) input {
    char description[21], label[9];
    int32_t value;
    uint8_t filter, decom, sub_id, sub_product, control, auto_manual, digital_analog, calibration_sign, sub_number;
    uint8_t calibration_h, calibration_l, range;
};
struct __attribute__((packed)) output {
    char description[19];
    uint8_t low_voltage, high_voltage;
    char label[9];
    int32_t value;
    uint8_t auto_manual, digital_analog, hw_switch_status, control, digital_control, decom, range, sub_id, sub_product, sub_number;
    uint8_t pwm_period;
};
_Static_assert(sizeof(struct input) == 46 && sizeof(struct output) == 45, "as in T3000's ud_str.h");
static struct input inputs[2] = {
    {.description = "Supply air", .label = "SUPPLY", .value = 21500, .digital_analog = 1, .range = 1},
    {.description = "Fan", .label = "FAN", .control = 1, .digital_analog = 0, .range = 1},
};
static struct output outputs[1] = {{.description = "Valve", .label = "VALVE", .value = 75000, .digital_analog = 1, .range = 4}};
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int is_wild;
uint32_t get_input_count(void)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return 2;
}
const struct input *get_input_points(void) { return is_wild ? (const struct input *)0x1234567000 : inputs; }
uint32_t get_output_count(void) { return 1; }
const struct output *get_output_points(void) { return outputs; }
#endif

static int tasks(void)
{
    int found = -2;
    DIR *folder = opendir("/proc/self/task");
    while (readdir(folder))
        found++;
    closedir(folder);
    return found;
}

static void pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Of 10 ms: two minutes, for a busy machine is slow. */
enum { LOOKS = 12000 };

/* A thread that was joined may still be on its last steps in the kernel. */
static int settled_tasks(void)
{
    for (int i = 0; i < LOOKS && tasks() > 1; i++)
        pause_ms(10);
    return tasks();
}

static void say(const char *word, long long result)
{
    printf("%s: %lld %s\n", word, result, api.error());
}

static void wait_for(uint32_t device_id)
{
    for (int i = 0; i < LOOKS; i++) {
        uint32_t count, well = 0;
        PointData *points = api.points(device_id, &count);
        for (uint32_t n = 0; n < count; n++)
            well += points[n].status == T3A_OK;
        if (points == NULL && api.error()[0])
            break;
        api.let_go(points, count);
        if (count && well == count) {
            printf("wait: %u ok\n", count);
            return;
        }
        pause_ms(10);
    }
    printf("wait: failed %s\n", api.error());
}

static void wait_until_unwell(uint32_t device_id)
{
    for (int i = 0; i < LOOKS; i++) {
        uint32_t count, well = 0;
        PointData *points = api.points(device_id, &count);
        for (uint32_t n = 0; n < count; n++)
            well += points[n].status == T3A_OK;
        api.let_go(points, count);
        if (count && well == 0) {
            printf("unwell: %u\n", count);
            return;
        }
        pause_ms(10);
    }
    printf("unwell: failed %s\n", api.error());
}

static void print_points(uint32_t device_id)
{
    uint32_t count;
    PointData *points = api.points(device_id, &count);
    for (uint32_t n = 0; n < count; n++)
        printf("point: %u %u %.3f %u %llu\n", T3A_KIND(points[n].id), T3A_INDEX(points[n].id), points[n].value, points[n].status,
               (unsigned long long)points[n].timestamp);
    printf("points: %u %s %s\n", count, points ? "there" : "NULL", api.error());
    api.let_go(points, count);
}

struct reader {
    pthread_t thread;
    uint32_t device_id;
    int rounds;
    long found;
};

static void *read_often(void *argument)
{
    struct reader *reader = argument;
    for (int i = 0; i < reader->rounds; i++) {
        uint32_t count;
        PointData *points = api.points(reader->device_id, &count);
        reader->found += points != NULL ? count : 0;
        api.let_go(points, count);
    }
    return NULL;
}

static void read_at_once(int many, uint32_t device_id, int rounds)
{
    struct reader readers[64] = {0};
    long found = 0;
    for (int i = 0; i < many; i++) {
        readers[i].device_id = device_id;
        readers[i].rounds = rounds;
        pthread_create(&readers[i].thread, NULL, read_often, &readers[i]);
    }
    for (int i = 0; i < many; i++) {
        pthread_join(readers[i].thread, NULL);
        found += readers[i].found;
    }
    printf("threads: %ld\n", found);
}

static void print_unload(void)
{
    int result = library == NULL ? -1 : dlclose(library);
    printf("unload: %d tasks %d\n", result, settled_tasks());
}

/* How many of the other threads would take a SIGTERM or SIGPIPE. */
static int takers(void)
{
    const unsigned long long both = 1ull << (SIGTERM - 1) | 1ull << (SIGPIPE - 1);
    int found = 0;
    DIR *folder = opendir("/proc/self/task");
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        char line[300];
        unsigned long long blocked;
        FILE *file;
        snprintf(line, sizeof line, "/proc/self/task/%s/status", entry->d_name);
        if (atoi(entry->d_name) == 0 || atoi(entry->d_name) == getpid() || !(file = fopen(line, "r")))
            continue;
        while (fgets(line, sizeof line, file))
            if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
                found += (blocked & both) != both;
        fclose(file);
    }
    closedir(folder);
    return found;
}

static void print_surroundings(void)
{
    char folder[4096];
    sigset_t mask;
    int handlers = 0, blocked = 0;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        sigaction(number, NULL, &action);
        handlers += action.sa_handler != SIG_DFL;
        blocked += sigismember(&mask, number) == 1;
    }
    printf("surroundings: handlers %d blocked %d takers %d locale %s directory %s\n", handlers, blocked, takers(),
           setlocale(LC_ALL, NULL), getcwd(folder, sizeof folder));
}

static void in_a_child(void)
{
    int status;
    pid_t child;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        uint32_t count = 7;
        PointData *points = api.points(1, &count);
        printf("child: %s %u\n", points ? "there" : "NULL", count);
        say("child", api.stop());
        exit(0);
    }
    waitpid(child, &status, 0);
    printf("fork: %d\n", status);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    load(NULL);
    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        if (!strcmp(word, "load"))
            load(argv[++at]);
        else if (!strcmp(word, "unload"))
            print_unload();
        else if (!strcmp(word, "init"))
            say("init", api.init());
        else if (!strcmp(word, "discover"))
            say("discover", api.discover());
        else if (!strcmp(word, "stop"))
            say("stop", api.stop());
        else if (!strcmp(word, "add")) {
            int protocol = atoi(argv[++at]);
            const char *address = argv[++at];
            say("add", api.add(strcmp(address, "NULL") ? address : NULL, protocol));
        } else if (!strcmp(word, "id"))
            say("id", api.id(argv[++at]));
        else if (!strcmp(word, "wait"))
            wait_for((uint32_t)strtoul(argv[++at], NULL, 10));
        else if (!strcmp(word, "unwell"))
            wait_until_unwell((uint32_t)strtoul(argv[++at], NULL, 10));
        else if (!strcmp(word, "points"))
            print_points((uint32_t)strtoul(argv[++at], NULL, 10));
        else if (!strcmp(word, "threads")) {
            int many = atoi(argv[++at]);
            uint32_t device_id = (uint32_t)strtoul(argv[++at], NULL, 10);
            read_at_once(many, device_id, atoi(argv[++at]));
        } else if (!strcmp(word, "lost")) {
            uint32_t count;
            api.points((uint32_t)strtoul(argv[++at], NULL, 10), &count);
            printf("lost: %u\n", count);
        } else if (!strcmp(word, "tasks"))
            printf("tasks: %d\n", settled_tasks());
        else if (!strcmp(word, "surroundings"))
            print_surroundings();
        else if (!strcmp(word, "fork"))
            in_a_child();
        else if (!strcmp(word, "exit"))
            exit(0);
#ifdef EXPORTS
        else if (!strcmp(word, "hang"))
            pthread_mutex_lock(&gate);
        else if (!strcmp(word, "go"))
            pthread_mutex_unlock(&gate);
        else if (!strcmp(word, "wild"))
            is_wild = !is_wild;
#endif
        else {
            printf("not understood: %s\n", word);
            return 2;
        }
    }
    return 0;
}
