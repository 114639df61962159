// Verified learning: pulses that an update is due, and what they missed. Rules J1 to J3 of docs/reference/arithmetic.md.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "compiled_devices.h"

namespace {

struct Due {
    int64_t column, row, pulses;
    int64_t next;                      // the pulses that come next, up where positive
    int64_t given = 0, seen = 0;       // pulses given, and devices of the pair that took one
    int64_t applied = 0;               // pulses of the last round that were applied
    int64_t before = 0, change = 0;    // sums of reads
    bool keeps = false;                // nothing returns to its accumulator
    bool still = true, ended = false;  // not moved yet; given up
    bool full = false, blocked = false;  // a code of it was full scale; a pulse of it was dropped
    Due(int64_t column, int64_t row, int64_t pulses) : column(column), row(row), pulses(pulses), next(pulses) {}
    bool operator<(const Due& other) const { return column != other.column ? column < other.column : row < other.row; }
};

inline std::vector<Due>& verified_pulses() {
    thread_local std::vector<Due> due;
    return due;
}

// What the last sequence pulsed and read: six numbers for each row of each round, the columns of the readout after the
// hidden ones: column, row, round, pulses that were due, those that were applied, whether its accumulator is corrected.
inline std::vector<int64_t>& verified_rows() {
    thread_local std::vector<int64_t> rows;
    return rows;
}

// The sum of what a row of a column reads, and whether it reads full scale. Rule J1.
template <typename Network, typename Layer>
int64_t read_sum(const Network& network, Layer& layer, Due& due) {
    if (!layer.devices) {
        const int64_t level = layer.levels[due.row * layer.stride + due.column];
        const int64_t sum = level * (int64_t(1) << network.verify_level_shift);
        due.full |= std::abs(sum) >= network.adc_limit * network.verify_reads;
        return sum;
    }
    const int64_t pair = due.row * layer.columns + due.column, side = layer.rows * layer.columns;
    return read_row(*layer.devices, pair, due.column, layer.columns, side, due.row / layer.tile_rows,
                    network.verify_reads, network.adc_limit, due.full);
}

// Pulses of rows of one column and row tile, until all have moved or are given up. Rules J1 and J2.
template <typename Network, typename Layer, typename Pulse>
void verify_rows(const Network& network, Layer& layer, Due* first, Due* end, Pulse pulse, int64_t first_column) {
    int64_t round = 0;
    for (Due* due = first; due < end; ++due) due->before = read_sum(network, layer, *due);
    for (bool again = true; again; ++round) {
        for (Due* due = first; due < end; ++due) {
            if (!due->still) continue;
            const auto dropped = layer.dropped, applied = layer.applied;
            pulse(network, layer, due->row * layer.stride + due->column, due->next, due->seen);
            due->blocked |= layer.dropped != dropped;
            due->applied = layer.applied - applied;
        }
        again = false;
        for (Due* due = first; due < end; ++due) {
            if (!due->still) continue;
            const int64_t pulses = std::abs(due->next);
            due->given += pulses;
            due->next = due->pulses < 0 ? -1 : 1;
            due->change = read_sum(network, layer, *due) - due->before;
            const bool rests = !due->full && std::abs(due->change) * 4 < int64_t(1) << network.verify_level_shift;
            due->ended = rests && !due->blocked && due->given >= network.verify_give_up;
            due->still = rests && !due->blocked && !due->ended;
            due->keeps = due->full || rests;
            verified_rows().insert(verified_rows().end(), {first_column + due->column, due->row, round, pulses,
                                                           due->applied, int64_t(!due->keeps)});
            again |= due->still;
        }
    }
}

// The pulses that are due in a layer, column by column from the first, and in each row tile by row tile. Rules J1 to J3.
template <typename Network, typename Layer, typename Pulse>
void verify(const Network& network, Layer& layer, Pulse pulse, int64_t first_column) {
    std::vector<Due>& all = verified_pulses();
    std::sort(all.begin(), all.end());
    for (size_t first = 0, end = 0; first < all.size(); first = end) {
        while (end < all.size() && all[end].column == all[first].column &&
               all[end].row / layer.tile_rows == all[first].row / layer.tile_rows)
            ++end;
        verify_rows(network, layer, all.data() + first, all.data() + end, pulse, first_column);
    }
    const int shift = int(network.verify_level_shift) + VERIFY_FEEDBACK_SHIFT;
    for (const Due& due : all) {
        layer.given_up += due.ended;
        if (due.keeps) continue;
        const int64_t wanted = due.pulses * (int64_t(1) << network.verify_level_shift);
        const int64_t more = round_shift((wanted - due.change) * network.level * network.verify_feedback, shift);
        auto& chi = layer.accumulators[due.row * layer.stride + due.column];
        const int64_t limit = network.accumulator_limit;
        chi = std::min(limit, std::max(-limit, int64_t(chi) + more));
    }
    all.clear();
}

}  // namespace
