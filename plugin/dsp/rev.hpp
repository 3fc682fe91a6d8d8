// Reverb: Freeverb, by Jezar at Dreampoint: eight damped combs side by side, then four all-passes.
#pragma once

#include <vector>

#include "effect.hpp"

namespace ifx {

class Rev : public Effect {
public:
    void prepare(double rate, int channels) override {
        channels_ = channels;
        for (int channel = 0; channel < channels; ++channel) {
            const int spread = channel * kSpread;
            for (int i = 0; i < kCombs; ++i)
                combs_[channel][i].line.assign(length(rate, kCombLengths[i] + spread), 0.0f);
            for (int i = 0; i < kAllpasses; ++i)
                allpasses_[channel][i].line.assign(length(rate, kAllpassLengths[i] + spread), 0.0f);
        }
        reset();
    }

    void reset() override {
        for (int channel = 0; channel < channels_; ++channel) {
            for (Comb& comb : combs_[channel]) comb.clear();
            for (Line& allpass : allpasses_[channel]) allpass.clear();
        }
    }

    void update(const float* values) override {
        const float wet = values[kRevWetLevel] * 3.0f, width = values[kRevWidth];
        dry_ = values[kRevDryLevel] * 2.0f;
        own_ = 0.5f * wet * (1.0f + width);
        other_ = 0.5f * wet * (1.0f - width);
        damp_ = values[kRevDamping] * 0.4f;
        feedback_ = loop(values[kRevRoomSize]);
    }

    void process(float* const* audio, int samples) override {
        float input[kBlock], tail[kMostChannels][kBlock];
        for (int n = 0; n < samples; ++n) {
            const float sum = channels_ == 1 ? audio[0][n] : audio[0][n] + audio[1][n];
            input[n] = sum * 0.015f;
        }
        for (int channel = 0; channel < channels_; ++channel) {
            comb(combs_[channel], input, tail[channel], samples);
            for (Line& allpass : allpasses_[channel]) diffuse(allpass, tail[channel], samples);
        }
        if (channels_ == 1) {
            for (int n = 0; n < samples; ++n)
                audio[0][n] = tail[0][n] * own_ + audio[0][n] * dry_;
            return;
        }
        for (int n = 0; n < samples; ++n) {
            const float left = tail[0][n], right = tail[1][n];
            audio[0][n] = left * own_ + right * other_ + audio[0][n] * dry_;
            audio[1][n] = right * own_ + left * other_ + audio[1][n] * dry_;
        }
    }

    /// Gain of the combs' loops, and how long the longest takes.
    static float loop(float room_size) { return room_size * 0.28f + 0.7f; }
    static double loop_seconds() { return (kCombLengths[kCombs - 1] + kSpread) / 44100.0; }

private:
    // In samples at 44.1 kHz; the right channel's are kSpread longer.
    static constexpr int kCombs = 8, kAllpasses = 4, kSpread = 23;
    static constexpr int kCombLengths[kCombs] = {1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617};
    static constexpr int kAllpassLengths[kAllpasses] = {556, 441, 341, 225};

    static int length(double rate, int at_44100) {
        return static_cast<int>(static_cast<long long>(rate) * at_44100 / 44100);
    }

    /// On Intel, JUCE rounds what it keeps to the grid of numbers near 0.1, to have no denormals.
    /// It is inaudible, but what a bit crusher makes of it is not.
    static float nudged(float value) {
#if defined(__SSE2__) || defined(_M_X64)
        value += 0.1f;
        value -= 0.1f;
#endif
        return value;
    }

    struct Line {
        std::vector<float> line;
        int position = 0;

        void clear() {
            std::fill(line.begin(), line.end(), 0.0f);
            position = 0;
        }
    };

    struct Comb : Line {
        float last = 0;

        void clear() {
            Line::clear();
            last = 0;
        }
    };

    /// All combs for each sample, rather than one after the other: none has to wait for itself.
    void comb(Comb (&combs)[kCombs], const float* in, float* out, int samples) const {
        const float keep = 1.0f - damp_;
        for (int n = 0; n < samples; ++n) {
            float sum = 0;
            for (Comb& c : combs) {
                float& place = c.line[c.position];
                const float delayed = place;
                c.last = nudged(delayed * keep + c.last * damp_);
                place = nudged(in[n] + c.last * feedback_);
                if (++c.position == static_cast<int>(c.line.size())) c.position = 0;
                sum += delayed;
            }
            out[n] = sum;
        }
    }

    static void diffuse(Line& allpass, float* x, int samples) {
        const int size = static_cast<int>(allpass.line.size());
        for (int n = 0; n < samples; ++n) {
            const float delayed = allpass.line[allpass.position];
            allpass.line[allpass.position] = nudged(x[n] + delayed * 0.5f);
            if (++allpass.position == size) allpass.position = 0;
            x[n] = delayed - x[n];
        }
    }

    int channels_ = kMostChannels;
    float dry_ = 1, own_ = 0, other_ = 0, damp_ = 0, feedback_ = 0;
    Comb combs_[kMostChannels][kCombs];
    Line allpasses_[kMostChannels][kAllpasses];
};

}  // namespace ifx
