// "direct": steps are rounded stochastically to whole pulses.
#pragma once

#include "pulses.h"

namespace {

// Rules L14 and L15; a draw serves several rows.
template <typename T>
void direct(const Network<T>& network, Layer<T>& layer, int64_t row, T* step, uint32_t number) {
    const T* written = layer.written;
    const int64_t at = layer.first_row + row, slice = at % ROUNDING_SLICES, stride = layer.stride;
    uint32_t *low = network.drawn, *high = low + stride;
    if (slice == 0 || row == 0)
        for (int64_t j = 0; j < stride; ++j)
            draw_pair(uint32_t(network.seed), ROUNDING_PURPOSE, number, uint32_t(layer.index + j),
                      uint32_t(at / ROUNDING_SLICES), low + j, high + j);
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

}  // namespace
