// The effects in one order: bypass, and the dry sound beside them for trim and amount.
//
// An effect that is bypassed or comes back is crossfaded with its input. For a new order the chain
// has two racks: one takes over what the other remembers (`follow`) and is faded to. Within it, what
// each effect gets is faded from what it gets in the other, so that no tail holds a step.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "bitcrush.hpp"
#include "comp.hpp"
#include "delay.hpp"
#include "dist.hpp"
#include "effect.hpp"
#include "eq.hpp"
#include "pitchshift.hpp"
#include "rev.hpp"
#include "ring.hpp"

namespace ifx {

constexpr int kSlots = kFxCount - 1;
using Order = std::array<int, kSlots>;

inline bool contains(const Order& order, int fx) {
    return std::find(order.begin(), order.end(), fx) != order.end();
}

constexpr int kStep = 16;  // samples between two values of one that glides

/// A value that moves in a line over a step, of which `done` samples are over.
struct Line {
    float from, to;
    int done;
    float at(int sample) const {
        return from == to ? to : from + (to - from) * static_cast<float>(done + sample + 1) / kStep;
    }
};

class Rack;

/// From what another rack plays to what this one does, by sample; 0 is all of the other's.
struct Fade {
    const Rack& other;
    float share[kBlock];
};

class Rack {
public:
    /// `values` is the whole table of kParameters, in their units, and outlives the rack.
    explicit Rack(const float* values) : values_(values) {
        static_assert(kFxCount == 8, "another effect needs its header and its line here");
        effects_[kEq] = &eq_;
        effects_[kComp] = &comp_;
        effects_[kPitchshift] = &pitch_;
        effects_[kDist] = &dist_;
        effects_[kBitcrush] = &bitcrush_;
        effects_[kDelay] = &delay_;
        effects_[kRev] = &rev_;
    }
    Rack(const Rack&) = delete;

    const Order& order() const { return order_; }
    int pitch_latency() const { return pitch_.latency(); }
    int dry_runs() const { return pitch_.dry_runs(); }

    /// Make room. Allocates.
    void prepare(double rate, int channels) {
        channels_ = channels;
        fade_step_ = static_cast<float>(1 / (0.02 * rate));
        for (int fx = 1; fx < kFxCount; ++fx) effects_[fx]->prepare(rate, channels);
        for (Ring& ring : dry_) ring.prepare(pitch_.latency() + kBlock);
        clear();
    }

    /// Forget all sound.
    void clear() {
        for (int fx = 1; fx < kFxCount; ++fx) {
            effects_[fx]->reset();
            entered_[fx] = false;
        }
        pitch_.forget_unshifted();
        settled_latency_ = -1;
    }

    /// The effects take over the values.
    void update() {
        for (int fx = 1; fx < kFxCount; ++fx) effects_[fx]->update(values_);
    }

    /// Play this order from now on, without fades.
    void adopt(const Order& order) {
        order_ = order;
        update();
        for (int fx = 1; fx < kFxCount; ++fx) {
            share_[fx] = engaged(fx) ? 1.0f : 0.0f;
            entered_[fx] = entered_[fx] && holds(fx);
        }
        settle_latency();
    }

    /// Get ready to shift the pitch from the first sample. Not for the audio thread.
    void prime() {
        if (!holds(kPitchshift)) return;
        pitch_.prime();
        entered_[kPitchshift] = true;
    }

    /// Play another order with what `other` remembers. Rubber Band's memory cannot be copied: pitch
    /// shift begins anew, and is not to be heard for `warm_up` samples.
    void follow(const Rack& other, const Order& order) {
        eq_ = other.eq_;
        comp_ = other.comp_;
        dist_ = other.dist_;
        bitcrush_ = other.bitcrush_;
        delay_ = other.delay_;
        rev_ = other.rev_;
        order_ = order;
        for (int fx = 1; fx < kFxCount; ++fx) {
            const bool both = contains(order, fx) && contains(other.order_, fx);
            entered_[fx] = both && fx != kPitchshift && other.entered_[fx];
            share_[fx] = both ? other.share_[fx] : engaged(fx) ? 1.0f : 0.0f;
            wait_[fx] = both ? other.wait_[fx] : 0;
        }
        pitch_.forget_unshifted();
        settled_latency_ = -1;
        settle_latency();
    }

