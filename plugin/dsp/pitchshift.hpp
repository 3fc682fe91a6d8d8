// Pitch shift by Rubber Band, with the options that Pedalboard uses.
//
// Rubber Band takes and gives sound in windows of its own. What it gives is queued behind so much
// silence that there is always enough, whatever the host's blocks: that is the effect's latency.
// Rubber Band's own delay is left in, as it is in Pedalboard.
#pragma once

#include <memory>
#include <vector>

#include <rubberband/RubberBandStretcher.h>

#include "effect.hpp"
#include "ring.hpp"

namespace ifx {

class PitchShift : public Effect {
public:
    void prepare(double rate, int channels) override {
        channels_ = channels;
        rate_ = static_cast<int>(rate);
        make_stretcher();
        // Two preferred pads are one window, the longest at the lowest pitch: measured, Rubber Band
        // holds back no more, and a test renders all shifts to see that the queue never runs dry.
        stretcher_->setPitchScale(scale_of(kParameters[kPitchshiftSemitones].low));
        latency_ = static_cast<int>(2 * stretcher_->getPreferredStartPad()) + 2 * kBlock;
        for (int channel = 0; channel < channels; ++channel) {
            queues_[channel].prepare(8 * latency_);
            unshifted_[channel].prepare(latency_ + kBlock);
            spare_[channel].assign(8 * latency_, 0.0f);
        }
        reset();
        forget_unshifted();
    }

    void reset() override {
        stretcher_->reset();
        stretcher_->setPitchScale(scale_);
        skip_ = dry_runs_ = 0;
        for (int channel = 0; channel < channels_; ++channel) {
            queues_[channel].clear();
            queues_[channel].push_silence(latency_);
        }
    }

    /// What `pass` holds becomes silence.
    void forget_unshifted() {
        for (int channel = 0; channel < channels_; ++channel) {
            unshifted_[channel].clear();
            unshifted_[channel].push_silence(latency_);
        }
    }

    /// Start as Pedalboard does, behind a second of silence: Rubber Band's windows then lie the
    /// same over the sound. Takes a while; not for the audio thread.
    void prime() {
        make_stretcher();  // a used one, though reset, frames the sound otherwise
        reset();
        float silence[kBlock] = {};
        const float* in[kMostChannels] = {silence, silence};
        int left = rate_, skip = rate_;
        while (left > 0) {
            const int count = std::min(left, kBlock);
            stretcher_->process(in, count, false);
            left -= count;
            skip -= retrieve();
        }
        // The first `rate` samples that come out are not heard; some are still to come.
        skip_ = skip;
    }

    void update(const float* values) override {
        const double scale = scale_of(values[kPitchshiftSemitones]);
        if (scale == scale_) return;
        scale_ = scale;
        if (stretcher_) stretcher_->setPitchScale(scale);
    }

    void process(float* const* audio, int samples) override {
        stretcher_->process(audio, samples, false);
        queue();
        const int there = std::min(samples, queues_[0].size());
        const int missing = samples - there;
        if (missing > 0) ++dry_runs_;
        for (int channel = 0; channel < channels_; ++channel) {
            std::fill(audio[channel], audio[channel] + missing, 0.0f);
            queues_[channel].pop(audio[channel] + missing, there);
        }
    }

    /// The sound as late as the shifted one but not shifted; to be called with every block.
    void pass(float* const* audio, float* const* late, int samples) {
        for (int channel = 0; channel < channels_; ++channel) {
            unshifted_[channel].push(audio[channel], samples);
            unshifted_[channel].pop(late[channel], samples);
        }
    }

    /// Behind its queue, what Rubber Band itself holds back.
    int warm_up() const override { return 2 * latency_; }

    int latency() const { return latency_; }
    int dry_runs() const { return dry_runs_; }

private:
    static double scale_of(float semitones) { return std::pow(2.0, semitones / 12.0); }

    void make_stretcher() {
        using Stretcher = RubberBand::RubberBandStretcher;
        stretcher_ = std::make_unique<Stretcher>(
            rate_, channels_,
            Stretcher::OptionProcessRealTime | Stretcher::OptionThreadingNever |
                Stretcher::OptionChannelsTogether | Stretcher::OptionPitchHighQuality);
        stretcher_->setMaxProcessSize(kBlock);
    }

    /// Take what is ready into `spare_`; returns how many samples.
    int retrieve() {
        const int ready = std::min(stretcher_->available(), static_cast<int>(spare_[0].size()));
        if (ready <= 0) return 0;
        float* out[kMostChannels] = {spare_[0].data(), spare_[channels_ - 1].data()};
        return static_cast<int>(stretcher_->retrieve(out, ready));
    }

    void queue() {
        const int ready = retrieve();
        const int skipped = std::min(skip_, ready);
        skip_ -= skipped;
        for (int channel = 0; channel < channels_; ++channel)
            queues_[channel].push(spare_[channel].data() + skipped, ready - skipped);
    }

    int rate_ = 48000, channels_ = kMostChannels, latency_ = 0, dry_runs_ = 0, skip_ = 0;
    double scale_ = 1;
    std::unique_ptr<RubberBand::RubberBandStretcher> stretcher_;
    Ring queues_[kMostChannels], unshifted_[kMostChannels];
    std::vector<float> spare_[kMostChannels];
};

}  // namespace ifx
