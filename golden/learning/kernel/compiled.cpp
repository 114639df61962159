// One learning sequence by the rules of docs/reference/arithmetic.md; sizes and formats of the design point are data.
//
// Integers are held exactly in T, float or double, as the numpy kernel holds them; compiled.py picks T by the same
// bounds. Every array of columns has `stride` of them, a multiple of kBlock, and those beyond `columns` hold zeros:
// their sums, codes, states and gradients are zero, and none of them learns. Macros are the constants of spec.
//
// Rules of an update come in headers of their own, which whoever compiles includes before: UPDATE_RULES lists them.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "network.h"
#include "pulses.h"

namespace {

constexpr int kBlock = 16;
// Bytes of the machine's widest vector: compilers keep a wider one in memory.
#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

// sign(h)·min(limit, rs(|h|·factor, shift)), scale = factor·2^-shift.
template <typename T>
inline T word(T state, T scale, T limit) {
    return std::copysign(std::min(rounded(std::fabs(state) * scale), limit), state);
}

template <int Vectors, typename T>
inline void add_vectors(T* sums, const T* words, int64_t step, const T* matrix, int64_t rows, int64_t stride) {
    typedef T Vector __attribute__((vector_size(kVectorBytes), aligned(sizeof(T)), may_alias));
    Vector total[Vectors];
    for (int k = 0; k < Vectors; ++k) total[k] = reinterpret_cast<const Vector*>(sums)[k];
    for (int64_t i = 0; i < rows; ++i) {
        const T factor = words[i * step];
        if (factor == 0) continue;
        const Vector* row = reinterpret_cast<const Vector*>(matrix + i * stride);
        for (int k = 0; k < Vectors; ++k) total[k] += factor * row[k];
    }
    for (int k = 0; k < Vectors; ++k) reinterpret_cast<Vector*>(sums)[k] = total[k];
}

// sums (stride) += Σ words[i·step]·matrix[i] over `rows`; sums stay in registers.
template <typename T>
void add_products(T* sums, const T* words, int64_t step, const T* matrix, int64_t rows, int64_t stride) {
    constexpr int64_t kLanes = kVectorBytes / sizeof(T);
    int64_t left = stride;
    for (; left >= 8 * kLanes; left -= 8 * kLanes, sums += 8 * kLanes, matrix += 8 * kLanes)
        add_vectors<8>(sums, words, step, matrix, rows, stride);
    for (; left >= 4 * kLanes; left -= 4 * kLanes, sums += 4 * kLanes, matrix += 4 * kLanes)
        add_vectors<4>(sums, words, step, matrix, rows, stride);
    for (; left >= kLanes; left -= kLanes, sums += kLanes, matrix += kLanes)
        add_vectors<1>(sums, words, step, matrix, rows, stride);
}

// Noise entries of a sample of one row tile, in units of its sums. Rules D16, D17 and Y4.
template <typename T>
void draw_noise(const Layer<T>& layer, int64_t tile, int64_t step) {
    const Devices& devices = *layer.devices;
    const uint32_t seed = uint32_t(devices.seed), started = uint32_t(devices.started);
    const uint32_t first = uint32_t(step << 16), lane = uint32_t(devices.lane | tile);
    uint32_t *low = devices.drawn, *high = low + devices.groups;
    for (int64_t group = 0; group < devices.groups; ++group)
        draw_pair(seed, READ_PURPOSE, started, first | uint32_t(group), lane, low + group, high + group);
    // Columns draw by the numbers of the bitlines that serve them.
    const int64_t* bitlines = devices.bitlines ? devices.bitlines + tile * layer.stride : nullptr;
    const double* unit = devices.unit + tile * layer.stride;
    for (int64_t j = 0; j < layer.columns; ++j) {
        const int64_t b = bitlines ? bitlines[j] : j;
        devices.noise[j] = devices.entries[(b & 4 ? high : low)[b / 8] >> 8 * (b & 3) & 255] * unit[j];
    }
}

// As `convert` of ideal devices, with noise and converters, in double. Rules D14 to D18.
template <typename T>
void convert_devices(const Network<T>& network, const Layer<T>& layer, const T* words, T* codes, int64_t step) {
    const Devices& devices = *layer.devices;
    const int64_t stride = layer.stride;
    const T limit = T(network.adc_limit);
    double *sums = devices.sums, *counted = devices.spare, *power = devices.power;
    int64_t tile = 0;
    for (int64_t first = 0; first < layer.rows; first += layer.tile_rows, ++tile) {
        // Nothing drives the row of digital biases.
        const int64_t rows = std::min(layer.tile_rows, layer.rows - layer.digital - first), at = tile * devices.words;
        const int64_t lowest = devices.words / 2;
        for (int64_t i = 0; i < rows; ++i) counted[i] = devices.counted[at + lowest + int64_t(words[first + i])];
        std::copy_n(devices.start + tile * stride, stride, sums);
        add_products(sums, counted, 1, devices.weights + first * stride, rows, stride);
        if (devices.staged)
            for (int64_t j = 0; j < stride; ++j) sums[j] = std::floor(sums[j]);
        if (devices.unit) {
            std::fill_n(power, stride, devices.converter_noise);
            if (devices.variance) {
                for (int64_t i = 0; i < rows; ++i)
                    counted[i] = devices.squares[at + lowest + int64_t(words[first + i])];
                add_products(power, counted, 1, devices.variance + first * stride, rows, stride);
            }
            draw_noise(layer, tile, step);
            const double* noise = devices.noise;
            for (int64_t j = 0; j < stride; ++j) sums[j] += std::floor(std::sqrt(power[j])) * noise[j];
        }
        if (devices.staged)
            for (int64_t j = 0; j < stride; ++j)
                sums[j] = sums[j] * devices.gain[tile * stride + j] + devices.constant[tile * stride + j];
        for (int64_t j = 0; j < layer.columns; ++j) codes[j] += T(saturated(std::floor(sums[j]), double(limit)));
    }
}

// The sum of the row tiles' codes becomes that of the layer. Rules X5 and G2.
template <typename T>
void add_up(const Network<T>& network, const Layer<T>& layer, T* codes) {
    const T limit = T(network.adc_limit), gain = T(layer.gain);
    if (gain != 1)
        for (int64_t j = 0; j < layer.stride; ++j) codes[j] = rounded(codes[j] * gain);
    for (int64_t j = 0; j < layer.stride; ++j) codes[j] = saturated(codes[j], limit);
}

// Codes of a layer, (stride): its row tiles are converted one by one, and added, with the corrections of the columns.
// Rules X3, X4 and K1.
template <typename T>
void convert(const Network<T>& network, const Layer<T>& layer, const T* words, T* codes, int64_t step) {
    const T limit = T(network.adc_limit);
    if (layer.corrections)
        std::copy_n(layer.corrections, layer.stride, codes);
    else
        std::fill_n(codes, layer.stride, T(0));
    if (layer.devices) {
        convert_devices(network, layer, words, codes, step);
        add_up(network, layer, codes);
        return;
    }
    T* sums = network.spare;
    for (int64_t first = 0; first < layer.rows; first += layer.tile_rows) {
        const int64_t rows = std::min(layer.tile_rows, layer.rows - first);
        std::fill_n(sums, layer.stride, T(kHalf));
        add_products(sums, words + first, 1, layer.matrix + first * layer.stride, rows, layer.stride);
        for (int64_t j = 0; j < layer.stride; ++j) codes[j] += saturated(std::floor(sums[j]), limit);
    }
    add_up(network, layer, codes);
}

// One row after the other from 0, by a gradient that `network.sums` holds before any shift.
template <typename T>
void write(const Network<T>& network, Layer<T>& layer, int64_t row, uint32_t number, bool watched) {
    T* sums = network.sums;
    if (watched) std::copy_n(sums, layer.stride, layer.gradient + row * layer.stride);
    const T rate = T(row == layer.rows - 1 ? layer.bias_rate : layer.rate);
    for (int64_t j = 0; j < layer.stride; ++j) sums[j] = rounded(sums[j] * rate);
    constexpr WriteRow<T> kRules[] = {UPDATE_RULES};
    kRules[network.rule](network, layer, row, sums, number);
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
        convert(network, network.hidden, words, codes, t);
        for (int64_t j = 0; j < stride; ++j)
            states[j] += rounded((network.candidates[int(codes[j]) + int(network.adc_limit)] - states[j]) * update);
    }
    for (int64_t i = 0; i < units; ++i)
        network.readout_words[i] = word(states[i], T(network.readout_scale), limit);
    convert(network, network.readout, network.readout_words, network.scores, steps - 1);
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
    for (Layer<T>* layer : {&hidden, &readout}) layer->applied = layer->dropped = layer->written_devices = layer->given_up = 0;
    verified_rows().clear();
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
    verify(network, hidden, pulse_now<T>, 0);
    for (int64_t i = 0; i < readout.rows; ++i) {
        for (int64_t k = 0; k < readout.stride; ++k) network.sums[k] = network.readout_words[i] * network.error[k];
        write(network, readout, i, number, watched);
    }
    verify(network, readout, pulse_now<T>, hidden.columns);
}

}  // namespace

extern "C" {

int64_t remora_network_bytes() { return sizeof(Network<float>); }

int64_t remora_devices_bytes() { return sizeof(Devices); }

int64_t remora_verified(const int64_t** numbers) {
    *numbers = verified_rows().data();
    return int64_t(verified_rows().size());
}

void remora_learn_float(Network<float>* network, const uint8_t* x, int64_t steps, int64_t label, uint32_t number,
                        int64_t until, int64_t watched) {
    learn(*network, x, steps, label, number, until, watched != 0);
}

void remora_learn_double(Network<double>* network, const uint8_t* x, int64_t steps, int64_t label, uint32_t number,
                         int64_t until, int64_t watched) {
    learn(*network, x, steps, label, number, until, watched != 0);
}
}
