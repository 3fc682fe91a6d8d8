// The chain: seven slots choose the order of the effects; then output trim and amount.
//
// Values may be set from any thread at any time. While nothing has been heard since `reset`, they
// count at once; later they are approached within 20 ms, and then hold exactly. A new order is
// faded to: a second rack takes over the tails, runs beside the first and replaces it.
#pragma once

#include <array>
#include <atomic>
#include <cmath>

#include "denormals.hpp"
#include "rack.hpp"

namespace ifx {

class Chain {
public:
    Chain() {
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
        for (Rack& rack : racks_) rack.prepare(rate, channels);
        reset();
    }

    /// Forget all sound and take over all values. Not for the audio thread: priming takes a while.
    void reset() {
        clear();
        adopt();
        rack_->prime();
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
        return contains(wanted_order(), kPitchshift) ? racks_[0].pitch_latency() : 0;
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
    int dry_runs() const { return racks_[0].dry_runs() + racks_[1].dry_runs(); }

    /// `in` and `out` are [channel][sample] and may be the same. For the audio thread.
    void process(const float* const* in, float* const* out, int samples) {
        const FlushDenormals flush;
        for (int at = 0; at < samples;) {
            // Steps go on over the host's blocks, so that its blocks cannot be heard.
            if (step_left_ == 0) take_over();
            const int count = std::min(samples - at, moving_ ? step_left_ : kBlock);
            block(in, out, at, count);
            at += count;
            if (moving_) step_left_ -= count;
        }
    }

private:
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

    /// All values as they are wanted, at once.
    void adopt() {
        changed_.exchange(false, std::memory_order_acquire);
        for (int i = 0; i < kParameterCount; ++i) values_[i] = get(i);
        next_order_ = wanted_order();
        rack_->adopt(next_order_);
        next_->update();
        glide_ = step_left_ = 0;
        moving_ = changing_ = false;
        trim_ = last_trim_ = decibels(values_[kTrimDb]);
        last_amount_ = values_[kAmount];
    }

    void clear() {
        for (Rack& rack : racks_) rack.clear();
        heard_ = false;
    }

    /// Before each step: new values, and one step of those that glide.
    void take_over() {
        last_trim_ = trim_;
        last_amount_ = values_[kAmount];
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
            for (Rack& rack : racks_) rack.update();
            trim_ = decibels(values_[kTrimDb]);
        }
        if (!changing_ && next_order_ != rack_->order()) {
            next_->follow(*rack_, next_order_);
            warm_up_ = next_->warm_up();
            share_ = 0;
            changing_ = true;
        }
        moving_ = glide_ > 0 || changing_ || rack_->fading() || trim_ != last_trim_ ||
                  values_[kAmount] != last_amount_;
        step_left_ = moving_ ? kStep : 0;
    }

    // Sound.

    void block(const float* const* in, float* const* out, int at, int count) {
        float wet[kMostChannels][kBlock], other[kMostChannels][kBlock];
        float* const audio[kMostChannels] = {wet[0], wet[1]};
        float* const beside[kMostChannels] = {other[0], other[1]};
        for (int channel = 0; channel < channels_; ++channel)
            for (int n = 0; n < count; ++n) {
                const float x = in[channel][at + n];
                wet[channel][n] = other[channel][n] = std::isfinite(x) ? x : 0.0f;
                heard_ = heard_ || wet[channel][n] != 0;
            }
        // A value that moves does so in a line over its step.
        const int done = moving_ ? kStep - step_left_ : 0;
        const Line trim{last_trim_, trim_, done}, amount{last_amount_, values_[kAmount], done};
        rack_->process(audio, count, trim, amount);
        if (changing_) {
            Fade fade{*rack_, {}};
            for (int n = 0; n < count; ++n) {
                if (warm_up_ > 0)
                    --warm_up_;
                else
                    share_ = std::min(1.0f, share_ + fade_step_);
                fade.share[n] = share_;
            }
            next_->process(beside, count, trim, amount, &fade);
            for (int channel = 0; channel < channels_; ++channel)
                for (int n = 0; n < count; ++n)
                    wet[channel][n] += fade.share[n] * (other[channel][n] - wet[channel][n]);
            if (share_ == 1) {
                std::swap(rack_, next_);
                changing_ = false;
            }
        }
        bool sound = true;
        for (int channel = 0; channel < channels_; ++channel)
            for (int n = 0; n < count; ++n) sound = sound && std::isfinite(wet[channel][n]);
        if (!sound) {  // a value too large for single precision; nothing of it may stay
            for (float* channel : audio) std::fill(channel, channel + count, 0.0f);
            clear();
            adopt();
        }
        for (int channel = 0; channel < channels_; ++channel)
            std::copy(wet[channel], wet[channel] + count, out[channel] + at);
    }

    std::array<std::atomic<float>, kParameterCount> wanted_;
    std::atomic<bool> changed_{true};

    // All below belongs to the audio thread.
    float values_[kParameterCount], aims_[kParameterCount] = {};
    Rack racks_[2]{Rack(values_), Rack(values_)};
    Rack *rack_ = &racks_[0], *next_ = &racks_[1];
    Order next_order_{};
    int glide_ = 0, glide_steps_ = 1, step_left_ = 0;
    bool heard_ = false;     // whether anything but silence came in since reset
    bool moving_ = false;    // whether a value glides or something fades
    bool changing_ = false;  // whether both racks run
    int warm_up_ = 0;
    float share_ = 0, fade_step_ = 1;  // of the new order
    float trim_ = 1, last_trim_ = 1, last_amount_ = 1;
    int channels_ = kMostChannels;
};

}  // namespace ifx
