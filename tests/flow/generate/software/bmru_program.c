/* A program around the driver of a BMRU accelerator: what an integrator's software does.
 *
 * It reads a folder: codes.bin and frames.bin, a record each: flags, tag, answers that follow, 0, then the features. It
 * writes answers.bin (tag, flags, class, votes), read_back.bin (codes) and states.bin there. The exit status is what the
 * driver returned. Settings are its arguments, after the folder: in the order of struct remora_settings.
 */
#include <stdlib.h>

#include "driver_pipes.h"

static int send_file(struct remora *chip) {
    FILE *input = file("frames.bin", "rb"), *output = file("answers.bin", "wb");
    uint8_t head[4];
    int16_t features[REMORA_FEATURES];
    int result = REMORA_OK;
    if (!input || !output) return REMORA_ARGUMENT;
    while (result == REMORA_OK && fread(head, 1, sizeof head, input) == sizeof head) {
        if (fread(features, sizeof *features, REMORA_FEATURES, input) != REMORA_FEATURES) return REMORA_ARGUMENT;
        result = remora_send(chip, features, head[0], head[1]);
        for (; result == REMORA_OK && head[2] != 0; --head[2]) {
            struct remora_answer answer;
            int32_t words[3];
            if ((result = remora_receive(chip, &answer))) break;
            words[0] = answer.tag;
            words[1] = answer.flags;
            words[2] = answer.decision;
            fwrite(words, sizeof *words, 3, output);
            fwrite(answer.votes, sizeof *answer.votes, REMORA_CLASSES, output);
        }
    }
    fclose(input);
    fclose(output);
    return result;
}

static int write_words(const char *name, const uint32_t *words, size_t count) {
    FILE *output = file(name, "wb");
    if (!output) return 1;
    fwrite(words, sizeof *words, count, output);
    return fclose(output);
}

int main(int argc, char **argv) {
    static uint32_t codes[REMORA_CHAIN_WORDS], states[REMORA_STATE_WORDS];
    struct remora_settings settings;
    size_t accesses = 0;
    struct remora chip;
    struct remora_io io = piped(&accesses);
    FILE *stored;
    int result;
    if (argc != 9) return 100;
    folder = argv[1];
    settings.period = (uint32_t)atoi(argv[2]);
    settings.frames = (uint16_t)atoi(argv[3]);
    settings.sliding = (uint8_t)atoi(argv[4]);
    settings.wake_class = (uint8_t)atoi(argv[5]);
    settings.threshold = (uint16_t)atoi(argv[6]);
    settings.report_votes = (uint8_t)atoi(argv[7]);
    settings.report_frames = (uint8_t)atoi(argv[8]);
    if (!(stored = file("codes.bin", "rb")) || fread(codes, sizeof codes, 1, stored) != 1) return 101;
    fclose(stored);
    if ((result = remora_open(&chip, &io)) || (result = remora_configure(&chip, &settings))) return result;
    settings.wake_class = REMORA_CLASSES;
    if (remora_configure(&chip, &settings) != REMORA_ARGUMENT) return 105;
    settings.wake_class = 0;
    settings.frames = REMORA_MOST_FRAMES + 1;
    if (remora_configure(&chip, &settings) != REMORA_ARGUMENT) return 106;
    /* A load that was cut short ends where the chip is opened again. */
    if (bus_write(&accesses, (uint32_t)offsetof(remora_t, SCAN_CONTROL), REMORA__SCAN_CONTROL__LOAD_bm)) return 107;
    if (remora_load_codes(&chip, codes) != REMORA_BUS || (result = remora_open(&chip, &io))) return 108;
    if ((result = remora_load_codes(&chip, codes)) || (result = remora_verify_codes(&chip, codes))) return result;
    if ((result = remora_run(&chip)) || remora_verify_codes(&chip, codes) != REMORA_RUNNING) return 109;
    if ((result = send_file(&chip)) || (result = remora_halt(&chip))) return result;
    if ((result = remora_states(&chip, states))) return result;
    /* A code that is not held is told. */
    codes[0] ^= 1;
    if ((result = remora_verify_codes(&chip, codes)) != REMORA_NOT_HELD) return 102;
    if ((result = remora_read_codes(&chip, codes))) return result;
    if (write_words("read_back.bin", codes, REMORA_CHAIN_WORDS)) return 103;
    if (write_words("states.bin", states, REMORA_STATE_WORDS)) return 104;
    return accesses == 0;
}
