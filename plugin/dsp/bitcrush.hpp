// Bit crusher: rounding to a coarser grid, of any number of bits.
#pragma once

#include "effect.hpp"

namespace ifx {

class Bitcrush : public Effect {
public:
    void prepare(double, int channels) override { channels_ = channels; }
    void reset() override {}

    void update(const float* values) override {
        steps_ = std::pow(2.0f, values[kBitcrushBitDepth]);
        step_ = static_cast<float>(1.0 / steps_);
    }

    void process(float* const* audio, int samples) override {
        for (int channel = 0; channel < channels_; ++channel)
            for (int n = 0; n < samples; ++n)
                audio[channel][n] = rounded(audio[channel][n] * steps_) * step_;
    }

private:
    /// To the nearest whole number, halves to the even one. Numbers near 1.5 * 2^23 have no
    /// fractions, so adding that rounds; it is many times quicker than asking the library.
    static float rounded(float value) {
        constexpr float whole = 12582912.0f;
        return std::abs(value) < 4194304.0f ? (value + whole) - whole : std::nearbyint(value);
    }

    int channels_ = kMostChannels;
    float steps_ = 256, step_ = 1.0f / 256;
};

}  // namespace ifx
