// Random words and real devices, one at a time, by the rules of docs/reference/arithmetic.md.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {

// Real devices of a layer, rules D1 to D25, P4 and J1; conductances in grains. Of fields, as below: (2, rows, columns), g+ first.
struct Devices {
    int64_t *p, *n, *t, *s, *conductance;
    const int64_t *low, *high, *up, *down, *endurance;
    const int64_t *raise_steps, *lower_steps, *write_noise;  // knots
    const double* scale;              // (rows, columns), of a grain in `weights`
    double* weights;                  // (rows, stride), what pairs conduct, scaled
    double* variance;                 // (rows, stride); null where devices are not noisy
    const double *counted, *squares;  // (row tiles, words), by a word less the lowest; rules D15 and D16
    const double *gain, *constant;    // (row tiles, stride), of sums in grains; rule D18
    const double* start;              // (row tiles, stride), of a sum
    const double* unit;               // (row tiles, stride), of noise; null without noise
    const double* entries;            // (256); rule D16
    double *spare, *sums, *power, *noise;  // (rows), then (stride) each
    uint32_t* drawn;                  // (2, groups)
    const int64_t* bitlines;          // (row tiles, stride), by which columns draw; null: each by its own number; rule Y4
    const uint8_t* marked;            // (2, rows, columns), by the fault map; null without one; rule P4
    const int64_t *read_words;        // (row tiles), what the driven row of a read counts as; rule J1
    const int64_t *converter_gains, *converter_offsets;  // (row tiles, columns); rule D18
    int64_t started, lane;            // of the sequence's draws; rule D17
    int64_t groups, bitline_stride;   // groups of eight bitlines that draw noise, in whole vectors; of `bitlines`
    int64_t words, number, seed, rest, full, sensed_full, level, limit, cycle_noise, cycle_range, read_noise;
    int64_t staged;                   // sums are rounded to grains before their noise
    int64_t writes_noisily;
    int64_t probes, code_shift;       // samples so far that belong to no sequence, rule D17; F of rule D18
    double converter_noise;
};

// As spec/lib/rng.py draws two words from (seed, purpose, sequence, index, lane); attempt is 0. Rules R1 and R2.
inline void draw_pair(uint32_t seed, uint32_t purpose, uint32_t sequence, uint32_t index, uint32_t lane, uint32_t* low,
                      uint32_t* high) {
    constexpr int kRotations[] = {ROTATIONS};
    const uint32_t key = purpose << (LANE_BITS + ATTEMPT_BITS) | lane;
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

// rs of rule N2, of a shift above 0.
inline int64_t round_shift(int64_t value, int shift) { return (value + (int64_t(1) << (shift - 1))) >> shift; }

// Rule R5.
inline int64_t normal(uint32_t word, int64_t amplitude) {
    const int64_t total = (word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24);
    return round_shift((total - NORMAL_CENTRE) * (amplitude * NORMAL_FACTOR), NORMAL_SHIFT);
}

// A table where a conductance lies between two others. Rule D3.
inline int64_t value_at(const int64_t* knots, int64_t conductance, int64_t low, int64_t high) {
    const int64_t reciprocal = (int64_t(1) << 28) / std::max(int64_t(1), high - low);
    const int64_t x = std::min(int64_t(4096), ((std::max(conductance, low) - low) * reciprocal) >> 16);
    const int64_t k = std::min(int64_t(15), x >> 8);
    return knots[k] + round_shift((knots[k + 1] - knots[k]) * (x - (k << 8)), 8);
}

// One pulse of a device at flat index k; no time has passed since, so it conducts what it shows. Rules D6 and D7.
void pulse_device(Devices& devices, int64_t k, uint32_t number, bool upwards) {
    const int64_t low = devices.low[k], high = devices.high[k], before = devices.p[k], n = devices.n[k];
    const int64_t gain = upwards ? devices.up[k] : devices.down[k];
    const int64_t* knots = upwards ? devices.raise_steps : devices.lower_steps;
    int64_t step = round_shift(value_at(knots, before, low, high) * gain, 12);
    uint32_t first, second;
    if (devices.cycle_noise || devices.cycle_range) {
        draw_pair(uint32_t(devices.seed), PULSE_PURPOSE, uint32_t(n), number, 0, &first, &second);
        step += normal(first, round_shift(step * devices.cycle_noise, 12)) + normal(second, devices.cycle_range);
    }
    if (n < devices.endurance[k])
        devices.p[k] = std::min(high, std::max(low, upwards ? before + step : before - step));
    devices.n[k] = std::min((int64_t(1) << 32) - 1, n + 1);
    devices.t[k] = devices.s[k] = 0;
    int64_t error = 0;
    if (devices.writes_noisily) {
        draw_pair(uint32_t(devices.seed), WRITE_PURPOSE, uint32_t(devices.n[k]), number, 0, &first, &second);
        error = normal(first, value_at(devices.write_noise, devices.p[k], 0, devices.full));
    }
    devices.conductance[k] = std::min(devices.limit, std::max(int64_t(0), devices.p[k] + error));
}

// The sum of codes of one driven row of a column, read so often. Rules J1, W3, D14 to D18 and Y4.
int64_t read_row(Devices& devices, int64_t pair, int64_t column, int64_t columns, int64_t side, int64_t tile,
                 int64_t reads, int64_t limit, bool& full) {
    const int64_t plus = devices.conductance[pair], minus = devices.conductance[pair + side];
    const int64_t word = devices.read_words[tile], at = tile * columns + column;
    const int shift = int(devices.code_shift);
    int64_t power = int64_t(devices.converter_noise), total = 0;
    if (devices.read_noise)
        power += round_shift(word * word, 22) *
                 round_shift(devices.read_noise * devices.read_noise * (plus * plus + minus * minus), 30);
    const int64_t sigma = int64_t(std::sqrt(double(power)));
    const int64_t charge = round_shift(word * (plus - minus), 8);
    const int64_t offset = (devices.converter_offsets[at] << shift) >> 4;
    const int64_t bitline = devices.bitlines ? devices.bitlines[tile * devices.bitline_stride + column] : column;
    for (int64_t read = 0; read < reads; ++read, ++devices.probes) {
        int64_t noise = 0;
        if (sigma) {
            uint32_t low, high;
            draw_pair(uint32_t(devices.seed), PROBE_PURPOSE, uint32_t(devices.probes), uint32_t(bitline / 8),
                      uint32_t(devices.lane | tile), &low, &high);
            noise = sigma * int64_t(devices.entries[(bitline & 4 ? high : low) >> 8 * (bitline & 3) & 255]);
        }
        const int64_t sum = ((charge + noise) * (4096 + devices.converter_gains[at]) >> 12) + offset;
        const int64_t code = shift ? round_shift(sum, shift) : sum;
        total += std::min(limit, std::max(-limit, code));
        full |= std::abs(code) >= limit;
    }
    return total;
}

}  // namespace
