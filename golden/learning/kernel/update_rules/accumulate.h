// "accumulate": gradients gather in χ, and a device is pulsed when |χ| passes a level.
#pragma once

#include "pulses.h"

namespace {

// Rules L12 and L13.
template <typename T>
void accumulate(const Network<T>& network, Layer<T>& layer, int64_t row, T* step, uint32_t) {
    const int64_t first = row * layer.stride;
    const int64_t waits = (row == layer.rows - 1 ? layer.bias_zone : layer.zone) - 1;
    const T limit = T(network.accumulator_limit), due = T(network.level * (waits + 1));
    const T* written = layer.written;
    T* chi = layer.accumulators + first;
    int any = 0;
    for (int64_t j = 0; j < layer.stride; ++j) {
        const T value = saturated(chi[j] - step[j], limit);
        chi[j] = written[j] != 0 ? value : chi[j];
        any |= written[j] != 0 && std::fabs(value) >= due;
    }
    for (int64_t j = 0; any && j < layer.columns; ++j) {
        const int64_t value = int64_t(chi[j]);
        const int64_t count = std::min(std::abs(value) / network.level - waits, network.max_pulses);
        if (written[j] == 0 || count <= 0) continue;
        const int64_t pulses = value < 0 ? -count : count;
        chi[j] -= T(pulses * network.level);
        pulse(network, layer, first + j, pulses);
    }
}

}  // namespace
