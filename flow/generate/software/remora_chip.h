/* How a driver of Remora reaches its chip, in C99, whatever kind of accelerator it is.
 *
 * The driver reaches the chip through four functions that its user gives. It allocates nothing and keeps nothing but
 * what stands in struct remora. Functions return REMORA_OK or the first thing that went wrong.
 */
#ifndef REMORA_CHIP_H
#define REMORA_CHIP_H

#include <stddef.h>
#include <stdint.h>

#include "remora_registers.h"

#ifdef __cplusplus
extern "C" {
#endif

enum remora_result {
    REMORA_OK = 0,
    REMORA_BUS = 1,          /* the bus refused an access, or a stream ended too early */
    REMORA_OTHER_CHIP = 2,   /* ID, major version or hash are not those of the design point */
    REMORA_TIMEOUT = 3,      /* a status bit did not come within remora.polls reads */
    REMORA_NOT_HELD = 4,     /* a weight or a code that was asked for is not held */
    REMORA_ARGUMENT = 5,     /* an argument is out of range, or a checkpoint is of another design point */
    REMORA_UNFINISHED = 6,   /* an update was cut short: no state between sequences */
    REMORA_UNSUPPORTED = 7,  /* the design point lacks it, or holds what the driver does not save */
    REMORA_RUNNING = 8       /* the core is not halted */
};

/* How the chip is reached. Each function returns 0 where the access was accepted. */
struct remora_io {
    void *context;                                                      /* first argument of each */
    int (*read)(void *context, uint32_t address, uint32_t *value);      /* a register, by its byte address */
    int (*write)(void *context, uint32_t address, uint32_t value);      /* likewise */
    int (*send)(void *context, const uint8_t *bytes, size_t size);      /* a packet, TLAST with its last byte */
    int (*receive)(void *context, uint32_t *words, size_t size);        /* that many beats of an answer */
};

struct remora {
    struct remora_io io;
    uint32_t polls; /* reads of a status register before REMORA_TIMEOUT; remora_open sets 1000000 */
};

/* Compare ID, major version and hash with the design point, halt the core, and end a scan command that was cut short. */
int remora_open(struct remora *chip, const struct remora_io *io);

/* Process what comes in, or finish what is in flight and stop. */
int remora_run(struct remora *chip);
int remora_halt(struct remora *chip);

#ifdef __cplusplus
}
#endif

#endif
