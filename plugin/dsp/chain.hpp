// The chain: seven slots choose the order of the effects; then output trim and amount.
//
// Values may be set from any thread at any time. While nothing has been heard since `reset`, they
// count at once; later they are approached within 20 ms, and then hold exactly. An effect that is
// bypassed or comes back is crossfaded with its input. When the order changes, the sound goes down
// and comes up again within 10 ms each, since no two orders can share one set of tails.
#pragma once

#include <array>
#include <atomic>
#include <cstring>

#include "bitcrush.hpp"
#include "comp.hpp"
#include "delay.hpp"
#include "denormals.hpp"
#include "dist.hpp"
#include "effect.hpp"
#include "eq.hpp"
#include "pitchshift.hpp"
#include "rev.hpp"
#include "ring.hpp"

namespace ifx {

class Chain {
public:
    Chain() {
        static_assert(kFxCount == 8, "another effect needs its header and its line here");
        effects_[kEq] = &eq_;
        effects_[kComp] = &comp_;
        effects_[kPitchshift] = &pitch_;
        effects_[kDist] = &dist_;
        effects_[kBitcrush] = &bitcrush_;
        effects_[kDelay] = &delay_;
        effects_[kRev] = &rev_;
        for (int i = 0; i < kParameterCount; ++i) {
            wanted_[i] = kParameters[i].start;
            values_[i] = kParameters[i].start;
        }
    }

    /// Make room for a sample rate in Hz and one or two channels. Allocates.
    void prepare(double rate, int channels) {
        channels_ = channels;
        glide_steps_ = static_cast<int>(0.02 * rate / kStep) + 1;
        fade_step_ = static_cast<float>(1 / (0.02 * rate));
        order_step_ = static_cast<float>(1 / (0.01 * rate));
        for (int fx = 1; fx < kFxCount; ++fx) effects_[fx]->prepare(rate, channels);
        for (Ring& ring : dry_) ring.prepare(pitch_.latency() + kBlock);
        reset();
    }

    /// Forget all sound and take over all values. Not for the audio thread: priming takes a while.
    void reset() {
        clear();
        adopt();
        if (holds(kPitchshift)) {
            pitch_.prime();
            entered_[kPitchshift] = true;
        }
    }

    /// Set a value, in its unit; what is no number becomes the default. From any thread.
    void set(int index, float value) {
        wanted_[index].store(sound_value(index, value), std::memory_order_relaxed);
        changed_.store(true, std::memory_order_release);
    }

    /// The value as it was set.
    float get(int index) const { return wanted_[index].load(std::memory_order_relaxed); }

    /// In samples: what pitch shift needs while it is in a slot, whatever its value.
    int latency() const {
        const Order order = wanted_order();
        for (int fx : order)
            if (fx == kPitchshift) return pitch_.latency();
        return 0;
    }

    /// How long it sounds on after its input has ended, until 80 dB below; each effect's is added.
    double tail_seconds() const {
        double seconds = 0;
        for (int fx : wanted_order()) {
            if (fx == kNone || get(kBypass[fx]) > 0.5f) continue;
            if (fx == kDelay)
                seconds += get(kDelayDelaySeconds) * (1 + rounds(get(kDelayFeedback)));
            if (fx == kRev) seconds += Rev::loop_seconds() * rounds(Rev::loop(get(kRevRoomSize)));
            if (fx == kPitchshift) seconds += 0.2;
        }
        return seconds;
    }

    /// How often pitch shift had nothing to give; stays 0.
    int dry_runs() const { return pitch_.dry_runs(); }

    /// `in` and `out` are [channel][sample] and may be the same. For the audio thread.
    void process(const float* const* in, float* const* out, int samples) {
        const FlushDenormals flush;
        for (int at = 0; at < samples;) {
            take_over();
            const int count = std::min(samples - at, moving_ ? kStep : kBlock);
            block(in, out, at, count);
            at += count;
        }
    }

private:
    static constexpr int kStep = 16;  // samples between two values of a glide
    static constexpr int kSlots = kFxCount - 1;
    using Order = std::array<int, kSlots>;

    /// How often something goes around a loop of that gain until it is 80 dB down.
    static double rounds(double gain) {
        return gain > 1e-4 ? std::ceil(std::log(1e-4) / std::log(gain)) : 0;
    }

    // Values.

    static float sound_value(int index, float value) {
        const Parameter& p = kParameters[index];
        if (!std::isfinite(value)) value = p.start;
        value = std::min(p.high, std::max(p.low, value));
        return p.whole ? std::round(value) : value;
    }

