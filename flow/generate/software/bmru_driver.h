/* Driver of a Remora BMRU accelerator, in C99, for one design point: remora_design.h has its sizes. */
#ifndef REMORA_DRIVER_H
#define REMORA_DRIVER_H

#include "remora_chip.h"
#include "remora_design.h"
#include "remora_packets.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How frames are paced, and what is told of them. */
struct remora_settings {
    uint32_t period;       /* cycles from frame to frame; 0: as fast as they come */
    uint16_t frames;       /* of a vote, 1 to REMORA_MOST_FRAMES */
    uint8_t sliding;       /* a vote after each frame, over the last ones; else one a clip */
    uint8_t wake_class;    /* whose votes wake */
    uint16_t threshold;    /* votes of that class that do */
    uint8_t report_votes;  /* an answer for each vote */
    uint8_t report_frames; /* an answer for each frame */
};

struct remora_answer {
    uint8_t tag;                    /* of the frame that made it */
    uint8_t flags;                  /* of REMORA_REPORT */
    uint16_t decision;              /* the class */
    int32_t votes[REMORA_CLASSES];
};

/* The period holds at once, the others from the next clip on. */
int remora_configure(struct remora *chip, const struct remora_settings *settings);

/* Codes are the words of SCAN_DATA, REMORA_CHAIN_WORDS of them, as images/codes.hex has them. Each function needs the
 * core halted. remora_load_codes returns REMORA_NOT_HELD where a check word says that not all have arrived, and
 * remora_verify_codes, which compares the latches with codes without reading them, where they differ: the core takes no
 * frames then until one of the two succeeds. Codes and settings are all that a checkpoint would have, and neither lasts
 * without power. */
int remora_load_codes(struct remora *chip, const uint32_t *codes);
int remora_verify_codes(struct remora *chip, const uint32_t *codes);
int remora_read_codes(struct remora *chip, uint32_t *codes);

/* Send a frame of REMORA_FEATURES features, in steps of the DAC; flags are those of REMORA_FRAME: its clip starts with
 * it, or ends. It makes an answer where frames are reported, and another after a vote; a frame that the core drops makes
 * none. */
int remora_send(struct remora *chip, const int16_t *features, uint8_t flags, uint8_t tag);
int remora_receive(struct remora *chip, struct remora_answer *answer);

/* States of all cells at the last frame, cell 0 of block 0 in the low bit: REMORA_STATE_WORDS words. */
int remora_states(struct remora *chip, uint32_t *words);

#ifdef __cplusplus
}
#endif

#endif
