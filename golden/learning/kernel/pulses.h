// Pulses of a weight, by the rules of docs/reference/arithmetic.md.
#pragma once

#include "network.h"
#include "verify.h"

namespace {

// The pulses of a weight one after the other, by its sense flags; of its devices, bit 0 is g+, those in `seen` were
// pulsed before. Rules D12, D14, D22, P3 and P4.
template <typename T>
void pulse_pair(const PairPolicy& policy, Layer<T>& layer, int64_t row, int64_t column, int64_t pulses, int64_t& seen) {
    Devices& devices = *layer.devices;
    const int64_t pair = row * layer.columns + column, side = layer.rows * layer.columns;
    const int64_t rest = devices.rest + (devices.level >> 1), full = devices.sensed_full - (devices.level >> 1);
    const int64_t bitline =
        devices.bitlines ? devices.bitlines[row / layer.tile_rows * layer.stride + column] : column;
    const int64_t number = devices.number | row << 11 | bitline;
    int64_t* g = devices.conductance;
    const bool pos_marked = devices.marked && devices.marked[pair];
    const bool neg_marked = devices.marked && devices.marked[pair + side];
    int64_t reached = 0;
    for (int64_t left = std::abs(pulses); left; --left) {
        const int64_t positive = g[pair], negative = g[pair + side];
        const Choice chosen = policy.choose(pulses > 0, {pos_marked || positive <= rest, pos_marked || positive >= full,
                                                         neg_marked || negative <= rest, neg_marked || negative >= full});
        if (!chosen.lowers && chosen.blocked) {
            layer.dropped += left;  // and so are those that follow, since nothing moves
            break;
        }
        pulse_device(devices, pair + chosen.side * side, uint32_t(number | chosen.side << 23), !chosen.lowers);
        reached |= 1 << chosen.side;
        ++layer.applied;
    }
    if (!reached) return;  // weights stay as they are, which wires may have lowered
    layer.written_devices += (reached & ~seen & 1) + (reached & ~seen) / 2;
    seen |= reached;
    const int64_t plus = g[pair], minus = g[pair + side], position = row * layer.stride + column;
    devices.weights[position] = double(plus - minus) * devices.scale[pair];
    if (devices.variance)
        devices.variance[position] =
            double(round_shift(devices.read_noise * devices.read_noise * (plus * plus + minus * minus), 30));
}

// A digital bias. Rules K5 and K6.
template <typename T>
void pulse_bias(const Network<T>& network, Layer<T>& layer, int64_t position, int64_t pulses) {
    const int64_t before = layer.levels[position], column = position % layer.stride;
    const int64_t after = std::clamp(before + pulses, -network.weight_limit, network.weight_limit);
    const int64_t applied = std::abs(after - before);
    layer.levels[position] = int16_t(after);
    layer.corrections[column] = layer.offsets[column] + rounded(T(after * layer.bias_scale));
    layer.applied += applied;
    layer.dropped += std::abs(pulses) - applied;
    layer.written_devices += kPairs[network.pair].written(before, after);
}

// Rules P1 to P3.
template <typename T>
void pulse_now(const Network<T>& network, Layer<T>& layer, int64_t position, int64_t pulses, int64_t& seen) {
    const PairPolicy& policy = kPairs[network.pair];
    if (layer.digital && position >= (layer.rows - 1) * layer.stride)
        return pulse_bias(network, layer, position, pulses);
    if (layer.devices) return pulse_pair(policy, layer, position / layer.stride, position % layer.stride, pulses, seen);
    const int64_t before = layer.levels[position];
    const int64_t after = std::clamp(before + pulses, -network.weight_limit, network.weight_limit);
    const int64_t applied = std::abs(after - before);
    layer.levels[position] = int16_t(after);
    layer.matrix[position] = T(after * layer.scale);
    layer.applied += applied;
    layer.dropped += std::abs(pulses) - applied;
    layer.written_devices += policy.written(before, after);
}

// The same, or in verified learning what waits for the other pulses of its column.
template <typename T>
void pulse(const Network<T>& network, Layer<T>& layer, int64_t position, int64_t pulses) {
    int64_t seen = 0;
    if (network.verify_reads)
        verified_pulses().emplace_back(position % layer.stride, position / layer.stride, pulses);
    else
        pulse_now(network, layer, position, pulses, seen);
}

}  // namespace
