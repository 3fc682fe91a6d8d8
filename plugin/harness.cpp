// The chain without a plugin around it, for tests and measurements; reads and writes raw 32-bit
// floats, one channel after the other.
//
//   harness render RATE CHANNELS BLOCK [[@SAMPLE:]SYMBOL=VALUE …] < in > out   latency made up for
//   harness tail [SYMBOL=VALUE …]                                     prints seconds
//   harness stress RATE CHANNELS SEED SECONDS                         random values and blocks
//   harness threads RATE SECONDS                                      values set while it renders
//   harness shifts RATE                                               shifts by 3 semitones, small blocks
//   harness allocations RATE                                          prints how many while it plays
//   harness time RATE BLOCK SECONDS [SYMBOL=VALUE …]                  prints processor seconds

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "dsp/chain.hpp"

#ifdef IFX_COUNT_ALLOCATIONS  // glibc only, and not under sanitizers
static thread_local bool counting = false;
static int allocations = 0;
extern "C" void* __libc_malloc(size_t);
extern "C" void* malloc(size_t size) {
    if (counting) ++allocations;
    return __libc_malloc(size);
}
#else
static bool counting = false;
static int allocations = 0;
#endif

namespace {

using ifx::Chain;
using Sound = std::vector<std::vector<float>>;

int index_of(const std::string& symbol) {
    for (int i = 0; i < ifx::kParameterCount; ++i)
        if (symbol == ifx::kParameters[i].symbol) return i;
    std::fprintf(stderr, "no parameter %s\n", symbol.c_str());
    std::exit(2);
}

struct Change {
    size_t at;
    int index;
    float value;
};

/// SYMBOL=VALUE counts from the beginning, @SAMPLE:SYMBOL=VALUE from the block that it falls in.
Change change_of(const std::string& text) {
    const auto colon = text[0] == '@' ? text.find(':') + 1 : 0;
    const auto equals = text.find('=');
    return {colon == 0 ? 0 : size_t(std::atol(text.c_str() + 1)),
            index_of(text.substr(colon, equals - colon)),
            std::strtof(text.c_str() + equals + 1, nullptr)};
}

void set_all(Chain& chain, char** first, char** last) {
    for (; first != last; ++first) {
        const Change change = change_of(*first);
        if (change.at == 0) chain.set(change.index, change.value);
    }
}

void process(Chain& chain, Sound& sound, size_t at, int count) {
    float* pointers[ifx::kMostChannels] = {};
    for (size_t channel = 0; channel < sound.size(); ++channel)
        pointers[channel] = sound[channel].data() + at;
    chain.process(pointers, pointers, count);
}

bool finite(const Sound& sound) {
    for (const auto& channel : sound)
        for (float x : channel)
            if (!std::isfinite(x)) return false;
    return true;
}

int render(double rate, int channels, int block, char** first, char** last) {
    std::vector<float> in;
    float buffer[4096];
    while (const size_t got = std::fread(buffer, sizeof(float), 4096, stdin))
        in.insert(in.end(), buffer, buffer + got);
    const size_t samples = in.size() / channels;
    Chain chain;
    set_all(chain, first, last);
    chain.prepare(rate, channels);
    const size_t latency = chain.latency();
    Sound sound(channels);
    for (int channel = 0; channel < channels; ++channel) {
        sound[channel].assign(in.begin() + channel * samples, in.begin() + (channel + 1) * samples);
        sound[channel].resize(samples + latency, 0.0f);
    }
    for (size_t at = 0; at < samples + latency; at += block) {
        for (char** word = first; word != last; ++word) {
            const Change change = change_of(*word);
            if (change.at > 0 && change.at >= at && change.at < at + block) chain.set(change.index, change.value);
        }
        process(chain, sound, at, int(std::min<size_t>(block, samples + latency - at)));
    }
    for (const auto& channel : sound)
        std::fwrite(channel.data() + latency, sizeof(float), samples, stdout);
    return chain.dry_runs() == 0 ? 0 : 3;
}

int stress(double rate, int channels, int seed, double seconds) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> unit(0, 1);
    Chain chain;
    chain.prepare(rate, channels);
    const float nonsense[] = {NAN, INFINITY, -INFINITY, 3e38f, 1e-40f};
    float loudest = 0;
    for (double done = 0; done < seconds * rate;) {
        const int changes = int(6 * unit(random));
        for (int i = 0; i < changes; ++i) {
            const int index = int(unit(random) * ifx::kParameterCount) % ifx::kParameterCount;
            const auto& p = ifx::kParameters[index];
            chain.set(index, unit(random) < 0.02f ? nonsense[int(4.99f * unit(random))]
                                                  : p.low + (p.high - p.low) * unit(random));
        }
        const int block = 1 + int(unit(random) * unit(random) * 2048);
        Sound sound(channels, std::vector<float>(block));
        for (auto& channel : sound)
            for (float& x : channel) x = unit(random) - 0.5f;
        if (unit(random) < 0.1f) sound[0][int(unit(random) * block) % block] = nonsense[int(4.99f * unit(random))];
        process(chain, sound, 0, block);
        if (!finite(sound)) return std::fprintf(stderr, "no number came out\n"), 1;
        for (float x : sound[0]) loudest = std::max(loudest, std::abs(x));
        if (unit(random) < 0.01f) chain.reset();
        if (unit(random) < 0.003f) chain.prepare(unit(random) < 0.5f ? 44100 : 96000, channels);
        done += block;
    }
    if (loudest == 0) return std::fprintf(stderr, "nothing came out\n"), 1;
    // After all of that, silence in is silence out.
    chain.prepare(rate, channels);
    Sound silence(channels, std::vector<float>(size_t(rate)));
    process(chain, silence, 0, int(rate));
    for (const auto& channel : silence)
        for (float x : channel)
            if (x != 0) return std::fprintf(stderr, "silence became sound\n"), 1;
    return 0;
}

