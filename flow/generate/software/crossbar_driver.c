/* See remora_driver.h. What a design point lacks has no register, and is left out by its macro. */
#include "remora_driver.h"

#include <string.h>

#include "remora_access.h"

enum { SLICE_ROWS = 16, WORD_ROWS = 4, SLICE_GROUPS = 4 };

static const struct remora_tile tiles[] = REMORA_TILES;
static const uint32_t settings[] = REMORA_SETTINGS;
static const uint32_t counts[] = REMORA_COUNTS;

/* Registers ------------------------------------------------------------------------------------------------------- */
static int get_all(struct remora *chip, const uint32_t *addresses, size_t count, uint32_t *into) {
    size_t each;
    for (each = 0; each < count; ++each) TRY(remora_get(chip, addresses[each], &into[each]));
    return REMORA_OK;
}

static int put_all(struct remora *chip, const uint32_t *addresses, size_t count, const uint32_t *from) {
    size_t each;
    for (each = 0; each < count; ++each) TRY(remora_put(chip, addresses[each], from[each]));
    return REMORA_OK;
}

/* Weights --------------------------------------------------------------------------------------------------------- */
static int8_t *weight(struct remora_weights *weights, const struct remora_tile *tile, size_t row, size_t column) {
    if (tile->layer == 0) return &weights->hidden[tile->first_row + row][tile->first_column + column];
    return &weights->readout[tile->first_row + row][tile->first_column + column];
}

static int select_slice(struct remora *chip, const struct remora_tile *tile, size_t column, size_t first) {
    TRY(remora_put(chip, AT(WINDOW_SELECT),
            FIELD(WINDOW_SELECT__LAYER, tile->layer) | FIELD(WINDOW_SELECT__SLICE, first / SLICE_ROWS) |
                FIELD(WINDOW_SELECT__TILE, tile->index) | FIELD(WINDOW_SELECT__COLUMN, column)));
    return remora_put(chip, AT(WINDOW_POINTER), 0);
}

static size_t slice_rows(const struct remora_tile *tile, size_t first) {
    return tile->rows - first < SLICE_ROWS ? tile->rows - first : SLICE_ROWS;
}

static int program_slice(struct remora *chip, struct remora_weights *from, const struct remora_tile *tile,
                         size_t column, size_t first) {
    size_t rows = slice_rows(tile, first), row, byte;
    uint32_t status;
    TRY(select_slice(chip, tile, column, first));
    for (row = 0; row < rows; row += WORD_ROWS) {
        uint32_t word = 0;
        for (byte = 0; byte < WORD_ROWS && row + byte < rows; ++byte)
            word |= (uint32_t)(uint8_t)*weight(from, tile, first + row + byte, column) << 8 * byte;
        TRY(remora_put(chip, AT(WINDOW_DATA), word));
    }
    TRY(remora_put(chip, AT(WINDOW_CONTROL), MASK(WINDOW_CONTROL__COMMIT)));
    TRY(remora_until(chip, AT(STATUS), MASK(STATUS__WINDOW_BUSY), 0));
    TRY(remora_get(chip, AT(WINDOW_STATUS), &status));
    return status & MASK(WINDOW_STATUS__MISMATCHES) ? REMORA_NOT_HELD : REMORA_OK;
}

static int read_slice(struct remora *chip, struct remora_weights *into, const struct remora_tile *tile, size_t column,
                      size_t first) {
    size_t rows = slice_rows(tile, first), row, byte;
    uint32_t word;
    TRY(select_slice(chip, tile, column, first));
    TRY(remora_put(chip, AT(WINDOW_CONTROL), MASK(WINDOW_CONTROL__READ)));
    TRY(remora_until(chip, AT(STATUS), MASK(STATUS__WINDOW_BUSY), 0));
    TRY(remora_put(chip, AT(WINDOW_POINTER), 0));
    for (row = 0; row < rows; row += WORD_ROWS) {
        TRY(remora_get(chip, AT(WINDOW_DATA), &word));
        for (byte = 0; byte < WORD_ROWS && row + byte < rows; ++byte) {
            uint8_t value = (uint8_t)(word >> 8 * byte);
            memcpy(weight(into, tile, first + row + byte, column), &value, 1);
        }
    }
    return REMORA_OK;
}

