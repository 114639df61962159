/* See remora_driver.h. */
#include "remora_driver.h"

#include <string.h>

#include "remora_access.h"

int remora_configure(struct remora *chip, const struct remora_settings *settings) {
    if (settings->frames == 0 || settings->frames > REMORA_MOST_FRAMES || settings->wake_class >= REMORA_CLASSES ||
        settings->threshold > MASK(WAKE_THRESHOLD__VOTES))
        return REMORA_ARGUMENT;
    TRY(remora_put(chip, AT(PACE), settings->period));
    TRY(remora_put(chip, AT(VOTE),
                   FIELD(VOTE__FRAMES, settings->frames) | FIELD(VOTE__SLIDING, settings->sliding != 0) |
                       FIELD(VOTE__WAKE_CLASS, settings->wake_class)));
    TRY(remora_put(chip, AT(WAKE_THRESHOLD), FIELD(WAKE_THRESHOLD__VOTES, settings->threshold)));
    return remora_put(chip, AT(REPORT),
                      FIELD(REPORT__VOTES, settings->report_votes != 0) |
                          FIELD(REPORT__FRAMES, settings->report_frames != 0));
}

/* Codes ----------------------------------------------------------------------------------------------------------- */

/* CRC-32 of IEEE 802.3, bit after bit as they are shifted. */
static uint32_t check_word(const uint32_t *codes) {
    uint32_t check = 0xFFFFFFFFu;
    size_t word;
    int bit;
    for (word = 0; word < REMORA_CHAIN_WORDS; ++word) {
        check ^= codes[word];
        for (bit = 0; bit < 32; ++bit) check = check >> 1 ^ (check & 1 ? 0xEDB88320u : 0);
    }
    return ~check;
}

/* Begin a command; codes to check against, or NULL. */
static int scan(struct remora *chip, uint32_t command, const uint32_t *codes) {
    uint32_t status;
    TRY(remora_get(chip, AT(STATUS), &status));
    if (!(status & MASK(STATUS__HALTED))) return REMORA_RUNNING;
    if (codes) TRY(remora_put(chip, AT(SCAN_CHECK), check_word(codes)));
    return remora_put(chip, AT(SCAN_CONTROL), command);
}

/* SCAN_DATA can be written or read. */
static int ready(struct remora *chip) {
    return remora_until(chip, AT(SCAN_STATUS), MASK(SCAN_STATUS__READY), MASK(SCAN_STATUS__READY));
}

/* Two passes of one cycle a bit end a command; a read takes three cycles or more. */
static int idle(struct remora *chip) {
    uint32_t rounds = 1 + 64 * (uint32_t)REMORA_CHAIN_WORDS / 3 / chip->polls;
    int result = REMORA_TIMEOUT;
    for (; rounds != 0 && result == REMORA_TIMEOUT; --rounds)
        result = remora_until(chip, AT(STATUS), MASK(STATUS__SCAN_BUSY), 0);
    return result;
}

static int scanned(struct remora *chip) {
    const uint32_t wrong =
        MASK(SCAN_STATUS__WRITTEN_WRONG) | MASK(SCAN_STATUS__CHAIN_WRONG) | MASK(SCAN_STATUS__LATCHES_WRONG);
    uint32_t status;
    TRY(idle(chip));
    TRY(remora_get(chip, AT(SCAN_STATUS), &status));
    return status & wrong ? REMORA_NOT_HELD : REMORA_OK;
}

int remora_load_codes(struct remora *chip, const uint32_t *codes) {
    size_t word;
    TRY(scan(chip, MASK(SCAN_CONTROL__LOAD), codes));
    for (word = 0; word < REMORA_CHAIN_WORDS; ++word) {
        TRY(ready(chip));
        TRY(remora_put(chip, AT(SCAN_DATA), codes[word]));
    }
    return scanned(chip);
}

int remora_verify_codes(struct remora *chip, const uint32_t *codes) {
    TRY(scan(chip, MASK(SCAN_CONTROL__VERIFY), codes));
    return scanned(chip);
}

int remora_read_codes(struct remora *chip, uint32_t *codes) {
    size_t word;
    TRY(scan(chip, MASK(SCAN_CONTROL__READ), NULL));
    for (word = 0; word < REMORA_CHAIN_WORDS; ++word) {
        TRY(ready(chip));
        TRY(remora_get(chip, AT(SCAN_DATA), &codes[word]));
    }
    return idle(chip);
}

/* Frames ---------------------------------------------------------------------------------------------------------- */
int remora_send(struct remora *chip, const int16_t *features, uint8_t flags, uint8_t tag) {
    uint8_t packet[4 + 2 * REMORA_FEATURES];
    uint32_t header = REMORA_HEADER(0, flags, tag);
    size_t byte;
    for (byte = 0; byte < 4; ++byte) packet[byte] = (uint8_t)(header >> 8 * byte);
    for (byte = 0; byte < 2 * REMORA_FEATURES; ++byte)
        packet[4 + byte] = (uint8_t)((uint16_t)features[byte / 2] >> 8 * (byte % 2));
    return chip->io.send(chip->io.context, packet, sizeof packet) ? REMORA_BUS : REMORA_OK;
}

int remora_receive(struct remora *chip, struct remora_answer *answer) {
    uint32_t words[1 + REMORA_CLASSES];
    if (chip->io.receive(chip->io.context, words, 1 + REMORA_CLASSES)) return REMORA_BUS;
    answer->decision = (uint16_t)REMORA_HEADER_LOW(words[0]);
    answer->flags = (uint8_t)REMORA_HEADER_FLAGS(words[0]);
    answer->tag = (uint8_t)REMORA_HEADER_TAG(words[0]);
    memcpy(answer->votes, words + 1, sizeof answer->votes);
    return REMORA_OK;
}

int remora_states(struct remora *chip, uint32_t *words) {
    uint32_t word;
    for (word = 0; word < REMORA_STATE_WORDS; ++word) {
        TRY(remora_put(chip, AT(STATE_SELECT), word));
        TRY(remora_get(chip, AT(STATE), &words[word]));
    }
    return REMORA_OK;
}