    /// Those that take effect at once; what they do is faded by the effect or the chain.
    static bool jumps(int index) {
        return kParameters[index].whole || index == kDelayDelaySeconds ||
               index == kPitchshiftSemitones;
    }

    Order wanted_order() const {
        Order order{};
        bool taken[kFxCount] = {true};
        for (int slot = 0; slot < kSlots; ++slot) {
            const int fx = static_cast<int>(get(kSlot1 + slot));
            if (!taken[fx]) order[slot] = fx;  // each once: the first counts
            taken[fx] = true;
        }
        return order;
    }

    bool engaged(int fx) const {
        if (values_[kBypass[fx]] > 0.5f) return false;
        // Rubber Band colours the sound even at 0, where nothing is asked of it.
        return fx != kPitchshift || std::abs(values_[kPitchshiftSemitones]) > 1e-6f;
    }

    bool holds(int fx) const {
        return std::find(order_.begin(), order_.end(), fx) != order_.end() && engaged(fx);
    }

    /// All values as they are wanted, at once.
    void adopt() {
        changed_.exchange(false, std::memory_order_acquire);
        for (int i = 0; i < kParameterCount; ++i) values_[i] = get(i);
        order_ = next_order_ = wanted_order();
        glide_ = 0;
        level_ = 1;
        moving_ = false;
        for (int fx = 1; fx < kFxCount; ++fx) {
            effects_[fx]->update(values_);
            share_[fx] = engaged(fx) ? 1.0f : 0.0f;
            entered_[fx] = entered_[fx] && holds(fx);
        }
        settle_latency();
        trim_ = last_trim_ = decibels(values_[kTrimDb]);
        last_amount_ = values_[kAmount];
    }

    void clear() {
        for (int fx = 1; fx < kFxCount; ++fx) {
            effects_[fx]->reset();
            entered_[fx] = false;
        }
        heard_ = false;
        settled_latency_ = -1;
    }

    /// Before each block: new values, and one step of those that glide.
    void take_over() {
        if (changed_.load(std::memory_order_relaxed)) {
            if (!heard_) return adopt();
            changed_.exchange(false, std::memory_order_acquire);
            for (int i = 0; i < kParameterCount; ++i) {
                const float wanted = get(i);
                if (jumps(i)) values_[i] = wanted;
                aims_[i] = wanted;
            }
            next_order_ = wanted_order();
            glide_ = glide_steps_;
            moving_ = true;
        }
        if (!moving_) return;
        if (glide_ > 0) {
            for (int i = 0; i < kParameterCount; ++i)
                values_[i] = glide_ == 1 ? aims_[i] : values_[i] + (aims_[i] - values_[i]) / glide_;
            --glide_;
            for (int fx = 1; fx < kFxCount; ++fx) effects_[fx]->update(values_);
            trim_ = decibels(values_[kTrimDb]);
        }
        moving_ = glide_ > 0 || order_ != next_order_ || level_ < 1 || fading();
    }

    bool fading() const {
        for (int fx : order_)
            if (fx != kNone && share_[fx] != (engaged(fx) ? 1.0f : 0.0f)) return true;
        return false;
    }

    // Sound.

    void block(const float* const* in, float* const* out, int at, int count) {
        float wet[kMostChannels][kBlock], dry[kMostChannels][kBlock];
        float* const audio[kMostChannels] = {wet[0], wet[1]};
        for (int channel = 0; channel < channels_; ++channel) {
            for (int n = 0; n < count; ++n) {
                const float x = in[channel][at + n];
                wet[channel][n] = std::isfinite(x) ? x : 0.0f;
                heard_ = heard_ || wet[channel][n] != 0;
            }
            if (settled_latency_ > 0) {
                dry_[channel].push(wet[channel], count);
                dry_[channel].pop(dry[channel], count);
            } else {
                std::memcpy(dry[channel], wet[channel], count * sizeof(float));
            }
        }
        const bool changing = order_ != next_order_ || level_ < 1;
        float level[kBlock];
        for (int n = 0; changing && n < count; ++n) {
            level_ += order_ != next_order_ ? -order_step_ : order_step_;
            level[n] = level_ = std::min(1.0f, std::max(0.0f, level_));
        }
        for (int fx : order_) {
            if (fx == kNone) continue;
            // What comes in goes down too: else the tails would keep the step from order to order.
            if (changing) multiply(audio, level, count);
            apply(fx, audio, count);
        }
        finish(audio, dry, count);
        if (changing) multiply(audio, level, count);
        if (changing && level_ == 0) change_order();
        for (int channel = 0; channel < channels_; ++channel)
            std::memcpy(out[channel] + at, wet[channel], count * sizeof(float));
    }

