// Six-band equalizer: R. Bristow-Johnson's shelves and peaks (Audio EQ Cookbook), in series.
#pragma once

#include <algorithm>

#include "effect.hpp"

namespace ifx {

class Eq : public Effect {
public:
    void prepare(double rate, int channels) override {
        rate_ = rate;
        channels_ = channels;
        reset();
    }

    void reset() override {
        for (auto& band : memory_)
            for (auto& channel : band) channel = {};
    }

    void update(const float* values) override {
        for (int band = 0; band < kBands; ++band) {
            const float* of_band = values + kEqLowShelfGainDb + 3 * band;
            const Kind kind = band == 0 ? kLow : band == kBands - 1 ? kHigh : kPeak;
            sections_[band] = section(kind, of_band[0], of_band[1], of_band[2]);
        }
    }

    void process(float* const* audio, int samples) override {
        for (int band = 0; band < kBands; ++band) {
            const Section s = sections_[band];
            for (int channel = 0; channel < channels_; ++channel) {
                Memory m = memory_[band][channel];
                float* x = audio[channel];
                for (int n = 0; n < samples; ++n) {
                    const float in = x[n];
                    const float out = in * s.b0 + m.one;
                    m.one = in * s.b1 - out * s.a1 + m.two;
                    m.two = in * s.b2 - out * s.a2;
                    x[n] = out;
                }
                memory_[band][channel] = m;
            }
        }
    }

private:
    static constexpr int kBands = 6;
    static_assert(kEqHighShelfQFactor - kEqLowShelfGainDb == 3 * kBands - 1,
                  "each band has a gain, a frequency and a Q, in this order");
    enum Kind { kLow, kPeak, kHigh };
    struct Section { float b0 = 1, b1 = 0, b2 = 0, a1 = 0, a2 = 0; };
    struct Memory { float one = 0, two = 0; };

    Section section(Kind kind, float gain_db, float frequency, float q) const {
        // Filters need their frequency below Nyquist.
        const float cutoff = static_cast<float>(std::min(double(frequency), 0.49 * rate_));
        const float a = std::sqrt(decibels(gain_db));
        const float omega = 2.0f * kPi * cutoff / static_cast<float>(rate_);
        const float cosine = std::cos(omega), sine = std::sin(omega);
        float b0, b1, b2, a0, a1, a2;
        if (kind == kPeak) {
            const float alpha = sine / (q * 2.0f);
            b0 = 1.0f + alpha * a;
            b1 = a1 = -2.0f * cosine;
            b2 = 1.0f - alpha * a;
            a0 = 1.0f + alpha / a;
            a2 = 1.0f - alpha / a;
        } else {
            const float plus = a + 1.0f, minus = a - 1.0f;
            const float beta = sine * std::sqrt(a) / q;
            const float tilt = minus * cosine;
            const float sign = kind == kLow ? 1.0f : -1.0f;
            b0 = a * (plus - sign * tilt + beta);
            b1 = a * sign * 2.0f * (minus - sign * plus * cosine);
            b2 = a * (plus - sign * tilt - beta);
            a0 = plus + sign * tilt + beta;
            a1 = -sign * 2.0f * (minus + sign * plus * cosine);
            a2 = plus + sign * tilt - beta;
        }
        const float scale = 1.0f / a0;
        return {b0 * scale, b1 * scale, b2 * scale, a1 * scale, a2 * scale};
    }

    double rate_ = 48000;
    int channels_ = kMostChannels;
    Section sections_[kBands];
    Memory memory_[kBands][kMostChannels];
};

}  // namespace ifx
