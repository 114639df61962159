/* See remora_chip.h. */
#include "remora_access.h"

int remora_get(struct remora *chip, uint32_t address, uint32_t *value) {
    return chip->io.read(chip->io.context, address, value) ? REMORA_BUS : REMORA_OK;
}

int remora_put(struct remora *chip, uint32_t address, uint32_t value) {
    return chip->io.write(chip->io.context, address, value) ? REMORA_BUS : REMORA_OK;
}

int remora_until(struct remora *chip, uint32_t address, uint32_t mask, uint32_t value) {
    uint32_t found, left;
    for (left = chip->polls; left != 0; --left) {
        TRY(remora_get(chip, address, &found));
        if ((found & mask) == value) return REMORA_OK;
    }
    return REMORA_TIMEOUT;
}

int remora_open(struct remora *chip, const struct remora_io *io) {
    uint32_t id, version, low, high;
    chip->io = *io;
    chip->polls = 1000000;
    TRY(remora_get(chip, AT(ID), &id));
    TRY(remora_get(chip, AT(VERSION), &version));
    TRY(remora_get(chip, AT(HASH_LOW), &low));
    TRY(remora_get(chip, AT(HASH_HIGH), &high));
    if (id != REMORA__ID__MAGIC_reset || low != REMORA__HASH_LOW__HASH_reset ||
        high != REMORA__HASH_HIGH__HASH_reset ||
        (version & MASK(VERSION__MAJOR)) != FIELD(VERSION__MAJOR, REMORA__VERSION__MAJOR_reset))
        return REMORA_OTHER_CHIP;
    TRY(remora_halt(chip));
#ifdef REMORA__STATUS__SCAN_BUSY_bm
    {
        uint32_t status;
        TRY(remora_get(chip, AT(STATUS), &status));
        if (status & MASK(STATUS__SCAN_BUSY)) TRY(remora_put(chip, AT(CONTROL), MASK(CONTROL__SOFT_RESET)));
    }
#endif
    return REMORA_OK;
}

int remora_run(struct remora *chip) { return remora_put(chip, AT(CONTROL), MASK(CONTROL__RUN)); }

int remora_halt(struct remora *chip) {
    TRY(remora_put(chip, AT(CONTROL), 0));
    TRY(remora_until(chip, AT(STATUS), MASK(STATUS__HALTED), MASK(STATUS__HALTED)));
#ifdef REMORA__STATUS__MEMORY_BUSY_bm
    /* After a reset the memories of learning are cleared. */
    TRY(remora_until(chip, AT(STATUS), MASK(STATUS__MEMORY_BUSY), 0));
#endif
    return REMORA_OK;
}
