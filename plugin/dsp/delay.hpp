// Feedback delay of a whole number of samples. Another time is faded to, which makes no click and
// no glide in pitch.
#pragma once

#include <vector>

#include "effect.hpp"

namespace ifx {

class Delay : public Effect {
public:
    void prepare(double rate, int channels) override {
        rate_ = rate;
        channels_ = channels;
        fade_length_ = static_cast<int>(0.02 * rate);
        length_ = samples(kParameters[kDelayDelaySeconds].high) + 1;
        for (int channel = 0; channel < channels; ++channel) lines_[channel].assign(length_, 0.0f);
        reset();
    }

    void reset() override {
        for (int channel = 0; channel < channels_; ++channel)
            std::fill(lines_[channel].begin(), lines_[channel].end(), 0.0f);
        position_ = fade_ = 0;
        fresh_ = true;
    }

    void update(const float* values) override {
        wanted_ = samples(values[kDelayDelaySeconds]);
        if (fresh_) tap_ = wanted_;
        feedback_ = values[kDelayFeedback];
        wet_ = values[kDelayMix];
        dry_ = 1.0f - wet_;
    }

    void process(float* const* audio, int count) override {
        fresh_ = false;
        for (int n = 0; n < count; ++n) {
            if (fade_ == 0 && wanted_ != tap_) {
                old_ = tap_;
                tap_ = wanted_;
                fade_ = fade_length_;
            }
            for (int channel = 0; channel < channels_; ++channel) {
                float* line = lines_[channel].data();
                float out = line[behind(tap_)];
                if (fade_ > 0)
                    out += (line[behind(old_)] - out) * static_cast<float>(fade_) / fade_length_;
                line[position_] = audio[channel][n] + feedback_ * out;
                audio[channel][n] = audio[channel][n] * dry_ + wet_ * out;
            }
            if (fade_ > 0) --fade_;
            if (++position_ == length_) position_ = 0;
        }
    }

private:
    int samples(float seconds) const { return static_cast<int>(seconds * rate_); }
    int behind(int tap) const {
        return position_ >= tap ? position_ - tap : position_ - tap + length_;
    }

    double rate_ = 48000;
    int channels_ = kMostChannels;
    int length_ = 0, position_ = 0;
    int tap_ = 0, old_ = 0, wanted_ = 0, fade_ = 0, fade_length_ = 1;
    bool fresh_ = true;
    float feedback_ = 0, wet_ = 0, dry_ = 1;
    std::vector<float> lines_[kMostChannels];
};

}  // namespace ifx
