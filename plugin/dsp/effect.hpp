// What every effect of the chain offers, and the arithmetic that they share.
//
// Everything is computed in single precision and in Pedalboard's order of operations, so that the
// plugin renders what the session rendered; see README.md for what remains.
#pragma once

#include <cmath>

#include "../generated/parameters.hpp"

namespace ifx {

constexpr float kPi = 3.14159265358979323846f;
constexpr int kMostChannels = 2;
constexpr int kBlock = 64;  // samples that an effect gets at most

/// One effect. Only `prepare` may allocate; the others run in the audio thread.
class Effect {
public:
    virtual ~Effect() = default;

    /// Make room for a sample rate in Hz and one or two channels; ends silent, as `reset` does.
    virtual void prepare(double rate, int channels) = 0;

    /// Forget all sound.
    virtual void reset() = 0;

    /// Take over values, the whole table of kParameters in their units.
    virtual void update(const float* values) = 0;

    /// How many samples after `reset` it does not sound as it should.
    virtual int warm_up() const { return 0; }

    /// Replace `audio[channel][0 … samples - 1]`; at most kBlock samples.
    virtual void process(float* const* audio, int samples) = 0;
};

inline float decibels(float db) { return db > -100.0f ? std::pow(10.0f, db * 0.05f) : 0.0f; }

}  // namespace ifx
