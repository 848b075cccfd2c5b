#pragma once

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace mixllm {

/// Thrown by a job that noticed its cancellation.
class CanceledError : public std::runtime_error {
public:
    CanceledError() : std::runtime_error("canceled") {}
};

/// What the caller gave cannot be used; the message is shown to the user as it is.
class InputError : public std::runtime_error {
public:
    explicit InputError(const std::string& message) : std::runtime_error(message) {}
};

/// What a running job shares with JavaScript: whether it was canceled, and where its progress goes.
class JobControl {
public:
    using Report = std::function<void(double done, double total, double figure)>;

    bool canceled() const { return canceled_.load(std::memory_order_relaxed); }
    void cancel() { canceled_.store(true, std::memory_order_relaxed); }

    /// @throws CanceledError when the job was canceled
    void throw_if_canceled() const {
        if (canceled()) {
            throw CanceledError();
        }
    }

    /// Tells JavaScript that `done` of `total` units are finished; `figure` is whatever the job counts on the way.
    void report(double done, double total, double figure = 0) const {
        if (report_) {
            report_(done, total, figure);
        }
    }

    void set_report(Report report) { report_ = std::move(report); }

private:
    std::atomic<bool> canceled_{false};
    Report report_;
};

} // namespace mixllm
