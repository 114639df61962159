// "sign": one pulse where the magnitude of S reaches the level, against its sign.
#pragma once

#include "pulses.h"

namespace {

template <typename T>
void sign(const Network<T>& network, Layer<T>& layer, int64_t row, T* step, uint32_t) {
    for (int64_t j = 0; j < layer.columns; ++j)
        if (layer.written[j] != 0 && std::fabs(step[j]) >= T(network.level))
            pulse(network, layer, row * layer.stride + j, step[j] > 0 ? -1 : 1);
}

}  // namespace
