// A queue of samples that allocates once. When it overflows, the oldest go.
#pragma once

#include <algorithm>
#include <vector>

namespace ifx {

class Ring {
public:
    void prepare(int capacity) {
        samples_.assign(capacity, 0.0f);
        clear();
    }

    void clear() { first_ = size_ = 0; }
    int size() const { return size_; }

    void push(const float* in, int count) {
        for (int n = 0; n < count; ++n) push(in[n]);
    }

    void push_silence(int count) {
        for (int n = 0; n < count; ++n) push(0.0f);
    }

    void pop(float* out, int count) {
        for (int n = 0; n < count; ++n) {
            out[n] = samples_[first_];
            first_ = next(first_);
        }
        size_ -= count;
    }

private:
    int next(int at) const { return at + 1 == capacity() ? 0 : at + 1; }
    int capacity() const { return static_cast<int>(samples_.size()); }

    void push(float value) {
        if (size_ == capacity()) {
            first_ = next(first_);
            --size_;
        }
        const int last = first_ + size_;
        samples_[last < capacity() ? last : last - capacity()] = value;
        ++size_;
    }

    std::vector<float> samples_;
    int first_ = 0, size_ = 0;
};

}  // namespace ifx
