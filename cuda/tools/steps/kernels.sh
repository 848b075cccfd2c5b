# The kernels on the GPU: their tests, compute-sanitizer, and the sweep.

# Whether program $1 is there, built from these sources.
is_built() {
    if [ ! -x "$bin/$1" ]; then
        echo "$bin/$1 was not built; run the step build" >&2
        return 1
    fi
    if [ "$(cat "$bin/sources")" != "$key" ]; then
        echo "$bin was built from other sources or for another GPU; run the step build" >&2
        return 1
    fi
}

# Runs a program of $bin; $1: seconds after which it hangs.
run_built() {
    local seconds=$1 program=$2
    shift 2
    is_built "$program" || return 1
    LD_LIBRARY_PATH="$bin:${LD_LIBRARY_PATH:-}:$(toolkit_libraries)" timeout "$seconds" "$bin/$program" "$@"
}

# Where the CUDA runtime and cuBLAS lie, for toolkits that the dynamic linker does not know.
toolkit_libraries() {
    local nvcc
    nvcc=$(readlink -f "$(find_nvcc)") || true
    local home=${nvcc%/bin/nvcc}
    echo "$home/lib64:$home/targets/$(uname -m)-linux/lib"
}

step_test() {
    run_built 150 kernel-test
}

step_sanitize() {
    is_built kernel-test || return 1
    local sanitizer
    sanitizer=$(command -v compute-sanitizer || echo "$(dirname "$(find_nvcc)")/compute-sanitizer")
    if [ ! -x "$sanitizer" ]; then
        skip "there is no compute-sanitizer"
        return
    fi
    local tool less status=0
    for tool in memcheck racecheck; do
        echo "$tool:"
        # A tenth of the cases: each takes many times longer under it.
        less=(MIXLLM_TEST_EVERY=10)
        # racecheck takes a bulk copy for a write by the thread that starts it, and calls every read of it a race.
        [ "$tool" = memcheck ] || less+=(MIXLLM_TEST_WITHOUT_WGMMA=1)
        env "${less[@]}" LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}:$(toolkit_libraries)" timeout 150 \
            "$sanitizer" --tool "$tool" --error-exitcode 1 --print-limit 20 "$bin/kernel-test" || status=1
    done
    return $status
}

step_sweep() {
    local options=()
    case " ${failed[*]-} " in
    *" test "*)
        echo "the tests failed, so the kernel on Hopper's own instructions is left out: it might never end"
        options=(--without-wgmma)
        ;;
    esac
    run_built 420 sweep ${options[@]+"${options[@]}"} >"$measured/sweep.part" || return 1
    mv "$measured/sweep.part" "$measured/sweep.tsv"
}

# GGML_OP_MUL_MAT_MIXLLM on every device of the patched ggml, and small models loaded onto the GPU in every way.
step_op() {
    if [ ! -x "$bin/mul-mat-mixllm-test" ]; then
        skip "llama.cpp was not built"
        return
    fi
    local output
    output=$(run_built 150 mul-mat-mixllm-test 2>&1) || { echo "$output"; return 1; }
    echo "$output"
    if ! grep -q '^CUDA0: done' <<<"$output" || ! grep -q ' 0 skipped$' <<<"$output"; then
        echo "the op did not run on the GPU in every case" >&2
        return 1
    fi
    run_built 60 load-mixllm-test
}