static int each_slice(struct remora *chip, struct remora_weights *weights,
                      int (*act)(struct remora *, struct remora_weights *, const struct remora_tile *, size_t, size_t)) {
    size_t tile, column, first;
    for (tile = 0; tile < sizeof tiles / sizeof *tiles; ++tile)
        for (column = 0; column < tiles[tile].columns; ++column)
            for (first = 0; first < tiles[tile].rows; first += SLICE_ROWS)
                TRY(act(chip, weights, &tiles[tile], column, first));
    return REMORA_OK;
}

int remora_load_weights(struct remora *chip, const struct remora_weights *weights) {
    struct remora_weights held = *weights;
#ifdef REMORA__CELL_LOW__VALUE_bm
    size_t unit;
    TRY(remora_put(chip, AT(CELL_POINTER), 0));
    for (unit = 0; unit < REMORA_HIDDEN; ++unit) {
        TRY(remora_put(chip, AT(CELL_LOW), (uint32_t)weights->thresholds[unit][0]));
        TRY(remora_put(chip, AT(CELL_HIGH), (uint32_t)weights->thresholds[unit][1]));
    }
#endif
    return each_slice(chip, &held, program_slice);
}

int remora_read_weights(struct remora *chip, struct remora_weights *weights) {
#ifdef REMORA__CELL_LOW__VALUE_bm
    size_t unit, which;
    uint32_t value;
    TRY(remora_put(chip, AT(CELL_POINTER), 0));
    for (unit = 0; unit < REMORA_HIDDEN; ++unit)
        for (which = 0; which < 2; ++which) {
            TRY(remora_get(chip, which ? AT(CELL_HIGH) : AT(CELL_LOW), &value));
            memcpy(&weights->thresholds[unit][which], &value, sizeof value);
        }
#endif
    return each_slice(chip, weights, read_slice);
}

/* Sequences ------------------------------------------------------------------------------------------------------- */
static int send_sequence(struct remora *chip, const uint8_t *features, size_t steps, uint32_t header) {
    uint8_t packet[4 + REMORA_MAX_STEPS * REMORA_FEATURES];
    size_t byte;
    if (steps == 0 || steps > REMORA_MAX_STEPS) return REMORA_ARGUMENT;
    for (byte = 0; byte < 4; ++byte) packet[byte] = (uint8_t)(header >> 8 * byte);
    memcpy(packet + 4, features, steps * REMORA_FEATURES);
    return chip->io.send(chip->io.context, packet, 4 + steps * REMORA_FEATURES) ? REMORA_BUS : REMORA_OK;
}

static int receive_answer(struct remora *chip, size_t steps, struct remora_answer *answer) {
    uint32_t words[1 + REMORA_CLASSES];
    size_t parts = REMORA_ANSWERS_EVERY_STEP ? steps : 1;
    for (; parts != 0; --parts)
        if (chip->io.receive(chip->io.context, words, 1 + REMORA_CLASSES)) return REMORA_BUS;
    answer->decision = (uint16_t)REMORA_HEADER_LOW(words[0]);
    answer->flags = (uint8_t)REMORA_HEADER_FLAGS(words[0]);
    answer->tag = (uint8_t)REMORA_HEADER_TAG(words[0]);
    memcpy(answer->scores, words + 1, sizeof answer->scores);
    return REMORA_OK;
}

int remora_infer(struct remora *chip, const uint8_t *features, size_t steps, uint8_t tag,
                 struct remora_answer *answer) {
    TRY(send_sequence(chip, features, steps, REMORA_HEADER(0, REMORA_FLAG_INFER, tag)));
    return receive_answer(chip, steps, answer);
}

