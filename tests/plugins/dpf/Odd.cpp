// Plugins for tests of hosting, by ODD_KIND: one that behaves, with what Debian's plugins lack (named
// choices and a latency that it tells); one that never finishes loading; one that crashes in the middle
// of a loud sound; a pitch shift and a bit crusher; one that forgets a value in its preset; one of
// which every instance sounds otherwise; and one with a knob that does nothing.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>

#include "DistrhoPlugin.hpp"

START_NAMESPACE_DISTRHO

class Odd : public Plugin {
public:
    Odd() : Plugin(kCount, 0, 0) {
        setLatency(kLate);
        for (int i = 0; i < kCount; ++i) values_[i] = 0;
        values_[kKnob] = kOwn.start;
#if ODD_KIND == ODD_VARIES
        std::random_device chance;
        own_gain_ = 0.5f + 0.5f * float(chance()) / float(std::random_device::max());
#endif
#if ODD_KIND == ODD_HANGS
        for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
#endif
    }

protected:
    const char* getLabel() const override { return "Odd"; }
    const char* getMaker() const override { return DISTRHO_PLUGIN_BRAND; }
    const char* getLicense() const override { return "MIT"; }
    uint32_t getVersion() const override { return d_version(1, 0, 0); }
    int64_t getUniqueId() const override { return d_cconst('O', 'd', 'd', '0' + ODD_KIND); }

    void initParameter(uint32_t index, Parameter& parameter) override {
        parameter.hints = kParameterIsAutomatable;
        if (index == kKnob) {
            parameter.symbol = kOwn.symbol;
            parameter.name = kOwn.name;
            parameter.unit = kOwn.unit;
            parameter.ranges = ParameterRanges(kOwn.start, kOwn.low, kOwn.high);
        } else if (index == kPeak) {
            parameter.symbol = "peak";
            parameter.name = "Peak";
            parameter.hints = kParameterIsAutomatable | kParameterIsOutput;
            parameter.ranges = ParameterRanges(0, 0, 1);
        } else if (index == kDead) {
            parameter.symbol = "dead";
            parameter.name = "Dead";
            parameter.ranges = ParameterRanges(0.5f, 0, 1);
        } else {
            parameter.symbol = "mode";
            parameter.name = "Mode";
            parameter.hints |= kParameterIsInteger;
            parameter.ranges = ParameterRanges(0, 0, 2);
            auto* const values = new ParameterEnumerationValue[3];
            const char* const names[] = {"Soft", "Hard", "Fold"};
            for (int i = 0; i < 3; ++i) {
                values[i].value = float(i);
                values[i].label = names[i];
            }
            parameter.enumValues.count = 3;
            parameter.enumValues.restrictedMode = true;
            parameter.enumValues.values = values;
        }
    }

    float getParameterValue(uint32_t index) const override {
#if ODD_KIND == ODD_FORGETS
        if (index == kKnob && values_[kKnob] > 10 && values_[kKnob] < 20) return 0;
#endif
        return values_[index];
    }
    void setParameterValue(uint32_t index, float value) override { values_[index] = value; }

    void activate() override {
        std::fill(line_, line_ + kLate, 0.0f);
        std::fill(past_, past_ + kPast, 0.0f);
        at_ = now_ = 0;
        phase_ = 0;
    }

    void run(const float** inputs, float** outputs, uint32_t frames) override {
        for (uint32_t n = 0; n < frames; ++n) {
            const float in = inputs[0][n];
#if ODD_KIND == ODD_CRASHES
            loud_ = in > 0.5f ? loud_ + 1 : 0;  // noise, with which hosts greet plugins, is let pass
            if (loud_ == 32) *static_cast<volatile int*>(nullptr) = 1;
#endif
            outputs[0][n] = line_[at_];
            line_[at_] = made(in);
            at_ = (at_ + 1) % kLate;
            values_[kPeak] = std::max(0.999f * values_[kPeak], std::min(1.0f, std::abs(in)));
        }
    }

private:
    struct Knob {
        const char *symbol, *name, *unit;
        float start, low, high;
    };
#if ODD_KIND == ODD_PITCH
    enum { kKnob, kPeak, kCount, kMode, kDead };
    static constexpr Knob kOwn{"pitch", "Pitch", "semitones", 0, -12, 12};
#elif ODD_KIND == ODD_CRUSH
    enum { kKnob, kPeak, kCount, kMode, kDead };
    static constexpr Knob kOwn{"bits", "Bit depth", "bits", 16, 1, 16};
#elif ODD_KIND == ODD_DEAD
    enum { kKnob, kPeak, kMode, kDead, kCount };
    static constexpr Knob kOwn{"drive", "Drive", "dB", 0, 0, 40};
#else
    enum { kKnob, kPeak, kMode, kCount, kDead };
    static constexpr Knob kOwn{"drive", "Drive", "dB", 0, 0, 40};
#endif
    static constexpr int kLate = 100;
    static constexpr int kPast = 4096, kGrain = 2048;  // samples of the pitch shift

    float made(float in) {
#if ODD_KIND == ODD_PITCH
        return shifted(in);
#elif ODD_KIND == ODD_CRUSH
        const float steps = std::pow(2.0f, values_[kKnob] - 1);
        return std::round(in * steps) / steps;
#else
        const float x = own_gain_ * std::pow(10.0f, values_[kKnob] / 20) * in;
        if (values_[kMode] < 0.5f) return std::tanh(x);
        if (values_[kMode] < 1.5f) return std::min(1.0f, std::max(-1.0f, x));
        return std::sin(x);
#endif
    }

    // Two taps move through the past at the wanted speed, one fading in while the other fades out.
    float shifted(float in) {
        past_[now_] = in;
        const float speed = std::pow(2.0f, values_[kKnob] / 12);
        phase_ += (1 - speed) / kGrain;
        phase_ -= std::floor(phase_);
        float sum = 0;
        for (const float offset : {0.0f, 0.5f}) {
            const float at = phase_ + offset - std::floor(phase_ + offset);
            const float window = std::sin(3.14159265f * at);
            const int back = 1 + int(at * kGrain);
            sum += window * window * past_[(now_ + kPast - back) % kPast];
        }
        now_ = (now_ + 1) % kPast;
        return sum;
    }

    float values_[kCount + 2];
    float line_[kLate] = {}, past_[kPast] = {};
    float own_gain_ = 1, phase_ = 0;
    int at_ = 0, loud_ = 0, now_ = 0;

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(Odd)
};

Plugin* createPlugin() { return new Odd(); }

END_NAMESPACE_DISTRHO
