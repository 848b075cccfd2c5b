#include "job/startJob.h"

#include <memory>
#include <string>
#include <utility>

#include "job/InputError.h"

namespace {

struct ProgressReport {
    double done;
    double total;
    double figure;
};

class JobWorker : public Napi::AsyncProgressWorker<ProgressReport> {
public:
    JobWorker(Napi::Env env, const Napi::Value& onProgress, std::shared_ptr<JobControl> control, JobWork work)
        : AsyncProgressWorker(env), deferred_(Napi::Promise::Deferred::New(env)), control_(std::move(control)),
          work_(std::move(work)) {
        if (onProgress.IsFunction())
            onProgress_ = Napi::Persistent(onProgress.As<Napi::Function>());
    }

    Napi::Promise promise() const { return deferred_.Promise(); }

    void Execute(const ExecutionProgress& progress) override {
        control_->setReport([&progress](double done, double total, double figure) {
            const ProgressReport report{done, total, figure};
            progress.Send(&report, 1);
        });
        try {
            toValue_ = work_(*control_);
        } catch (const CanceledError& error) {
            code_ = "CANCELED";
            SetError(error.what());
        } catch (const InputError& error) {
            code_ = "BAD_INPUT";
            SetError(error.what());
        } catch (const std::exception& error) {
            SetError(error.what());
        }
        control_->setReport(nullptr);
    }

    void OnProgress(const ProgressReport* report, size_t count) override {
        if (onProgress_.IsEmpty() || count == 0)
            return;
        Napi::HandleScope scope(Env());
        onProgress_.Call({Napi::Number::New(Env(), report->done), Napi::Number::New(Env(), report->total),
                          Napi::Number::New(Env(), report->figure)});
    }

    void OnOK() override {
        Napi::HandleScope scope(Env());
        deferred_.Resolve(toValue_(Env()));
    }

    void OnError(const Napi::Error& error) override {
        Napi::HandleScope scope(Env());
        Napi::Object value = error.Value();
        if (!code_.empty())
            value.Set("code", code_);
        deferred_.Reject(value);
    }

private:
    Napi::Promise::Deferred deferred_;
    Napi::FunctionReference onProgress_;
    std::shared_ptr<JobControl> control_;
    JobWork work_;
    std::function<Napi::Value(Napi::Env)> toValue_;
    std::string code_;
};

} // namespace

Napi::Object startJob(Napi::Env env, const Napi::Value& onProgress, JobWork work) {
    auto control = std::make_shared<JobControl>();
    auto* worker = new JobWorker(env, onProgress, control, std::move(work)); // deletes itself when done
    Napi::Object job = Napi::Object::New(env);
    job.Set("result", worker->promise());
    job.Set("cancel", Napi::Function::New(env, [control](const Napi::CallbackInfo&) { control->cancel(); }));
    worker->Queue();
    return job;
}
