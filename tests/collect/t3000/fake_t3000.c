/* Plays T3000 for the tests: its exported function, as badly behaved as the test's script says.
 *
 * The script lies beside the library: <library>.script. Each line is SELECTOR, a blank, BEHAVIOUR. A selector is "*", or texts that
 * must all stand in the request, joined by "&" (`"action":17&"entryType":1`), or one of the names @load, @list, @memory. Of the
 * lines whose selector is that of the first line that fits, a call takes the next one; the last one is taken for ever. How far
 * each selector has come is kept in files beside the library, so that the next worker goes on where the last one was killed; another
 * script, which is another file, begins anew.
 *
 * Behaviours (those that take a REST go on with it):
 *   answer FILE      the file's text and 0; where it does not fit, the cleared buffer and -1, as T3000 does
 *   return N TEXT    this text and this code
 *   not_ready        T3000's own words and -2
 *   empty            the cleared buffer and 0
 *   untouched N      the buffer as it was, and N
 *   fill             an x in every octet, no NUL, and 0
 *   hang             never comes back
 *   crash            writes to address 0
 *   raise N          gets signal N
 *   exit N           ends the process
 *   close_files      closes every file above stderr, then hangs
 *   garble           writes nonsense to every file above stderr, then hangs
 *   shrink REST      cuts every file above stderr to nothing
 *   leave_child REST starts a process that lives on, and inherits what is open; its number goes to <library>.child
 *   crash_later REST comes back, and crashes as soon as the file <library>.crash is there
 *   chatter REST     prints two megabytes to stdout and to stderr
 *   say TEXT         prints this line to stderr, then crashes
 * and of @memory: counts N N N (whatever lies there), null N (the inputs).
 *
 * Every call is written to <library>.log: "pid begin|end action request".
 * Macros: MEMORY adds the lists of packed structs, taken from <library>.inputs, .outputs, .variables; NO_VARIABLES leaves the last
 * out; NO_CALL leaves out the exported function; LIST adds the list of trend logs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE 4096

static void beside(char *path, const char *suffix) {
    Dl_info info;
    dladdr((void *)beside, &info);
    snprintf(path, LINE, "%s%s", info.dli_fname, suffix);
}

static void in_folder(char *path, const char *name) {
    beside(path, "");
    char *slash = strrchr(path, '/');
    snprintf(slash + 1, LINE - (slash + 1 - path), "%s", name);
}

static char *whole_file(const char *path, size_t *size, struct stat *about) {
    FILE *file = fopen(path, "rb");
    *size = 0;
    if (!file) return NULL;
    fstat(fileno(file), about);
    char *text = malloc(about->st_size + 1);
    *size = fread(text, 1, about->st_size, file);
    text[*size] = 0;
    fclose(file);
    return text;
}

static char *whole(const char *path, size_t *size) {
    struct stat about;
    return whole_file(path, size, &about);
}

__attribute__((unused)) static void note(const char *what, int action, const char *request) {
    char path[LINE], line[2 * LINE];
    beside(path, ".log");
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int size = snprintf(line, sizeof line, "%d %s %d %s\n", getpid(), what, action, request);
    if (write(file, line, size) != size) abort();
    close(file);
}

/* How often this selector of this very file was asked before; counts this time. */
static int asked_before(ino_t script, int selector_no) {
    char suffix[64], path[LINE];
    snprintf(suffix, sizeof suffix, ".count%llu-%d", (unsigned long long)script, selector_no);
    beside(path, suffix);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat about;
    fstat(file, &about);
    if (write(file, ".", 1) != 1) abort();
    close(file);
    return (int)about.st_size;
}

static int fits(const char *selector, const char *name, const char *request) {
    char copy[LINE], *rest = copy, *part;
    if (name[0] == '@') return strcmp(selector, name) == 0;
    if (selector[0] == '@') return 0;
    if (strcmp(selector, "*") == 0) return 1;
    snprintf(copy, sizeof copy, "%s", selector);
    while ((part = strsep(&rest, "&")))
        if (!strstr(request, part)) return 0;
    return 1;
}

