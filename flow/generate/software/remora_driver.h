/* Driver of a Remora crossbar accelerator, in C99, for one design point: remora_design.h has its sizes.
 *
 * The driver reaches the chip through four functions that its user gives. It allocates nothing and keeps nothing but
 * what stands in struct remora. Functions return REMORA_OK or the first thing that went wrong.
 */
#ifndef REMORA_DRIVER_H
#define REMORA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "remora_design.h"
#include "remora_packets.h"
#include "remora_registers.h"

#ifdef __cplusplus
extern "C" {
#endif

enum remora_result {
    REMORA_OK = 0,
    REMORA_BUS = 1,          /* the bus refused an access, or a stream ended too early */
    REMORA_OTHER_CHIP = 2,   /* ID, major version or hash are not those of the design point */
    REMORA_TIMEOUT = 3,      /* a status bit did not come within remora.polls reads */
    REMORA_NOT_HELD = 4,     /* a device does not hold the weight that was asked for */
    REMORA_ARGUMENT = 5,     /* an argument is out of range, or a checkpoint is of another design point */
    REMORA_UNFINISHED = 6,   /* an update was cut short: no state between sequences */
    REMORA_UNSUPPORTED = 7   /* the design point lacks it, or holds what the driver does not save */
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

/* Weights in levels, a row of a layer after the other. Rows of the hidden layer are features, states, and a bias where
 * biases are devices; rows of the readout are states, and a bias likewise. */
struct remora_weights {
    int8_t hidden[REMORA_HIDDEN_ROWS][REMORA_HIDDEN];
    int8_t readout[REMORA_READOUT_ROWS][REMORA_CLASSES];
#ifdef REMORA__CELL_LOW__VALUE_bm
    int32_t thresholds[REMORA_HIDDEN][2]; /* low and high, in whole levels */
#endif
};

struct remora_answer {
    uint8_t tag;
    uint8_t flags;
    uint16_t decision;              /* the class */
    int32_t scores[REMORA_CLASSES];
};

/* Compare ID, major version and hash with the design point, and halt the core. */
int remora_open(struct remora *chip, const struct remora_io *io);

/* Process sequences, or finish those in flight and stop. Weights, settings and checkpoints need the core halted. */
int remora_run(struct remora *chip);
int remora_halt(struct remora *chip);

/* Program every device, and read every device back. */
int remora_load_weights(struct remora *chip, const struct remora_weights *weights);
int remora_read_weights(struct remora *chip, struct remora_weights *weights);

/* Send one sequence of steps * REMORA_FEATURES bytes and wait for its answer, the last part of it where the design
 * answers every step. remora_learn also learns from it, by its label; answer may be NULL: then none is asked for. */
int remora_infer(struct remora *chip, const uint8_t *features, size_t steps, uint8_t tag, struct remora_answer *answer);
int remora_learn(struct remora *chip, const uint8_t *features, size_t steps, uint8_t tag, uint16_t label,
                 struct remora_answer *answer);

/* All that the chip has learnt, REMORA_CHECKPOINT_WORDS words at most: weights, accumulators, reservoir, fault map,
 * counts and settings. remora_save halts the core and says in *size how many words it wrote. A chip that was restored
 * goes on as the one that was saved would have. Spare columns and corrections of columns are not among it: both return
 * REMORA_UNSUPPORTED where the design point has them. */
int remora_save(struct remora *chip, uint32_t *words, size_t *size);
int remora_restore(struct remora *chip, const uint32_t *words, size_t size);

#ifdef __cplusplus
}
#endif

#endif
