// Plugins for tests of hosting: one that behaves, with what Debian's plugins lack (named choices
// and a latency that it tells), one that never finishes loading, and one that crashes in the middle
// of a loud sound.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "DistrhoPlugin.hpp"

START_NAMESPACE_DISTRHO

class Odd : public Plugin {
public:
    Odd() : Plugin(3, 0, 0) {
        setLatency(kLate);
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
        if (index == kMode) {
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
        } else if (index == kDrive) {
            parameter.symbol = "drive";
            parameter.name = "Drive";
            parameter.unit = "dB";
            parameter.ranges = ParameterRanges(0, 0, 40);
        } else {
            parameter.symbol = "peak";
            parameter.name = "Peak";
            parameter.hints = kParameterIsAutomatable | kParameterIsOutput;
            parameter.ranges = ParameterRanges(0, 0, 1);
        }
    }

    float getParameterValue(uint32_t index) const override { return values_[index]; }
    void setParameterValue(uint32_t index, float value) override { values_[index] = value; }

    void activate() override {
        std::fill(line_, line_ + kLate, 0.0f);
        at_ = 0;
    }

    void run(const float** inputs, float** outputs, uint32_t frames) override {
        const float gain = std::pow(10.0f, values_[kDrive] / 20);
        for (uint32_t n = 0; n < frames; ++n) {
            const float in = inputs[0][n];
#if ODD_KIND == ODD_CRASHES
            loud_ = in > 0.5f ? loud_ + 1 : 0;  // noise, with which hosts greet plugins, is let pass
            if (loud_ == 32) *static_cast<volatile int*>(nullptr) = 1;
#endif
            outputs[0][n] = line_[at_];
            line_[at_] = shaped(gain * in);
            at_ = (at_ + 1) % kLate;
            values_[kPeak] = std::max(0.999f * values_[kPeak], std::min(1.0f, std::abs(in)));
        }
    }

private:
    enum { kMode, kDrive, kPeak };
    static constexpr int kLate = 100;

    float shaped(float x) const {
        if (values_[kMode] < 0.5f) return std::tanh(x);
        if (values_[kMode] < 1.5f) return std::min(1.0f, std::max(-1.0f, x));
        return std::sin(x);
    }

    float values_[3] = {};
    float line_[kLate] = {};
    int at_ = 0, loud_ = 0;

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(Odd)
};

Plugin* createPlugin() { return new Odd(); }

END_NAMESPACE_DISTRHO
