#include "job/start_job.h"

#include <memory>
#include <string>
#include <utility>

#include "job/input_error.h"

namespace {

struct ProgressReport {
    double done;
    double total;
    double figure;
};

class JobWorker : public Napi::AsyncProgressWorker<ProgressReport> {
public:
    JobWorker(Napi::Env env, const Napi::Value& on_progress, std::shared_ptr<JobControl> control, JobWork work)
        : AsyncProgressWorker(env), deferred_(Napi::Promise::Deferred::New(env)), control_(std::move(control)),
          work_(std::move(work)) {
        if (on_progress.IsFunction()) {
            on_progress_ = Napi::Persistent(on_progress.As<Napi::Function>());
        }
    }

    Napi::Promise promise() const { return deferred_.Promise(); }

    void Execute(const ExecutionProgress& progress) override {
        control_->set_report([&progress](double done, double total, double figure) {
            const ProgressReport report{done, total, figure};
            progress.Send(&report, 1);
        });
        try {
            to_value_ = work_(*control_);
        } catch (const CanceledError& error) {
            code_ = "CANCELED";
            SetError(error.what());
        } catch (const InputError& error) {
            code_ = "BAD_INPUT";
            SetError(error.what());
        } catch (const std::exception& error) {
            SetError(error.what());
        }
        control_->set_report(nullptr);
    }

    void OnProgress(const ProgressReport* report, size_t count) override {
        if (on_progress_.IsEmpty() || count == 0) {
            return;
        }
        Napi::HandleScope scope(Env());
        on_progress_.Call({Napi::Number::New(Env(), report->done), Napi::Number::New(Env(), report->total),
                           Napi::Number::New(Env(), report->figure)});
    }

    void OnOK() override {
        Napi::HandleScope scope(Env());
        deferred_.Resolve(to_value_(Env()));
    }

    void OnError(const Napi::Error& error) override {
        Napi::HandleScope scope(Env());
        Napi::Object value = error.Value();
        if (!code_.empty()) {
            value.Set("code", code_);
        }
        deferred_.Reject(value);
    }

private:
    Napi::Promise::Deferred deferred_;
    Napi::FunctionReference on_progress_;
    std::shared_ptr<JobControl> control_;
    JobWork work_;
    std::function<Napi::Value(Napi::Env)> to_value_;
    std::string code_;
};

} // namespace

Napi::Object start_job(Napi::Env env, const Napi::Value& on_progress, JobWork work) {
    auto control = std::make_shared<JobControl>();
    auto* worker = new JobWorker(env, on_progress, control, std::move(work)); // deletes itself when done
    Napi::Object job = Napi::Object::New(env);
    job.Set("result", worker->promise());
    job.Set("cancel", Napi::Function::New(env, [control](const Napi::CallbackInfo&) { control->cancel(); }));
    worker->Queue();
    return job;
}
