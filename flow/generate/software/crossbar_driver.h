/* Driver of a Remora crossbar accelerator, in C99, for one design point: remora_design.h has its sizes. */
#ifndef REMORA_DRIVER_H
#define REMORA_DRIVER_H

#include "remora_chip.h"
#include "remora_design.h"
#include "remora_packets.h"

#ifdef __cplusplus
extern "C" {
#endif

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

/* Weights, settings and checkpoints need the core halted. */

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