    void apply(int fx, float* const* audio, int count) {
        float before[kMostChannels][kBlock];
        float* const kept[kMostChannels] = {before[0], before[1]};
        const float aim = engaged(fx) ? 1.0f : 0.0f;
        float share = share_[fx];
        if (fx == kPitchshift)
            pitch_.pass(audio, kept, count);
        else if (share < 1 || share != aim)
            for (int channel = 0; channel < channels_; ++channel)
                std::copy(audio[channel], audio[channel] + count, kept[channel]);
        if (share == 0 && aim == 0) {
            entered_[fx] = false;
            for (int channel = 0; channel < channels_; ++channel)
                std::copy(kept[channel], kept[channel] + count, audio[channel]);
            return;
        }
        if (!entered_[fx]) {  // what it held when it left is over
            effects_[fx]->reset();
            effects_[fx]->update(values_);
            entered_[fx] = true;
        }
        effects_[fx]->process(audio, count);
        if (share == 1 && aim == 1) return;
        const float step = aim > share ? fade_step_ : -fade_step_;
        for (int n = 0; n < count; ++n) {
            share = std::min(1.0f, std::max(0.0f, share + step));
            for (int channel = 0; channel < channels_; ++channel)
                audio[channel][n] = kept[channel][n] + share * (audio[channel][n] - kept[channel][n]);
        }
        share_[fx] = share;
    }

    /// Trim and amount.
    void finish(float* const* audio, const float (*dry)[kBlock], int count) {
        const float amount = values_[kAmount];
        const bool plain = amount == 1 && last_amount_ == 1;
        bool sound = true;
        for (int channel = 0; channel < channels_; ++channel) {
            float* x = audio[channel];
            for (int n = 0; n < count; ++n) {
                // A value that moves does so in a line from the last block to this one.
                const float part = static_cast<float>(n + 1) / count;
                x[n] *= trim_ == last_trim_ ? trim_ : last_trim_ + (trim_ - last_trim_) * part;
                if (plain) continue;
                const float a = last_amount_ + (amount - last_amount_) * part;
                x[n] = dry[channel][n] + a * (x[n] - dry[channel][n]);
            }
            for (int n = 0; n < count; ++n) sound = sound && std::isfinite(x[n]);
        }
        last_trim_ = trim_;
        last_amount_ = amount;
        if (!sound) {  // a value too large for single precision; nothing of it may stay
            for (int channel = 0; channel < channels_; ++channel)
                std::fill(audio[channel], audio[channel] + count, 0.0f);
            clear();
            adopt();
        }
    }

    void multiply(float* const* audio, const float* by, int count) const {
        for (int channel = 0; channel < channels_; ++channel)
            for (int n = 0; n < count; ++n) audio[channel][n] *= by[n];
    }

    void change_order() {
        order_ = next_order_;
        for (int fx = 1; fx < kFxCount; ++fx) {
            if (std::find(order_.begin(), order_.end(), fx) != order_.end()) continue;
            entered_[fx] = false;
            share_[fx] = engaged(fx) ? 1.0f : 0.0f;
        }
        settle_latency();
    }

    /// The dry sound must be as late as the wet one.
    void settle_latency() {
        int wanted = 0;
        for (int fx : order_)
            if (fx == kPitchshift) wanted = pitch_.latency();
        if (wanted == settled_latency_) return;
        settled_latency_ = wanted;
        for (Ring& ring : dry_) {
            ring.clear();
            ring.push_silence(wanted);
        }
    }

    Eq eq_;
    Comp comp_;
    PitchShift pitch_;
    Dist dist_;
    Bitcrush bitcrush_;
    Delay delay_;
    Rev rev_;
    Effect* effects_[kFxCount] = {};  // by kind; none for kNone

    std::array<std::atomic<float>, kParameterCount> wanted_;
    std::atomic<bool> changed_{true};

    // All below belongs to the audio thread.
    float values_[kParameterCount], aims_[kParameterCount] = {};
    int glide_ = 0, glide_steps_ = 1;
    bool heard_ = false;   // whether anything but silence came in since reset
    bool moving_ = false;  // whether a value glides or something fades
    Order order_{}, next_order_{};
    float level_ = 1, order_step_ = 1, fade_step_ = 1;
    float share_[kFxCount] = {};    // how much of an effect is heard, while it fades
    bool entered_[kFxCount] = {};   // whether an effect's memory is of this sound
    float trim_ = 1, last_trim_ = 1, last_amount_ = 1;
    int channels_ = kMostChannels, settled_latency_ = -1;
    Ring dry_[kMostChannels];
};

}  // namespace ifx
