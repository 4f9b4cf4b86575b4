/* What libt3actors.so exports: starts Python once, keeps signals and forks out, and hands each call on to exports.py.
 *
 * Compiled by build.py. The other half of the library is made by cffi: the t3a_py_ functions, which are Python's, and where that
 * Python is. They return 1 when all went well, so that a call that never reached Python (cffi answers 0 then) is no success.
 */
#define _GNU_SOURCE
#include <Python.h>

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t3actors.h"

#define EXPORTED __attribute__((visibility("default")))
#define LONGEST_ERROR 2048

/* Of the other half: the interpreter, and what it is to run before anything else. */
extern const char t3a_python[];
extern const char t3a_prepare[];

/* Python's (see exports.py). */
extern int t3a_py_ready(void);
extern int t3a_py_start(const char *config, const char *data_dir);
extern int t3a_py_search(void);
extern int t3a_py_add(const char *address, int protocol);
extern int t3a_py_points(uint32_t device_id, PointData **points, uint32_t *count);
extern int t3a_py_device_id(const char *address, uint32_t *device_id);
extern int t3a_py_stop(int is_unloading);

static __thread char last_error[LONGEST_ERROR];
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
static volatile pid_t started_in; /* the process whose threads Python's are; 0: it was never started */

/* Called by Python too. */
void t3a_say(const char *text);
void t3a_say(const char *text)
{
    snprintf(last_error, sizeof last_error, "%s", text);
}

/* Our threads inherit the mask of the thread that starts them. A signal of the host's must not be handled on them; and Python does
 * not ignore SIGPIPE here, so a lost connection would end the host if it were not blocked. What a fault of the code itself raises
 * stays as it is: a crash handler of the host wants to see it. */
static void block_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGABRT);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

/* Make libpython's symbols global, for Python's own extension modules look for them there, and keep it mapped: where the host loads
 * us by dlopen neither would be so. */
static int pin_python(void)
{
    Dl_info found;
    if (!dladdr((void *)(uintptr_t)&Py_IsInitialized, &found) || found.dli_fname == NULL) {
        t3a_say("libpython cannot be found in this process");
        return 0;
    }
    if (dlopen(found.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE) == NULL) {
        t3a_say(dlerror());
        return 0;
    }
    return 1;
}

/* Python as the venv's own interpreter would start, but isolated: it heeds no variable of the host's environment, installs no signal
 * handler, and leaves the locale and the standard streams as they are. */
static int start_interpreter(void)
{
    PyPreConfig before;
    PyConfig config;
    PyStatus status;
    const char *allocator = getenv("PYTHONMALLOC");

    PyPreConfig_InitIsolatedConfig(&before);
    before.configure_locale = 0;
    before.coerce_c_locale = 0;
    before.utf8_mode = 1;
    if (allocator != NULL && strcmp(allocator, "malloc") == 0)
        before.allocator = PYMEM_ALLOCATOR_MALLOC; /* for valgrind and the address sanitizer */
    status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status)) {
        t3a_say(status.err_msg ? status.err_msg : "Python cannot be started");
        return 0;
    }
    PyConfig_InitIsolatedConfig(&config);
    config.install_signal_handlers = 0;
    config.configure_c_stdio = 0;
    config.parse_argv = 0;
    status = PyConfig_SetBytesString(&config, &config.program_name, t3a_python);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status)) {
        snprintf(last_error, sizeof last_error, "%s cannot be started: %s", t3a_python,
                 status.err_msg ? status.err_msg : "it says no reason");
        return 0;
    }
    PyEval_SaveThread();
    return 1;
}

static void say_python_error(void)
{
    PyObject *kind = NULL, *error = NULL, *trace = NULL, *text;
    const char *octets;
    PyErr_Fetch(&kind, &error, &trace);
    PyErr_NormalizeException(&kind, &error, &trace);
    text = error != NULL ? PyObject_Str(error) : NULL;
    octets = text != NULL ? PyUnicode_AsUTF8(text) : NULL;
    snprintf(last_error, sizeof last_error, "t3actors cannot be imported by %s: %s", t3a_python, octets ? octets : "it says no reason");
    PyErr_Clear();
    Py_XDECREF(text);
    Py_XDECREF(kind);
    Py_XDECREF(error);
    Py_XDECREF(trace);
}

/* The module `signal` takes SIGINT for Python when it is first imported and finds it free, whatever was configured: it is imported
 * here, and SIGINT given back at once. */
