// One learning sequence by the rules of spec/learning.py, on the arrays of golden's trainer, in place.
//
// Sizes and formats are macros, given by compiled.py. Integers are held in float exactly, as golden holds them: the
// bounds that make that exact are golden's, and compiled.py takes only design points that keep them in float32.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace {

constexpr int kRows = FEATURES + HIDDEN + 1, kReadoutRows = HIDDEN + 1;

float power(int exponent) { return std::ldexp(1.0f, exponent); }
float rounded(float scaled) { return std::floor(scaled + 0.5f); }
float saturated(float value, float limit) { return std::min(std::max(value, -limit), limit); }

// sign(h)·min(limit, rs(|h|·factor, shift)), scale = factor·2^-shift.
float word(float state, float scale) {
    return std::copysign(std::min(rounded(std::fabs(state) * scale), float(STREAM_LIMIT)), state);
}

// As spec/rng.py draws two words from (seed, purpose, sequence, index, lane); attempt is 0.
void draw_pair(uint32_t seed, uint32_t purpose, uint32_t sequence, uint32_t index, uint32_t lane, uint32_t* words) {
    constexpr int kRotations[] = {ROTATIONS};
    const uint32_t key = purpose << (LANE_BITS + ATTEMPT_BITS) | lane;
    const uint32_t schedule[] = {seed, key, seed ^ key ^ KEY_PARITY};
    uint32_t x0 = sequence + schedule[0], x1 = index + schedule[1];
#pragma GCC unroll 32
    for (int number = 0; number < ROUNDS; ++number) {
        x0 += x1;
        x1 = std::rotl(x1, kRotations[number % 8]) ^ x0;
        if (number % 4 == 3) {
            const int injection = number / 4 + 1;
            x0 += schedule[injection % 3];
            x1 += schedule[(injection + 1) % 3] + injection;
        }
    }
    words[0] = x0;
    words[1] = x1;
}

struct Writes {
    int64_t applied, dropped, devices;
};

// A layer's weights in levels, the same scaled by the converter, and χ (null where there is none).
struct Layer {
    int16_t* levels;
    float* matrix;
    float* values;
    uint32_t seed, index;  // of its first column's rounding draws
    uint32_t sequence;     // the update's number, q
    int first_row;         // what its row 0 is among the rows of the hidden layer
    Writes writes;

    void pulse(int place, int pulses) {
        const int before = levels[place];
        const int after = std::min(std::max(before + pulses, -WEIGHT_LIMIT), WEIGHT_LIMIT);
        const int applied = std::abs(after - before);
        levels[place] = int16_t(after);
        matrix[place] = float(after) * power(-ADC_SHIFT);
        writes.applied += applied;
        writes.dropped += std::abs(pulses) - applied;
        // A pair that crosses zero writes both of its devices.
        writes.devices += (applied != 0) + (before * after < 0);
    }

    // One row after the other from 0: `step` is S; only columns that learn are written.
    template <int Columns>
    void write(int row, const float* step, const uint8_t* learns) {
        const int first = row * Columns;
        int any = 0;
#if DIRECT
        static uint32_t drawn[2][Columns];
        const int lane = (first_row + row) / ROUNDING_SLICES, slice = (first_row + row) % ROUNDING_SLICES;
        const int shift = slice * ROUNDING_SLICE_BITS % 32;
        const uint32_t* random = drawn[slice * ROUNDING_SLICE_BITS / 32];
        for (int j = 0; (slice == 0 || row == 0) && j < Columns; ++j) {
            uint32_t words[2];
            draw_pair(seed, ROUNDING_PURPOSE, sequence, index + j, lane, words);
            drawn[0][j] = words[0];
            drawn[1][j] = words[1];
        }
        int pulses[Columns];
        for (int j = 0; j < Columns; ++j) {
            const int magnitude = int(std::fabs(step[j])) + int(random[j] >> shift & (LEVEL - 1));
            const int count = learns[j] ? std::min(magnitude / LEVEL, MAX_PULSES) : 0;
            pulses[j] = step[j] > 0 ? -count : count;
            any |= count;
        }
        for (int j = 0; any && j < Columns; ++j)
            if (pulses[j]) pulse(first + j, pulses[j]);
#else
        float* chi = values + first;
        for (int j = 0; j < Columns; ++j) {
            const float value = saturated(chi[j] - step[j], float(ACCUMULATOR_LIMIT));
            chi[j] = learns[j] ? value : chi[j];
            any |= learns[j] && std::fabs(value) >= float(LEVEL);
        }
        for (int j = 0; any && j < Columns; ++j) {
            const int value = int(chi[j]), count = std::min(std::abs(value) / LEVEL, MAX_PULSES);
            if (!learns[j] || !count) continue;
            const int pulses = value < 0 ? -count : count;
            chi[j] -= float(pulses * LEVEL);
            pulse(first + j, pulses);
        }
#endif
    }
};

}  // namespace