int threads(double rate, double seconds) {
    Chain chain;
    chain.prepare(rate, 2);
    std::atomic<bool> stop{false};
    std::thread hand([&] {
        std::mt19937 random(1);
        std::uniform_real_distribution<float> unit(0, 1);
        while (!stop) {
            const int index = int(unit(random) * ifx::kParameterCount) % ifx::kParameterCount;
            const auto& p = ifx::kParameters[index];
            chain.set(index, p.low + (p.high - p.low) * unit(random));
            if (chain.get(index) != chain.get(index)) std::abort();
            chain.latency();
            std::this_thread::yield();
        }
    });
    bool sound_is_finite = true;
    for (int i = 0; i < seconds * rate / 256; ++i) {
        Sound sound(2, std::vector<float>(256, 0.1f));
        process(chain, sound, 0, 256);
        sound_is_finite = sound_is_finite && finite(sound);
    }
    stop = true;
    hand.join();
    return sound_is_finite ? 0 : 1;
}

int shifts(double rate) {
    Chain chain;
    chain.set(ifx::kSlot1, ifx::kPitchshift);
    int dry = 0;
    for (float semitones = -24; semitones <= 24; semitones += 3)
        for (int block : {1, 64}) {
            chain.set(ifx::kPitchshiftSemitones, semitones);
            chain.prepare(rate, 1);
            Sound sound(1, std::vector<float>(size_t(0.15 * rate), 0.1f));
            for (size_t at = 0; at < sound[0].size(); at += block)
                process(chain, sound, at, int(std::min<size_t>(block, sound[0].size() - at)));
            dry += chain.dry_runs();
        }
    std::printf("%d\n", dry);
    return dry == 0 ? 0 : 3;
}

/// Everything moves but what is asked of Rubber Band; then that as well.
int allocations_while_playing(double rate) {
    std::mt19937 random(4);
    std::uniform_real_distribution<float> unit(0, 1);
    for (const bool shifting : {false, true}) {
        Chain chain;
        chain.set(ifx::kSlot1, ifx::kPitchshift);
        chain.set(ifx::kPitchshiftSemitones, 5);
        chain.prepare(rate, 2);
        Sound sound(2, std::vector<float>(512));
        allocations = 0;
        for (int i = 0; i < 400; ++i) {
            for (auto& channel : sound)
                for (float& x : channel) x = unit(random) - 0.5f;
            int index = int(unit(random) * ifx::kParameterCount) % ifx::kParameterCount;
            if (index == ifx::kPitchshiftSemitones && !shifting) index = ifx::kTrimDb;
            const auto& p = ifx::kParameters[index];
            const float value = p.low + (p.high - p.low) * unit(random);
            counting = true;
            chain.set(index, value);
            process(chain, sound, 0, 512);
            counting = false;
        }
        std::printf("%d\n", allocations);
    }
    return 0;
}

int tail(char** first, char** last) {
    Chain chain;
    set_all(chain, first, last);
    std::printf("%.6f\n", chain.tail_seconds());
    return 0;
}

int time(double rate, int block, double seconds, char** first, char** last) {
    Chain chain;
    set_all(chain, first, last);
    chain.prepare(rate, 2);
    std::mt19937 random(0);
    std::uniform_real_distribution<float> unit(-0.5f, 0.5f);
    Sound sound(2, std::vector<float>(size_t(rate * seconds)));
    for (auto& channel : sound)
        for (float& x : channel) x = unit(random);
    const std::clock_t start = std::clock();
    for (size_t at = 0; at + block <= sound[0].size(); at += block) process(chain, sound, at, block);
    std::printf("%.6f\n", double(std::clock() - start) / CLOCKS_PER_SEC);
    return 0;
}

}  // namespace

int main(int count, char** words) {
    const std::string mode = count > 1 ? words[1] : "";
    auto number = [&](int i) { return std::atof(words[i]); };
    if (mode == "render" && count >= 5)
        return render(number(2), int(number(3)), int(number(4)), words + 5, words + count);
    if (mode == "stress" && count == 6)
        return stress(number(2), int(number(3)), int(number(4)), number(5));
    if (mode == "threads" && count == 4) return threads(number(2), number(3));
    if (mode == "allocations" && count == 3) return allocations_while_playing(number(2));
    if (mode == "tail") return tail(words + 2, words + count);
    if (mode == "shifts" && count == 3) return shifts(number(2));
    if (mode == "time" && count >= 5)
        return time(number(2), int(number(3)), number(4), words + 5, words + count);
    std::fprintf(stderr, "see the first lines of harness.cpp\n");
    return 2;
}