/* Finds what to do; gives 0 when the script has nothing for it. */
static int scripted(const char *name, const char *request, char *behaviour) {
    char path[LINE], chosen[LINE] = "";
    size_t size;
    struct stat about;
    int number = 0, chosen_no = -1, place = 0, found = 0;
    beside(path, ".script");
    char *text = whole_file(path, &size, &about), *rest = text, *line;
    if (!text) return 0;
    for (; (line = strsep(&rest, "\n")); number++) {
        char *blank = strchr(line, ' ');
        if (!blank) continue;
        *blank = 0;
        if (chosen_no < 0) {
            if (!fits(line, name, request)) continue;
            snprintf(chosen, sizeof chosen, "%s", line);
            chosen_no = number;
            place = asked_before(about.st_ino, chosen_no);
        } else if (strcmp(line, chosen) != 0) {
            continue;
        }
        if (found++ <= place) snprintf(behaviour, LINE, "%s", blank + 1);
    }
    free(text);
    return found > 0;
}

static void each_file(void (*act)(int)) {
    for (int file = 3; file < 1024; file++)
        if (fcntl(file, F_GETFD) >= 0) act(file);
}
static void close_it(int file) { close(file); }
static void garble_it(int file) {
    char nonsense[256];
    memset(nonsense, 0xC1, sizeof nonsense);
    if (write(file, nonsense, sizeof nonsense) < 0) errno = 0;
}
static void shrink_it(int file) {
    if (ftruncate(file, 0) < 0) errno = 0;
}

static int *volatile nowhere; /* volatile, or the compiler leaves the write out */
static void crash(void) { *nowhere = 1; }
static void *crash_when_told(void *nothing) {
    char path[LINE];
    (void)nothing;
    beside(path, ".crash");
    while (access(path, F_OK) != 0) usleep(5000);
    crash();
    return NULL;
}
static void hang(void) {
    for (;;) pause();
}

static const char *argument(const char *behaviour, const char *word) {
    size_t length = strlen(word);
    if (strncmp(behaviour, word, length) != 0) return NULL;
    if (behaviour[length] == ' ') return behaviour + length + 1;
    return behaviour[length] ? NULL : behaviour + length;
}

static void leave_child(void) {
    char path[LINE];
    pid_t child = fork();
    if (child == 0) hang();
    beside(path, ".child");
    FILE *file = fopen(path, "w");
    fprintf(file, "%d", child);
    fclose(file);
}

static void chatter(void) {
    for (int line = 0; line < 2 * 1024 * 16; line++) {
        printf("a library may print what it likes: {\"type\":\"answered\"}%14d\n", line);
        fprintf(stderr, "and where it likes%46d\n", line);
    }
    fflush(stdout);
}

static void write_text(char *buffer, int length, const char *text) {
    memset(buffer, 0, length);
    snprintf(buffer, length, "%s", text);
}

