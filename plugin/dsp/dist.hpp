// Distortion: tanh after a gain.
#pragma once

#include "effect.hpp"

namespace ifx {

class Dist : public Effect {
public:
    void prepare(double, int channels) override { channels_ = channels; }
    void reset() override {}
    void update(const float* values) override { gain_ = decibels(values[kDistDriveDb]); }

    void process(float* const* audio, int samples) override {
        for (int channel = 0; channel < channels_; ++channel)
            for (int n = 0; n < samples; ++n)
                audio[channel][n] = std::tanh(gain_ * audio[channel][n]);
    }

private:
    int channels_ = kMostChannels;
    float gain_ = 1;
};

}  // namespace ifx
