// Policies of pairs, by the rules of docs/reference/arithmetic.md: which device a pulse of a weight reaches.
#pragma once

#include <cstdint>

namespace {

// The sense flags of a pair. Rule D12.
struct Sense {
    bool pos_rest, pos_full, neg_rest, neg_full;
};

// Names and meaning are those of golden/devices/pairs/policy.py.
struct Choice {
    bool lowers, blocked;
    int64_t side;
};

// Rules P1 and D22.
inline Choice choose_canonical(bool raises, const Sense& sense) {
    const bool opposed = raises ? !sense.neg_rest : !sense.pos_rest;
    return {opposed, raises ? sense.pos_full : sense.neg_full, raises == opposed};
}

// A pair that crosses zero writes both of its devices. Rule P3.
inline int64_t written_canonical(int64_t before, int64_t after) { return (before != after) + (before * after < 0); }

// g+ alone moves. Rules P5 and D22.
inline Choice choose_reference(bool raises, const Sense& sense) {
    return {!raises && !sense.pos_rest, !raises || sense.pos_full, 0};
}

inline int64_t written_reference(int64_t before, int64_t after) { return before != after; }

struct PairPolicy {
    Choice (*choose)(bool, const Sense&);
    int64_t (*written)(int64_t, int64_t);
};

// By the index of the policy, as compiled.py counts them.
constexpr PairPolicy kPairs[] = {{choose_canonical, written_canonical}, {choose_reference, written_reference}};

}  // namespace