int remora_learn(struct remora *chip, const uint8_t *features, size_t steps, uint8_t tag, uint16_t label,
                 struct remora_answer *answer) {
#ifdef REMORA__UPDATES__VALUE_bm
    uint32_t flags = REMORA_FLAG_LEARN | REMORA_FLAG_LABEL_VALID | (answer ? REMORA_FLAG_INFER : 0), before, now, left;
    if (label >= REMORA_CLASSES) return REMORA_ARGUMENT;
    TRY(remora_get(chip, AT(UPDATES), &before));
    TRY(send_sequence(chip, features, steps, REMORA_HEADER(label, flags, tag)));
    if (answer) return receive_answer(chip, steps, answer);
    /* Its update begins: from there on remora_halt waits for its end. */
    for (left = chip->polls; left != 0; --left) {
        TRY(remora_get(chip, AT(UPDATES), &now));
        if (now != before) return REMORA_OK;
    }
    return REMORA_TIMEOUT;
#else
    (void)chip, (void)features, (void)steps, (void)tag, (void)label, (void)answer;
    return REMORA_UNSUPPORTED;
#endif
}

/* Checkpoints: hash, settings, weights, memories of learning, counts ---------------------------------------------- */
#ifdef REMORA__MEMORY_CONTROL__LOAD_bm
static const struct remora_memory memories[] = REMORA_MEMORIES;

static int move_word(struct remora *chip, const struct remora_memory *memory, uint32_t address, uint32_t *into,
                     const uint32_t *from) {
    uint32_t first, group;
    TRY(remora_put(chip, AT(MEMORY_ADDRESS), address));
    for (first = 0; first < memory->groups; first += SLICE_GROUPS) {
        uint32_t last = first + SLICE_GROUPS < memory->groups ? first + SLICE_GROUPS : memory->groups;
        TRY(remora_put(chip, AT(MEMORY_SELECT),
                FIELD(MEMORY_SELECT__MEMORY, memory->number) | FIELD(MEMORY_SELECT__SLICE, first / SLICE_GROUPS)));
        if (into) {
            TRY(remora_put(chip, AT(MEMORY_CONTROL), MASK(MEMORY_CONTROL__LOAD)));
            TRY(remora_until(chip, AT(STATUS), MASK(STATUS__MEMORY_BUSY), 0));
        }
        TRY(remora_put(chip, AT(MEMORY_POINTER), 0));
        for (group = first; group < last; ++group)
            TRY(into ? remora_get(chip, AT(MEMORY_DATA), &into[group]) : remora_put(chip, AT(MEMORY_DATA), from[group]));
        if (!into) {
            TRY(remora_put(chip, AT(MEMORY_CONTROL), MASK(MEMORY_CONTROL__STORE)));
            TRY(remora_until(chip, AT(STATUS), MASK(STATUS__MEMORY_BUSY), 0));
        }
    }
    return REMORA_OK;
}

/* Words of a memory that hold something: of the reservoir those of the slots below FILLED. */
static int used_words(struct remora *chip, const struct remora_memory *memory, uint32_t *used) {
    *used = memory->words;
#ifdef REMORA__FILLED__VALUE_bm
    if (memory->slot_words != 0) {
        TRY(remora_get(chip, AT(FILLED), used));
        *used *= memory->slot_words;
    }
#endif
    (void)chip;
    return REMORA_OK;
}
#endif

static int finished(struct remora *chip) {
    if (!REMORA_CHECKPOINT_IS_WHOLE) return REMORA_UNSUPPORTED;
    TRY(remora_halt(chip));
#ifdef REMORA__LEARN_PROGRESS__UPDATING_bm
    {
        uint32_t progress, wrong = MASK(LEARN_PROGRESS__UPDATING);
#ifdef REMORA__LEARN_PROGRESS__PENDING_bm
        wrong |= MASK(LEARN_PROGRESS__PENDING);
#endif
        TRY(remora_get(chip, AT(LEARN_PROGRESS), &progress));
        if (progress & wrong) return REMORA_UNFINISHED;
    }
#endif
    return REMORA_OK;
}