static int keep_interrupt(void)
{
    struct sigaction before;
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *module;
    sigaction(SIGINT, NULL, &before);
    module = PyImport_ImportModule("_signal");
    sigaction(SIGINT, &before, NULL);
    if (module == NULL)
        say_python_error();
    Py_XDECREF(module);
    PyGILState_Release(state);
    return module != NULL;
}

/* Import what the other half needs: where that fails, cffi would say so on the host's standard error, and not to the host. */
static int prepare(void)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *names = PyDict_New(), *done = NULL;
    if (names != NULL && PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) == 0)
        done = PyRun_String(t3a_prepare, Py_file_input, names, names);
    if (done == NULL)
        say_python_error();
    Py_XDECREF(done);
    Py_XDECREF(names);
#if PY_VERSION_HEX < 0x030C0000
    /* Until 3.12 cffi takes the version tag of this very type for a lock that nobody else uses (_embedding.h), and does not go on
     * where Python has used it: by now it has. */
    PyType_Modified(&PyCapsule_Type);
#endif
    PyGILState_Release(state);
    return done != NULL;
}

static void unload(void);

static int start_python(void)
{
    int is_started;
    pthread_mutex_lock(&starting);
    is_started = started_in != 0;
    if (!is_started && pin_python() && (Py_IsInitialized() || start_interpreter()) && keep_interrupt() && prepare()
        && t3a_py_ready() == 1) {
        started_in = getpid();
        is_started = 1;
        atexit(unload); /* before what the libraries that Python has loaded by now do at the end */
    }
    pthread_mutex_unlock(&starting);
    return is_started;
}

/* Begin a call: 1 when Python may be entered. Always followed by `leave`. */
static int enter(sigset_t *before, int may_start)
{
    last_error[0] = '\0';
    block_signals(before);
    if (started_in != 0 && started_in != getpid()) {
        t3a_say("this process was forked from one that has started the gateway: its threads are not here. Call exec, or fork first");
        return 0;
    }
    if (started_in == 0 && !may_start) {
        t3a_say("the gateway does not run: call init_data_sync_service first");
        return 0;
    }
    return started_in != 0 || start_python();
}

static void leave(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int result_of(int is_done, const sigset_t *before)
{
    leave(before);
    return is_done == 1 ? 0 : -1;
}

EXPORTED int init_data_sync_service(void)
{
    sigset_t before;
    const char *config = getenv("T3ACTORS_CONFIG"), *data_dir = getenv("T3ACTORS_DATA_DIR");
    return result_of(enter(&before, 1) && t3a_py_start(config ? config : "", data_dir ? data_dir : ""), &before);
}

EXPORTED int start_device_discovery(void)
{
    sigset_t before;
    return result_of(enter(&before, 0) && t3a_py_search(), &before);
}

EXPORTED int add_device(const char *ip_address, int protocol)
{
    sigset_t before;
    return result_of(enter(&before, 0) && t3a_py_add(ip_address, protocol), &before);
}

EXPORTED PointData *get_point_data(uint32_t device_id, uint32_t *count)
{
    sigset_t before;
    PointData *points = NULL;
    uint32_t found = 0;
    if (enter(&before, 0))
        t3a_py_points(device_id, &points, &found);
    leave(&before);
    if (count == NULL) {
        free(points);
        t3a_say("count: saw NULL; allowed: where to put how many there are");
        return NULL;
    }
    *count = found;
    return points;
}

EXPORTED void free_point_data(PointData *points, uint32_t count)
{
    (void)count;
    free(points);
}

EXPORTED uint32_t t3a_device_id(const char *ip_address)
{
    sigset_t before;
    uint32_t device_id = 0;
    if (enter(&before, 0))
        t3a_py_device_id(ip_address, &device_id);
    leave(&before);
    return device_id;
}

EXPORTED int t3a_stop(void)
{
    sigset_t before;
    int is_done = 1;
    if (started_in == 0) {
        last_error[0] = '\0';
        return 0; /* nothing was ever started */
    }
    is_done = enter(&before, 0) && t3a_py_stop(0);
    return result_of(is_done, &before);
}

EXPORTED const char *t3a_last_error(void)
{
    return last_error;
}

/* At dlclose, and when the process ends by exit or by returning from main. */
static void unload(void)
{
    sigset_t before;
    if (started_in == 0 || started_in != getpid() || !Py_IsInitialized())
        return;
    if (enter(&before, 0))
        t3a_py_stop(1);
    leave(&before);
}