static int behave(const char *behaviour, char *buffer, int length, int returns_length) {
    const char *rest;
    char path[LINE];
    size_t size;
    if ((rest = argument(behaviour, "answer"))) {
        in_folder(path, rest);
        char *text = whole(path, &size);
        if (!text) abort();
        memset(buffer, 0, length);
        int enough = size < (size_t)(length - 1);
        if (enough) memcpy(buffer, text, size);
        free(text);
        return enough ? (returns_length ? (int)size : 0) : -1;
    }
    if ((rest = argument(behaviour, "return"))) {
        char *text;
        int code = (int)strtol(rest, &text, 10);
        write_text(buffer, length, *text ? text + 1 : "");
        return code;
    }
    if (argument(behaviour, "not_ready")) {
        write_text(buffer, length, "{\"error\":\"MFC application not initialized\"}");
        return returns_length ? -1 : -2;
    }
    if (argument(behaviour, "empty")) return memset(buffer, 0, length), 0;
    if ((rest = argument(behaviour, "untouched"))) return atoi(rest);
    if (argument(behaviour, "fill")) return memset(buffer, 'x', length), 0;
    if (argument(behaviour, "hang")) hang();
    if (argument(behaviour, "crash")) crash();
    if ((rest = argument(behaviour, "raise"))) raise(atoi(rest));
    if ((rest = argument(behaviour, "exit"))) exit(atoi(rest));
    if (argument(behaviour, "close_files")) each_file(close_it), hang();
    if (argument(behaviour, "garble")) each_file(garble_it), hang();
    if ((rest = argument(behaviour, "say"))) fprintf(stderr, "%s\n", rest), crash();
    if ((rest = argument(behaviour, "shrink"))) return each_file(shrink_it), behave(rest, buffer, length, returns_length);
    if ((rest = argument(behaviour, "leave_child"))) return leave_child(), behave(rest, buffer, length, returns_length);
    if ((rest = argument(behaviour, "chatter"))) return chatter(), behave(rest, buffer, length, returns_length);
    if ((rest = argument(behaviour, "crash_later"))) {
        pthread_t thread;
        pthread_create(&thread, NULL, crash_when_told, NULL);
        return behave(rest, buffer, length, returns_length);
    }
    fprintf(stderr, "the script asks for what nobody knows: %s\n", behaviour);
    abort();
}

__attribute__((constructor)) static void load(void) {
    char behaviour[LINE], unread[LINE];
    if (scripted("@load", "", behaviour)) behave(behaviour, unread, sizeof unread, 0);
}

#ifndef NO_CALL
int BacnetWebView_HandleWebViewMsg(int action, char *msg, int length) {
    char behaviour[LINE], request[LINE];
    snprintf(request, sizeof request, "%s", msg);
    note("begin", action, request);
    if (!scripted("", request, behaviour)) abort();
    int code = behave(behaviour, msg, length, 0);
    note("end", action, request);
    return code;
}
#endif

#ifdef LIST
int BacnetWebView_GetTrendlogList(int panel, char *buffer, int length) {
    char behaviour[LINE], request[LINE];
    snprintf(request, sizeof request, "panel %d", panel);
    note("begin", -1, request);
    if (!scripted("@list", request, behaviour)) abort();
    return behave(behaviour, buffer, length, 1);
}
#endif

#ifdef MEMORY
static char *list_of(const char *suffix, size_t *size) {
    char path[LINE];
    beside(path, suffix);
    return whole(path, size);
}

static uint32_t count_of(const char *suffix, int size_of_one, int place) {
    char behaviour[LINE];
    const char *rest;
    size_t size;
    unsigned counts[3] = {0, 0, 0};
    if (scripted("@memory", "", behaviour)) {
        if ((rest = argument(behaviour, "counts"))) {
            sscanf(rest, "%u %u %u", &counts[0], &counts[1], &counts[2]);
            return counts[place];
        }
        if ((rest = argument(behaviour, "null"))) return place == 0 ? (uint32_t)atoi(rest) : 0;
        behave(behaviour, NULL, 0, 0);
    }
    free(list_of(suffix, &size));
    return (uint32_t)(size / size_of_one);
}

uint32_t get_input_count(void) { return count_of(".inputs", 46, 0); }
uint32_t get_output_count(void) { return count_of(".outputs", 45, 1); }
const void *get_input_points(void) {
    size_t size;
    return list_of(".inputs", &size);
}
const void *get_output_points(void) {
    size_t size;
    return list_of(".outputs", &size);
}
#ifndef NO_VARIABLES
uint32_t get_variable_count(void) { return count_of(".variables", 39, 2); }
const void *get_variable_points(void) {
    size_t size;
    return list_of(".variables", &size);
}
#endif
#endif
