#include "common/native/start_job.h"

#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#ifdef __GLIBC__ // known by the headers above
#    include <malloc.h>
#endif

namespace mixllm {

namespace {

/// Gives what the job freed back to the system. Jobs run on changing threads, and the C library would keep as much for
/// each of them as the largest job took.
void return_freed_memory() {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

struct ProgressReport {
    double done;
    double total;
    double figure;
};

class JobWorker : public Napi::AsyncProgressWorker<ProgressReport> {
public:
    JobWorker(const Napi::CallbackInfo& info, std::shared_ptr<JobControl> control, JobWork work)
        : AsyncProgressWorker(info.Env()), deferred_(Napi::Promise::Deferred::New(info.Env())),
          control_(std::move(control)), work_(std::move(work)) {
        for (size_t i = 0; i < info.Length(); i++) {
            if (info[i].IsFunction() && i + 1 == info.Length()) {
                on_progress_ = Napi::Persistent(info[i].As<Napi::Function>());
            } else if (info[i].IsObject()) {
                arguments_.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
            }
        }
    }

    Napi::Promise promise() const { return deferred_.Promise(); }

    void Execute(const ExecutionProgress& progress) override {
        control_->set_report([&progress](double done, double total, double figure) {
            const ProgressReport report{done, total, figure};
            progress.Send(&report, 1);
        });
        try {
            control_->throw_if_canceled();
            to_value_ = work_(*control_);
        } catch (const CanceledError& error) {
            code_ = "CANCELED";
            SetError(error.what());
        } catch (const InputError& error) {
            code_ = "BAD_INPUT";
            SetError(error.what());
        } catch (const std::bad_alloc&) {
            SetError("not enough memory");
        } catch (const std::exception& error) {
            SetError(error.what());
        }
        control_->set_report(nullptr);
        return_freed_memory();
    }

    void OnProgress(const ProgressReport* report, size_t count) override {
        if (on_progress_.IsEmpty() || count == 0) {
            return;
        }
        const Napi::HandleScope scope(Env());
        on_progress_.Call({Napi::Number::New(Env(), report->done), Napi::Number::New(Env(), report->total),
                           Napi::Number::New(Env(), report->figure)});
    }

    void OnOK() override {
        const Napi::HandleScope scope(Env());
        deferred_.Resolve(to_value_(Env()));
    }

    void OnError(const Napi::Error& error) override {
        const Napi::HandleScope scope(Env());
        const Napi::Object value = error.Value();
        if (!code_.empty()) {
            value.Set("code", code_);
        }
        deferred_.Reject(value);
    }

private:
    Napi::Promise::Deferred deferred_;
    Napi::FunctionReference on_progress_;
    std::vector<Napi::ObjectReference> arguments_;
    std::shared_ptr<JobControl> control_;
    JobWork work_;
    JobResult to_value_;
    std::string code_;
};

} // namespace

Napi::Object start_job(const Napi::CallbackInfo& info, JobWork work) {
    const auto control = std::make_shared<JobControl>();
    auto* worker = new JobWorker(info, control, std::move(work)); // deletes itself when done
    const Napi::Object job = Napi::Object::New(info.Env());
    job.Set("result", worker->promise());
    job.Set("cancel", Napi::Function::New(info.Env(), [control](const Napi::CallbackInfo&) { control->cancel(); }));
    worker->Queue();
    return job;
}

} // namespace mixllm
