/* What the files of the driver share, and nobody else needs. */
#ifndef REMORA_ACCESS_H
#define REMORA_ACCESS_H

#include "remora_chip.h"

#define AT(name) ((uint32_t)offsetof(remora_t, name))
#define MASK(name) REMORA__##name##_bm
#define FIELD(name, value) (((uint32_t)(value) << REMORA__##name##_bp) & REMORA__##name##_bm)
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        int result_ = (call);                                                                                          \
        if (result_ != REMORA_OK) return result_;                                                                      \
    } while (0)

int remora_get(struct remora *chip, uint32_t address, uint32_t *value);
int remora_put(struct remora *chip, uint32_t address, uint32_t value);

/* Read a register again and again, remora.polls times at most, until the bits of the mask are those of value. */
int remora_until(struct remora *chip, uint32_t address, uint32_t mask, uint32_t value);

#endif
