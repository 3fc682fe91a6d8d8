// IFX Chain as a plugin: the chain's parameters and sound, handed to DPF.

#include "DistrhoPlugin.hpp"
#include "dsp/chain.hpp"

START_NAMESPACE_DISTRHO

class IFXChain : public Plugin {
public:
    IFXChain() : Plugin(ifx::kParameterCount, 0, 1) { prepare(); }

    unsigned tailSamples() const { return unsigned(chain_.tail_seconds() * getSampleRate()); }

protected:
    const char* getLabel() const override { return DISTRHO_PLUGIN_LABEL; }
    const char* getDescription() const override {
        return "The effects that IFX Bridge refined, in their order.";
    }
    const char* getMaker() const override { return DISTRHO_PLUGIN_BRAND; }
    const char* getHomePage() const override { return DISTRHO_PLUGIN_URI; }
    const char* getLicense() const override { return "GPL-3.0-or-later"; }  // see README.md
    uint32_t getVersion() const override { return d_version(1, ifx::kFormat, 0); }
    int64_t getUniqueId() const override {
        return DISTRHO_PLUGIN_NUM_INPUTS == 1 ? d_cconst('I', 'f', 'x', 'M')
                                              : d_cconst('I', 'f', 'x', 'C');
    }

    void initAudioPort(bool input, uint32_t index, AudioPort& port) override {
        port.groupId = DISTRHO_PLUGIN_NUM_INPUTS == 1 ? kPortGroupMono : kPortGroupStereo;
        Plugin::initAudioPort(input, index, port);
    }

    void initParameter(uint32_t index, Parameter& parameter) override {
        const ifx::Parameter& p = ifx::kParameters[index];
        parameter.symbol = p.symbol;
        parameter.name = p.name;
        parameter.unit = p.unit;
        parameter.ranges = ParameterRanges(p.start, p.low, p.high);
        parameter.hints = kParameterIsAutomatable;
        if (p.logarithmic) parameter.hints |= kParameterIsLogarithmic;
        if (p.whole) parameter.hints |= kParameterIsInteger;
        if (p.whole && p.high == 1) parameter.hints |= kParameterIsBoolean;
        if (p.choices == nullptr) return;
        const uint8_t count = static_cast<uint8_t>(p.high - p.low + 1);
        auto* const values = new ParameterEnumerationValue[count];
        for (uint8_t i = 0; i < count; ++i) {
            values[i].value = p.low + i;
            values[i].label = p.choices[i];
        }
        parameter.enumValues.count = count;
        parameter.enumValues.restrictedMode = true;
        parameter.enumValues.values = values;  // deleted by DPF
    }

    void initState(uint32_t, State& state) override {
        state.key = "format";
        state.defaultValue = ifx::kFormatName;
        state.label = "Format";
        state.hints = kStateIsHostReadable;
    }

    // All that changes is in the parameters; the format says what they mean.
    void setState(const char*, const char*) override {}

    float getParameterValue(uint32_t index) const override { return chain_.get(int(index)); }
    void setParameterValue(uint32_t index, float value) override {
        chain_.set(int(index), value);
        setLatency(uint32_t(chain_.latency()));
    }

    void activate() override {
        chain_.reset();
        setLatency(uint32_t(chain_.latency()));
    }
    void sampleRateChanged(double) override { prepare(); }

    void run(const float** inputs, float** outputs, uint32_t frames) override {
        setLatency(uint32_t(chain_.latency()));
        chain_.process(inputs, outputs, int(frames));
    }

private:
    void prepare() {
        chain_.prepare(getSampleRate(), DISTRHO_PLUGIN_NUM_INPUTS);
        setLatency(uint32_t(chain_.latency()));
    }

    ifx::Chain chain_;

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(IFXChain)
};

Plugin* createPlugin() { return new IFXChain(); }

END_NAMESPACE_DISTRHO

unsigned ifx_tail_samples(void* instance) noexcept {
    const auto* const plugin = static_cast<DISTRHO_NAMESPACE::Plugin*>(instance);
    return static_cast<const DISTRHO_NAMESPACE::IFXChain*>(plugin)->tailSamples();
}