    /// In samples.
    int warm_up() const { return contains(order_, kPitchshift) ? pitch_.warm_up() : 0; }

    /// Whether an effect is on its way in or out.
    bool fading() const {
        for (int fx : order_)
            if (fx != kNone && share_[fx] != (engaged(fx) ? 1.0f : 0.0f)) return true;
        return false;
    }

    /// Replace `audio[channel][sample]`, finite numbers; at most kBlock samples. The other rack of a
    /// fade has processed the same sound before.
    void process(float* const* audio, int count, const Line& trim, const Line& amount,
                 const Fade* fade = nullptr) {
        float dry[kMostChannels][kBlock];
        for (int channel = 0; channel < channels_; ++channel) {
            if (settled_latency_ > 0) {
                dry_[channel].push(audio[channel], count);
                dry_[channel].pop(dry[channel], count);
            } else {
                std::copy(audio[channel], audio[channel] + count, dry[channel]);
            }
        }
        for (int fx : order_) {
            if (fx == kNone) continue;
            if (fade) blend(fx, audio, count, *fade);
            for (int channel = 0; channel < channels_; ++channel)
                std::copy(audio[channel], audio[channel] + count, inputs_[fx][channel]);
            apply(fx, audio, count);
        }
        const bool plain = amount.from == 1 && amount.to == 1;
        for (int channel = 0; channel < channels_; ++channel) {
            float* x = audio[channel];
            for (int n = 0; n < count; ++n) {
                x[n] *= trim.at(n);
                if (!plain) x[n] = dry[channel][n] + amount.at(n) * (x[n] - dry[channel][n]);
            }
        }
    }

private:
    bool engaged(int fx) const {
        if (values_[kBypass[fx]] > 0.5f) return false;
        // Rubber Band colours the sound even at 0, where nothing is asked of it.
        return fx != kPitchshift || std::abs(values_[kPitchshiftSemitones]) > 1e-6f;
    }

    bool holds(int fx) const { return contains(order_, fx) && engaged(fx); }

    /// What an effect gets. A new one gets all of it, but what would ring on is begun softly.
    void blend(int fx, float* const* audio, int count, const Fade& fade) const {
        const bool both = contains(fade.other.order_, fx);
        if (!both && fx != kDelay && fx != kRev) return;
        for (int channel = 0; channel < channels_; ++channel)
            for (int n = 0; n < count; ++n) {
                const float before = both ? fade.other.inputs_[fx][channel][n] : 0.0f;
                audio[channel][n] = before + fade.share[n] * (audio[channel][n] - before);
            }
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
            wait_[fx] = share < 1 ? effects_[fx]->warm_up() : 0;
        }
        effects_[fx]->process(audio, count);
        if (share == 1 && aim == 1) return;
        const float step = aim > share ? fade_step_ : -fade_step_;
        for (int n = 0; n < count; ++n) {
            if (wait_[fx] > 0)
                --wait_[fx];
            else
                share = std::min(1.0f, std::max(0.0f, share + step));
            for (int channel = 0; channel < channels_; ++channel)
                audio[channel][n] = kept[channel][n] + share * (audio[channel][n] - kept[channel][n]);
        }
        share_[fx] = share;
    }

    /// The dry sound must be as late as the wet one.
    void settle_latency() {
        const int wanted = contains(order_, kPitchshift) ? pitch_.latency() : 0;
        if (wanted == settled_latency_) return;
        settled_latency_ = wanted;
        for (Ring& ring : dry_) {
            ring.clear();
            ring.push_silence(wanted);
        }
    }

    const float* const values_;
    Eq eq_;
    Comp comp_;
    PitchShift pitch_;
    Dist dist_;
    Bitcrush bitcrush_;
    Delay delay_;
    Rev rev_;
    Effect* effects_[kFxCount] = {};  // by kind; none for kNone
    Order order_{};
    float share_[kFxCount] = {};   // how much of an effect is heard, while it fades
    bool entered_[kFxCount] = {};  // whether an effect's memory is of this sound
    int wait_[kFxCount] = {};      // samples until one that comes back is faded in
    float inputs_[kFxCount][kMostChannels][kBlock] = {};  // of the last block
    float fade_step_ = 1;
    int channels_ = kMostChannels, settled_latency_ = -1;
    Ring dry_[kMostChannels];
};

}  // namespace ifx
