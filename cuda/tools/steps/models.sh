# Synthetic models: that the GPU computes what the CPU does, and prompt processing and generation by llama-bench, MixLLM
# against llama.cpp's own types.

step_models() {
    if [ ! -x "$bin/llama-bench" ]; then
        skip "llama.cpp was not built"
        return
    fi
    mkdir -p "$models"
    local size disagreed=
    for size in $sizes; do
        measure_size "$size" || return 1
    done
    [ -z "$disagreed" ]
}

measure_size() {
    local size=$1 type
    for type in 0 10 100; do
        make_model "$size-p$type" run_built 300 synthesize "$size" "$type" || return 1
    done
    local stock=()
    for type in Q4_0 Q4_K_M Q8_0; do
        stock+=("$size-$type")
    done
    if [ ! -e "$models/$size-Q8_0.gguf" ]; then
        make_model "$size-f16" run_built 300 synthesize "$size" f16 || return 1
        for type in Q4_0 Q4_K_M Q8_0; do
            make_model "$size-$type" quantize "$size" "$type" || return 1
        done
        rm -f "$models/$size-f16.gguf"
    fi
    if [ "$size" = 1b ]; then
        run_built 200 agreement "$models/1b-p10.gguf" || disagreed=yes
    fi
    # All on the GPU.
    bench "$size" all 99 "-p 512 -n 128" "$size-p0" "$size-p10" "$size-p100" "${stock[@]}" || return 1
    if [ "$size" = 1b ]; then
        # Half of the layers on the GPU; then none, where it still takes large batches of weights that lie in the CPU's memory.
        bench "$size" half 8 "-p 512 -n 64" "$size-p10" "$size-Q4_K_M" || return 1
        bench "$size" none 0 "-p 512 -n 0" "$size-p10" "$size-Q4_K_M" || return 1
    fi
    rm -f "$models/$size"-*.gguf
}

quantize() { # <size> <type> <file>
    run_built 400 llama-quantize "$models/$1-f16.gguf" "$3" "$2" "$(nproc)" >"$work/quantize.log" 2>&1 || {
        tail -n 5 "$work/quantize.log" >&2
        return 1
    }
}

# Makes $models/$1.gguf by the command, which takes the file as its last argument.
make_model() {
    local file=$models/$1.gguf
    shift
    [ -e "$file" ] || { "$@" "$file.part" && mv "$file.part" "$file"; }
}

# bench <size> <layers in words> <layers on the GPU> <what to run> <models...>: adds to the results.
bench() {
    local size=$1 where=$2 layers=$3 what=$4 files=() model
    shift 4
    for model in "$@"; do
        files+=(-m "$models/$model.gguf")
    done
    run_built 500 llama-bench "${files[@]}" -ngl "$layers" $what -r 5 -o csv >"$measured/models-$size-$where.part" \
        2>"$work/llama-bench.log" || {
        tail -n 5 "$work/llama-bench.log" >&2
        return 1
    }
    mv "$measured/models-$size-$where.part" "$measured/models-$size-$where.csv"
    echo "$size, $where layers on the GPU: $(($(wc -l <"$measured/models-$size-$where.csv") - 1)) figures"
}