int remora_save(struct remora *chip, uint32_t *words, size_t *size) {
    struct remora_weights weights;
    size_t at = 2;
    TRY(finished(chip));
    words[0] = REMORA__HASH_LOW__HASH_reset;
    words[1] = REMORA__HASH_HIGH__HASH_reset;
    TRY(get_all(chip, settings, REMORA_SETTINGS_COUNT, &words[at]));
    at += REMORA_SETTINGS_COUNT;
    TRY(get_all(chip, counts, REMORA_COUNTS_COUNT, &words[at]));
    at += REMORA_COUNTS_COUNT;
    memset(&weights, 0, sizeof weights);
    TRY(remora_read_weights(chip, &weights));
    memset(&words[at], 0, REMORA_WEIGHT_WORDS * sizeof *words);
    memcpy(&words[at], &weights, sizeof weights);
    at += REMORA_WEIGHT_WORDS;
#ifdef REMORA__MEMORY_CONTROL__LOAD_bm
    {
        size_t each;
        uint32_t address, used;
        for (each = 0; each < sizeof memories / sizeof *memories; ++each) {
            TRY(used_words(chip, &memories[each], &used));
            for (address = 0; address < used; ++address, at += memories[each].groups)
                TRY(move_word(chip, &memories[each], address, &words[at], NULL));
        }
    }
#endif
    *size = at;
    return REMORA_OK;
}

int remora_restore(struct remora *chip, const uint32_t *words, size_t size) {
    struct remora_weights weights;
    size_t at = 2;
    const uint32_t *counted;
    if (size < 2 + REMORA_SETTINGS_COUNT + REMORA_COUNTS_COUNT + REMORA_WEIGHT_WORDS ||
        words[0] != REMORA__HASH_LOW__HASH_reset || words[1] != REMORA__HASH_HIGH__HASH_reset)
        return REMORA_ARGUMENT;
    if (!REMORA_CHECKPOINT_IS_WHOLE) return REMORA_UNSUPPORTED;
    TRY(remora_halt(chip));
#ifdef REMORA__MEMORY_CONTROL__LOAD_bm
    {
        /* The weight window spares what a fault map marks, and weights are to be as they were. */
        static const uint32_t none[REMORA_MOST_GROUPS];
        size_t each;
        uint32_t address;
        for (each = 0; each < sizeof memories / sizeof *memories; ++each)
            for (address = 0; memories[each].number == REMORA_FAULT_MAP && address < memories[each].words; ++address)
                TRY(move_word(chip, &memories[each], address, NULL, none));
    }
#endif
    TRY(put_all(chip, settings, REMORA_SETTINGS_COUNT, &words[at]));
    at += REMORA_SETTINGS_COUNT;
    counted = &words[at];
    at += REMORA_COUNTS_COUNT;
    memcpy(&weights, &words[at], sizeof weights);
    at += REMORA_WEIGHT_WORDS;
    TRY(remora_load_weights(chip, &weights));
    /* FILLED says for which slots of the reservoir there are words. */
    TRY(put_all(chip, counts, REMORA_COUNTS_COUNT, counted));
#ifdef REMORA__MEMORY_CONTROL__LOAD_bm
    {
        size_t each;
        uint32_t address, used;
        for (each = 0; each < sizeof memories / sizeof *memories; ++each) {
            TRY(used_words(chip, &memories[each], &used));
            if (size - at < (size_t)used * memories[each].groups) return REMORA_ARGUMENT;
            for (address = 0; address < used; ++address, at += memories[each].groups)
                TRY(move_word(chip, &memories[each], address, NULL, &words[at]));
        }
    }
#endif
    return at == size ? REMORA_OK : REMORA_ARGUMENT;
}
