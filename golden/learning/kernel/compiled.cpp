// One learning sequence by the rules of docs/reference/arithmetic.md; sizes and formats of the design point are data.
//
// Integers are held exactly in T, float or double, as the numpy kernel holds them; compiled.py picks T by the same
// bounds. Every array of columns has `stride` of them, a multiple of kBlock, and those beyond `columns` hold zeros:
// their sums, codes, states and gradients are zero, and none of them learns. Macros are the constants of spec.
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {

constexpr int kBlock = 16;
constexpr double kHalf = 0.5;

// Names, order and meaning of the fields are those of compiled.py.
template <typename T>
struct Layer {
    int16_t* levels;  // (rows, stride)
    T* matrix;        // (rows, stride), levels over the converter's step
    T* accumulators;  // (rows, stride), χ; null in "direct"
    T* gradient;      // (rows, stride), before any shift
    T* written;       // (stride), 1 where a column is written, else 0
    int64_t rows, columns, stride, tile_rows;
    int64_t first_row;  // what row 0 is among the rows of the hidden layer
    int64_t index;      // of the first column's rounding draws
    double scale;       // of a level in `matrix`
    double rate;        // 2^-shift of the gradient
    int64_t applied, dropped, devices;
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

// sign(h)·min(limit, rs(|h|·factor, shift)), scale = factor·2^-shift.
template <typename T>
inline T word(T state, T scale, T limit) {
    return std::copysign(std::min(rounded(std::fabs(state) * scale), limit), state);
}

template <int Blocks, typename T>
inline void add_blocks(T* sums, const T* words, int64_t step, const T* matrix, int64_t rows, int64_t stride) {
    typedef T Vector __attribute__((vector_size(kBlock * sizeof(T)), aligned(sizeof(T)), may_alias));
    Vector total[Blocks];
    for (int k = 0; k < Blocks; ++k) total[k] = reinterpret_cast<const Vector*>(sums)[k];
    for (int64_t i = 0; i < rows; ++i) {
        const T factor = words[i * step];
        if (factor == 0) continue;
        const Vector* row = reinterpret_cast<const Vector*>(matrix + i * stride);
        for (int k = 0; k < Blocks; ++k) total[k] += factor * row[k];
    }
    for (int k = 0; k < Blocks; ++k) reinterpret_cast<Vector*>(sums)[k] = total[k];
}

// sums (stride) += Σ words[i·step]·matrix[i] over `rows`; sums stay in registers.
template <typename T>
void add_products(T* sums, const T* words, int64_t step, const T* matrix, int64_t rows, int64_t stride) {
    int64_t left = stride;
    for (; left >= 4 * kBlock; left -= 4 * kBlock, sums += 4 * kBlock, matrix += 4 * kBlock)
        add_blocks<4>(sums, words, step, matrix, rows, stride);
    if (left >= 2 * kBlock) {
        add_blocks<2>(sums, words, step, matrix, rows, stride);
        left -= 2 * kBlock, sums += 2 * kBlock, matrix += 2 * kBlock;
    }
    if (left) add_blocks<1>(sums, words, step, matrix, rows, stride);
}

// Codes of a layer, (stride): its row tiles are converted one by one, and their sum is saturated. Rules X3 to X5.
template <typename T>
void convert(const Network<T>& network, const Layer<T>& layer, const T* words, T* codes) {
    const T limit = T(network.adc_limit);
    std::fill_n(codes, layer.stride, T(0));
    T* sums = network.spare;
    for (int64_t first = 0; first < layer.rows; first += layer.tile_rows) {
        const int64_t rows = std::min(layer.tile_rows, layer.rows - first);
        std::fill_n(sums, layer.stride, T(kHalf));
        add_products(sums, words + first, 1, layer.matrix + first * layer.stride, rows, layer.stride);
        for (int64_t j = 0; j < layer.stride; ++j) codes[j] += saturated(std::floor(sums[j]), limit);
    }
    for (int64_t j = 0; j < layer.stride; ++j) codes[j] = saturated(codes[j], limit);
}

// As spec/lib/rng.py draws two words from (seed, purpose, sequence, index, lane); attempt is 0. Rules R1 and R2.
inline void draw_pair(uint32_t seed, uint32_t sequence, uint32_t index, uint32_t lane, uint32_t* low, uint32_t* high) {
    constexpr int kRotations[] = {ROTATIONS};
    const uint32_t key = uint32_t(ROUNDING_PURPOSE) << (LANE_BITS + ATTEMPT_BITS) | lane;
    const uint32_t schedule[] = {seed, key, seed ^ key ^ KEY_PARITY};
    uint32_t x0 = sequence + schedule[0], x1 = index + schedule[1];
#pragma GCC unroll 32
    for (int number = 0; number < ROUNDS; ++number) {
        const int rotation = kRotations[number % 8];
        x0 += x1;
        x1 = (x1 << rotation | x1 >> (32 - rotation)) ^ x0;
        if (number % 4 == 3) {
            const int injection = number / 4 + 1;
            x0 += schedule[injection % 3];
            x1 += schedule[(injection + 1) % 3] + injection;
        }
    }
    *low = x0;
    *high = x1;
}

// Rules P1 to P3.
template <typename T>
void pulse(const Network<T>& network, Layer<T>& layer, int64_t position, int64_t pulses) {
    const int64_t before = layer.levels[position];
    const int64_t after = std::clamp(before + pulses, -network.weight_limit, network.weight_limit);
    const int64_t applied = std::abs(after - before);
    layer.levels[position] = int16_t(after);
    layer.matrix[position] = T(after * layer.scale);
    layer.applied += applied;
    layer.dropped += std::abs(pulses) - applied;
    // A pair that crosses zero writes both of its devices.
    layer.devices += (applied != 0) + (before * after < 0);
}

// Rules L11 to L13; `step` is S.
template <typename T>
void accumulate(const Network<T>& network, Layer<T>& layer, int64_t row, const T* step) {
    const int64_t first = row * layer.stride;
    const T limit = T(network.accumulator_limit), level = T(network.level);
    const T* written = layer.written;
    T* chi = layer.accumulators + first;
    int any = 0;
    for (int64_t j = 0; j < layer.stride; ++j) {
        const T value = saturated(chi[j] - step[j], limit);
        chi[j] = written[j] != 0 ? value : chi[j];
        any |= written[j] != 0 && std::fabs(value) >= level;
    }
    for (int64_t j = 0; any && j < layer.columns; ++j) {
        const int64_t value = int64_t(chi[j]);
        const int64_t count = std::min(std::abs(value) / network.level, network.max_pulses);
        if (written[j] == 0 || !count) continue;
        const int64_t pulses = value < 0 ? -count : count;
        chi[j] -= T(pulses * network.level);
        pulse(network, layer, first + j, pulses);
    }
}

// Rules L11, L14 and L15; rows come one after the other from 0, since a draw serves several.
template <typename T>
void round_at_random(const Network<T>& network, Layer<T>& layer, int64_t row, const T* step, uint32_t number) {
    const T* written = layer.written;
    const int64_t at = layer.first_row + row, slice = at % ROUNDING_SLICES, stride = layer.stride;
    uint32_t *low = network.drawn, *high = low + stride;
    if (slice == 0 || row == 0)
        for (int64_t j = 0; j < stride; ++j)
            draw_pair(uint32_t(network.seed), number, uint32_t(layer.index + j), uint32_t(at / ROUNDING_SLICES),
                      low + j, high + j);
    const uint32_t* drawn = slice * ROUNDING_SLICE_BITS / 32 ? high : low;
    const int shift = slice * ROUNDING_SLICE_BITS % 32;
    const uint32_t mask = uint32_t(network.level - 1);
    const T share = T(1.0 / double(network.level)), most = T(network.max_pulses);
    T* pulses = network.spare;
    int any = 0;
    for (int64_t j = 0; j < stride; ++j) {
        const T random = T(int32_t(drawn[j] >> shift & mask));
        const T count = std::min(std::floor((std::fabs(step[j]) + random) * share), most);
        // A gradient is descended, as χ does by subtracting it.
        pulses[j] = written[j] == 0 ? T(0) : step[j] > 0 ? -count : count;
        any |= pulses[j] != 0;
    }
    for (int64_t j = 0; any && j < layer.columns; ++j)
        if (pulses[j] != 0) pulse(network, layer, row * stride + j, int64_t(pulses[j]));
}

// One row after the other from 0, by a gradient that `network.sums` holds before any shift.
template <typename T>
void write(const Network<T>& network, Layer<T>& layer, int64_t row, uint32_t number, bool watched) {
    T* sums = network.sums;
    if (watched) std::copy_n(sums, layer.stride, layer.gradient + row * layer.stride);
    for (int64_t j = 0; j < layer.stride; ++j) sums[j] = rounded(sums[j] * T(layer.rate));
    if (layer.accumulators)
        accumulate(network, layer, row, sums);
    else
        round_at_random(network, layer, row, sums, number);
}

// Forward pass; words and codes stay for the update. Rules F1 to F7, C1 to C4, O1 and O2.
template <typename T>
void forward(Network<T>& network, const uint8_t* x, int64_t steps) {
    const int64_t units = network.hidden.columns, stride = network.hidden.stride, rows = network.hidden.rows;
    const T limit = T(network.stream_limit), reset = T(network.reset), update = T(network.update);
    T* states = network.states;
    std::fill_n(states, stride, T(0));
    for (int64_t t = 0; t < steps; ++t) {
        T *words = network.words + t * rows, *codes = network.codes + t * stride;
        for (int64_t i = 0; i < network.features; ++i)
            words[i] = network.feature_words[x[t * network.features + i]];
        for (int64_t i = 0; i < units; ++i) words[network.features + i] = word(states[i], reset, limit);
        convert(network, network.hidden, words, codes);
        for (int64_t j = 0; j < stride; ++j)
            states[j] += rounded((network.candidates[int(codes[j]) + int(network.adc_limit)] - states[j]) * update);
    }
    for (int64_t i = 0; i < units; ++i)
        network.readout_words[i] = word(states[i], T(network.readout_scale), limit);
    convert(network, network.readout, network.readout_words, network.scores);
}

// Error, feedback and who learns, `learns` being 1 or 0. Rules L3 and L6.
template <typename T>
void find_errors(Network<T>& network, int64_t label) {
    const int64_t units = network.hidden.columns, stride = network.hidden.stride, classes = network.readout.columns;
    for (int64_t k = 0; k < classes; ++k) {
        const T share = T(ERROR_CENTRE) + rounded(network.scores[k] * T(network.error_scale));
        network.error[k] = std::min(std::max(share, T(0)), T(ERROR_LIMIT)) - (k == label ? T(ERROR_LIMIT) : T(0));
    }
    T *feedback = network.feedback, *learns = network.learns, *sorted = network.sums;
    std::fill_n(feedback, stride, T(0));
    add_products(feedback, network.error, 1, network.feedback_matrix, classes, stride);
    std::fill_n(learns, units, T(1));
    if (network.winners == units) return;
    for (int64_t j = 0; j < units; ++j) sorted[j] = std::fabs(feedback[j]);
    std::nth_element(sorted, sorted + network.winners - 1, sorted + units, [](T a, T b) { return a > b; });
    const T least = sorted[network.winners - 1];
    int64_t ties = network.winners;
    for (int64_t j = 0; j < units; ++j) ties -= std::fabs(feedback[j]) > least;
    for (int64_t j = 0; j < units; ++j) {
        const T size = std::fabs(feedback[j]);
        learns[j] = size > least || (size == least && ties-- > 0);
    }
}

// Rules L5 and L7 to L17; only columns before `until` are written, the readout's counted after the hidden layer's.
template <typename T>
void learn(Network<T>& network, const uint8_t* x, int64_t steps, int64_t label, uint32_t number, int64_t until,
           bool watched) {
    Layer<T>&hidden = network.hidden, &readout = network.readout;
    for (Layer<T>* layer : {&hidden, &readout}) layer->applied = layer->dropped = layer->devices = 0;
    forward(network, x, steps);
    find_errors(network, label);
    for (int64_t t = 0; t < steps; ++t)
        for (int64_t j = 0; j < hidden.stride; ++j) {
            const int64_t position = t * hidden.stride + j;
            const T derivative = network.derivatives[int(network.codes[position]) + int(network.adc_limit)];
            network.deltas[position] = rounded(network.feedback[j] * derivative * T(network.derivative_scale));
        }
    std::copy_n(network.learns, hidden.stride, hidden.written);
    for (int64_t j = std::min(until, hidden.columns); j < hidden.columns; ++j) hidden.written[j] = 0;
    for (int64_t k = 0; k < readout.columns; ++k) readout.written[k] = k < until - hidden.columns;
    for (int64_t i = 0; i < hidden.rows; ++i) {
        std::fill_n(network.sums, hidden.stride, T(0));
        add_products(network.sums, network.words + i, hidden.rows, network.deltas, steps, hidden.stride);
        write(network, hidden, i, number, watched);
    }
    for (int64_t i = 0; i < readout.rows; ++i) {
        for (int64_t k = 0; k < readout.stride; ++k) network.sums[k] = network.readout_words[i] * network.error[k];
        write(network, readout, i, number, watched);
    }
}

}  // namespace

extern "C" {

int64_t remora_network_bytes() { return sizeof(Network<float>); }

void remora_learn_float(Network<float>* network, const uint8_t* x, int64_t steps, int64_t label, uint32_t number,
                        int64_t until, int64_t watched) {
    learn(*network, x, steps, label, number, until, watched != 0);
}

void remora_learn_double(Network<double>* network, const uint8_t* x, int64_t steps, int64_t label, uint32_t number,
                         int64_t until, int64_t watched) {
    learn(*network, x, steps, label, number, until, watched != 0);
}
}
