// A network as compiled code sees it, and the roundings of docs/reference/arithmetic.md.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "compiled_devices.h"
#include "pairs.h"

namespace {

constexpr double kHalf = 0.5;

// Names, order and meaning of the fields are those of compiled.py and compiled_devices.py.
template <typename T>
struct Layer {
    int16_t* levels;  // (rows, stride)
    T* matrix;        // (rows, stride), levels over the converter's step; of real devices, theirs stand for it
    T* accumulators;  // (rows, stride), χ; null where the rule of the update has none
    T* gradient;      // (rows, stride), before any shift
    T* written;       // (stride), 1 where a column is written, else 0
    T* corrections;     // (stride), codes that are added to the sum of the row tiles; null where there are none
    const T* offsets;   // (stride), those of them that no bias makes
    int64_t rows, columns, stride, tile_rows;
    int64_t first_row;  // what row 0 is among the rows of the hidden layer
    int64_t index;      // of the first column's rounding draws
    int64_t digital;    // biases are digital words, 1 or 0
    double scale;       // of a level in `matrix`
    double bias_scale;  // of a level of a digital bias, in codes
    double rate;        // 2^-shift of the gradient
    double bias_rate;   // of the bias row's
    int64_t bias_zone, zone;  // levels at which χ gives its first pulse: of the bias row, of the others
    double gain;        // of its codes; 1 where they have none
    int64_t applied, dropped, written_devices, given_up;
    Devices* devices;   // null where they are ideal
};

template <typename T>
struct Network {
    Layer<T> hidden, readout;
    const T *feature_words, *candidates, *derivatives;  // by byte, by code, by code
    const T* feedback_matrix;                           // (classes, stride of hidden)
    T *words, *readout_words;                           // (max_steps, rows), (rows); the bias line's are set
    T *codes, *deltas;                                  // (max_steps, stride of hidden)
    T *scores, *error;                                  // (stride of readout)
    T *states, *feedback, *learns;                      // (stride of hidden); 1 where a unit learns, else 0
    T *sums, *spare;                                    // (the wider stride)
    uint32_t* drawn;                                    // (2, the wider stride)
    int64_t features, stream_limit, adc_limit, weight_limit, accumulator_limit, level, max_pulses, winners, seed;
    int64_t pair, rule;  // by the index of the policy and of the rule of the update
    int64_t verify_reads, verify_level_shift, verify_give_up, verify_feedback;  // rules J1 to J3; no reads: none
    double reset, update, readout_scale, error_scale, derivative_scale;
};

template <typename T>
inline T rounded(T scaled) {
    return std::floor(scaled + T(kHalf));
}

template <typename T>
inline T saturated(T value, T limit) {
    return std::min(std::max(value, -limit), limit);
}

// A rule of an update writes a row of a layer: `step` is S of rule L11, (stride), and may be overwritten; columns whose
// `written` is 0 stay as they are. Rows come one after the other from 0. `number` is q.
template <typename T>
using WriteRow = void (*)(const Network<T>& network, Layer<T>& layer, int64_t row, T* step, uint32_t number);

}  // namespace