extern "C" {

// What golden holds, and where results go; the order of fields is that of compiled.py.
struct Arrays {
    int16_t *hidden_levels, *readout_levels;
    float *hidden_matrix, *readout_matrix, *hidden_values, *readout_values;
    const float *words, *candidates, *derivatives, *feedback_matrix;  // by byte, by code, by code, (classes, hidden)
    float *codes, *scores, *error, *feedback;                         // (steps, hidden), (classes), (classes), (hidden)
    int64_t* writes;                                                  // applied, dropped, devices; hidden, readout
    float hidden_scale, readout_scale, derivative_scale, reset, update;
    uint32_t seed;
};

static float inputs[STEPS][FEATURES], words[STEPS][HIDDEN], readout_words[HIDDEN];

// Forward pass, scores and error; codes and words stay for `update`.
void forward(const Arrays* arrays, const uint8_t* x, int steps, int label) {
    float states[HIDDEN] = {};
    for (int t = 0; t < steps; ++t) {
        float sums[HIDDEN];
        const float* bias = arrays->hidden_matrix + (kRows - 1) * HIDDEN;
        for (int j = 0; j < HIDDEN; ++j) sums[j] = float(STREAM_LIMIT) * bias[j];
        for (int i = 0; i < FEATURES; ++i) {
            const float* row = arrays->hidden_matrix + i * HIDDEN;
            const float streamed = inputs[t][i] = arrays->words[x[t * FEATURES + i]];
            if (streamed != 0)
                for (int j = 0; j < HIDDEN; ++j) sums[j] += streamed * row[j];
        }
        for (int i = 0; i < HIDDEN; ++i) {
            const float* row = arrays->hidden_matrix + (FEATURES + i) * HIDDEN;
            const float streamed = words[t][i] = word(states[i], arrays->reset);
            for (int j = 0; j < HIDDEN; ++j) sums[j] += streamed * row[j];
        }
        float* codes = arrays->codes + t * HIDDEN;
        for (int j = 0; j < HIDDEN; ++j) codes[j] = saturated(rounded(sums[j]), ADC_LIMIT);
        for (int j = 0; j < HIDDEN; ++j)
            states[j] += rounded((arrays->candidates[int(codes[j]) + ADC_LIMIT] - states[j]) * arrays->update);
    }
    for (int i = 0; i < HIDDEN; ++i) readout_words[i] = word(states[i], power(-READOUT_WORD_SHIFT));
    float sums[CLASSES];
    for (int k = 0; k < CLASSES; ++k) sums[k] = float(STREAM_LIMIT) * arrays->readout_matrix[HIDDEN * CLASSES + k];
    for (int i = 0; i < HIDDEN; ++i)
        for (int k = 0; k < CLASSES; ++k) sums[k] += readout_words[i] * arrays->readout_matrix[i * CLASSES + k];
    for (int j = 0; j < HIDDEN; ++j) arrays->feedback[j] = 0;
    for (int k = 0; k < CLASSES; ++k) {
        const float score = arrays->scores[k] = saturated(rounded(sums[k]), ADC_LIMIT);
        const float share = ERROR_CENTRE + rounded(score * power(ERROR_SHIFT));
        const float error = std::min(std::max(share, 0.0f), float(ERROR_LIMIT)) - (k == label ? ERROR_LIMIT : 0);
        arrays->error[k] = error;
        for (int j = 0; j < HIDDEN; ++j) arrays->feedback[j] += error * arrays->feedback_matrix[k * HIDDEN + j];
    }
}

// Update number `sequence` of both layers after `forward`; `learns`, (hidden), says which columns of the hidden layer do.
void update(const Arrays* arrays, int steps, const uint8_t* learns, uint32_t sequence) {
    static float deltas[STEPS][HIDDEN];
    for (int t = 0; t < steps; ++t)
        for (int j = 0; j < HIDDEN; ++j) {
            const float derivative = arrays->derivatives[int(arrays->codes[t * HIDDEN + j]) + ADC_LIMIT];
            deltas[t][j] = rounded(arrays->feedback[j] * derivative * arrays->derivative_scale);
        }
    Layer hidden{arrays->hidden_levels, arrays->hidden_matrix, arrays->hidden_values, arrays->seed, HIDDEN_INDEX, sequence,
                 0, {}};
    for (int i = 0; i < kRows; ++i) {
        float step[HIDDEN] = {};
        for (int t = 0; t < steps; ++t) {
            const float streamed = i < FEATURES ? inputs[t][i] : i < kRows - 1 ? words[t][i - FEATURES] : STREAM_LIMIT;
            if (streamed != 0)
                for (int j = 0; j < HIDDEN; ++j) step[j] += streamed * deltas[t][j];
        }
        for (int j = 0; j < HIDDEN; ++j) step[j] = rounded(step[j] * arrays->hidden_scale);
        hidden.write<HIDDEN>(i, step, learns);
    }
    Layer readout{arrays->readout_levels, arrays->readout_matrix, arrays->readout_values, arrays->seed, READOUT_INDEX,
                  sequence, FEATURES, {}};
    uint8_t all[CLASSES];
    std::fill_n(all, CLASSES, 1);
    for (int i = 0; i < kReadoutRows; ++i) {
        float step[CLASSES];
        const float streamed = i < HIDDEN ? readout_words[i] : STREAM_LIMIT;
        for (int k = 0; k < CLASSES; ++k) step[k] = rounded(streamed * arrays->error[k] * arrays->readout_scale);
        readout.write<CLASSES>(i, step, all);
    }
    const Writes both[] = {hidden.writes, readout.writes};
    for (int layer = 0; layer < 2; ++layer) {
        arrays->writes[3 * layer] = both[layer].applied;
        arrays->writes[3 * layer + 1] = both[layer].dropped;
        arrays->writes[3 * layer + 2] = both[layer].devices;
    }
}
}
