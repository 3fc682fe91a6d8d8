// Compressor: a peak follower per channel, hard knee.
#pragma once

#include "effect.hpp"

namespace ifx {

class Comp : public Effect {
public:
    void prepare(double rate, int channels) override {
        rate_ = rate;
        channels_ = channels;
        reset();
    }

    void reset() override {
        for (float& envelope : envelopes_) envelope = 0;
    }

    void update(const float* values) override {
        threshold_ = decibels(values[kCompThresholdDb]);
        inverse_ = 1.0f / threshold_;
        slope_ = 1.0f / values[kCompRatio] - 1.0f;
        attack_ = coefficient(values[kCompAttackMs]);
        release_ = coefficient(values[kCompReleaseMs]);
    }

    void process(float* const* audio, int samples) override {
        for (int channel = 0; channel < channels_; ++channel) {
            float envelope = envelopes_[channel];
            float* x = audio[channel];
            for (int n = 0; n < samples; ++n) {
                const float level = std::abs(x[n]);
                envelope = level + (level > envelope ? attack_ : release_) * (envelope - level);
                if (envelope >= threshold_) x[n] *= std::pow(envelope * inverse_, slope_);
            }
            envelopes_[channel] = envelope;
        }
    }

private:
    float coefficient(float milliseconds) const {
        const float factor = static_cast<float>(-2.0 * 3.14159265358979323846 * 1000.0 / rate_);
        return std::exp(factor / milliseconds);
    }

    double rate_ = 48000;
    int channels_ = kMostChannels;
    float threshold_ = 1, inverse_ = 1, slope_ = 0, attack_ = 0, release_ = 0;
    float envelopes_[kMostChannels] = {};
};

}  // namespace ifx
