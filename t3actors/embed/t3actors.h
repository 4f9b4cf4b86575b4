/* t3actors inside a C or C++ program: one library, libt3actors.so. See docs/embedding.md.
 *
 * Any thread may call any function, several at once; none of them is for a signal handler. Every call returns within a bound:
 * init_data_sync_service within 150 s (about one second as a rule), t3a_stop within 60 s, start_device_discovery and
 * add_device within 30 s, the others within 5 s.
 */
#ifndef T3ACTORS_H
#define T3ACTORS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The protocols of add_device. */
#define T3A_BACNET 0
#define T3A_MODBUS 1
#define T3A_DIRECT_MEMORY 2

/* PointData.status. Only with T3A_OK is the value live; else it is the last good one, as of its timestamp. */
#define T3A_OK 0
#define T3A_UNKNOWN 1  /* not read since the gateway started */
#define T3A_STALE 2    /* not read for some polls */
#define T3A_FAULT 3    /* the device answers, but not for this point */
#define T3A_DOWN 4     /* the device does not answer */
#define T3A_DISABLED 5 /* switched off, or the point is not in use */

/* PointData.id: which table, and the index in it (from 1 on a Temco panel; docs/embedding.md has the others). */
#define T3A_KIND(id) ((uint32_t)(id) >> 28)
#define T3A_INDEX(id) ((uint32_t)(id) & 0x0fffffffu)
#define T3A_INPUT 0u
#define T3A_OUTPUT 1u
#define T3A_VARIABLE 2u

typedef struct PointData {
    uint32_t id;        /* kind << 28 | index */
    float value;        /* in the point's own unit; NaN: none was ever read, it is a text, or no float can hold it */
    uint8_t status;     /* T3A_OK ... T3A_DISABLED */
    uint64_t timestamp; /* when the value was sampled: Unix UTC, milliseconds */
} PointData;

/* Start the gateway in threads of its own, by the file that the environment variable T3ACTORS_CONFIG names; without one, with
 * all defaults and its data in T3ACTORS_DATA_DIR, or in t3actors-data below the working directory. 0: it polls. -1: it does not;
 * t3a_last_error() says why. Where it runs already nothing happens. */
int init_data_sync_service(void);

/* Look for Temco's BACnet devices from now on, and poll them. 0, or -1. */
int start_device_discovery(void);

/* Poll one more device. protocol 0, BACnet: "IP", "IP:port", either with "/instance"; 1, Modbus: "host", "host:port", either with
 * "/unit"; 2: the memory of this very process, "127.0.0.1". 0: it is polled from now on, answering or not. -1: it is not. */
int add_device(const char *ip_address, int protocol);

/* The points of a device as they stand. device_id: its serial number; or 1, 2, ... in the order of add_device; t3a_device_id
 * gives it. Free them by free_point_data. NULL, and a count of 0, where there are none (the device was not reached yet: then
 * t3a_last_error() is empty) or something is wrong (then it is not). */
PointData *get_point_data(uint32_t device_id, uint32_t *count);

/* Free what get_point_data returned. NULL is allowed. */
void free_point_data(PointData *points, uint32_t count);

/* The device_id of a device, by its address as add_device takes it. 0: there is none; t3a_last_error() says why. */
uint32_t t3a_device_id(const char *ip_address);

/* Stop the gateway in order: what was read is stored. 0; also where none runs. -1: it had not ended within 60 s.
 * Unloading the library and exit() do the same. init_data_sync_service may be called again afterwards. */
int t3a_stop(void);

/* Why this thread's last call failed, in one line of UTF-8; empty where it did not. Valid until this thread's next call. */
const char *t3a_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
