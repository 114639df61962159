/* A program around the driver: what an integrator's software does, with the chip behind two pipes (tb/cpp/chip.cpp).
 *
 * It reads a folder: weights.bin or restore.bin, and sequences.bin, a record each: kind (0 inferred, 1 learnt and
 * answered, 2 learnt), label, steps, tag, then the features. It writes answers.bin (tag, flags, class, scores),
 * read_back.bin and checkpoint.bin there. The exit status is what the driver returned.
 */
#include "driver_pipes.h"

static int stream_file(struct remora *chip) {
    FILE *input = file("sequences.bin", "rb"), *output = file("answers.bin", "wb");
    uint8_t head[4], features[REMORA_MAX_STEPS * REMORA_FEATURES];
    int result = REMORA_OK;
    if (!input || !output) return REMORA_ARGUMENT;
    while (result == REMORA_OK && fread(head, 1, sizeof head, input) == sizeof head) {
        struct remora_answer answer;
        size_t size = (size_t)head[2] * REMORA_FEATURES;
        memset(&answer, 0, sizeof answer);
        if (size > sizeof features || fread(features, 1, size, input) != size) return REMORA_ARGUMENT;
        if (head[0] == 0)
            result = remora_infer(chip, features, head[2], head[3], &answer);
        else
            result = remora_learn(chip, features, head[2], head[3], head[1], head[0] == 1 ? &answer : NULL);
        if (result == REMORA_OK && head[0] != 2) {
            int32_t words[3];
            words[0] = answer.tag;
            words[1] = answer.flags;
            words[2] = answer.decision;
            fwrite(words, sizeof *words, 3, output);
            fwrite(answer.scores, sizeof *answer.scores, REMORA_CLASSES, output);
        }
    }
    fclose(input);
    fclose(output);
    return result;
}

int main(int argc, char **argv) {
    static uint32_t words[REMORA_CHECKPOINT_WORDS];
    static struct remora_weights weights;
    size_t accesses = 0, size = 0;
    struct remora chip;
    struct remora_io io = piped(&accesses);
    FILE *stored;
    int result;
    if (argc != 2) return 100;
    folder = argv[1];
    if ((result = remora_open(&chip, &io))) return result;
    if ((stored = file("restore.bin", "rb"))) {
        size = fread(words, sizeof *words, REMORA_CHECKPOINT_WORDS, stored);
        result = remora_restore(&chip, words, size);
    } else {
        if (!(stored = file("weights.bin", "rb")) || fread(&weights, sizeof weights, 1, stored) != 1) return 101;
        result = remora_load_weights(&chip, &weights);
    }
    fclose(stored);
    if (result || (result = remora_run(&chip)) || (result = stream_file(&chip))) return result;
    if ((result = remora_save(&chip, words, &size))) return result;
    if (!(stored = file("checkpoint.bin", "wb"))) return 102;
    fwrite(words, sizeof *words, size, stored);
    fclose(stored);
    memset(&weights, 0, sizeof weights);
    if ((result = remora_read_weights(&chip, &weights))) return result;
    if (!(stored = file("read_back.bin", "wb"))) return 103;
    fwrite(&weights, sizeof weights, 1, stored);
    fclose(stored);
    return accesses == 0;
}
