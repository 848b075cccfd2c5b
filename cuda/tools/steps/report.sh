# Writes what was measured to bench/results/<gpu>-<date>.json and as tables to .md beside it.

step_report() {
    local inputs=() file
    for file in "$work"/sweep.tsv "$work"/models-*.csv; do
        [ ! -e "$file" ] || inputs+=("$file")
    done
    if [ ${#inputs[@]} -eq 0 ]; then
        echo "nothing has been measured; run the steps sweep and models" >&2
        return 1
    fi
    local name
    name=$root/bench/results/$(tr -cs 'A-Za-z0-9\n' - <<<"$gpu")-$(date +%Y-%m-%d)
    mkdir -p "$root/bench/results"
    local toolkit
    toolkit=$("${NVCC:-nvcc}" --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\).*/\1/p') || true
    # mawk reads numbers by the locale.
    LC_ALL=C awk -v json="$name.json" -v markdown="$name.md" -v gpu="$gpu" -v date="$(date +%Y-%m-%d)" \
        -v commit="$(cat "$bin/commit")" -v toolkit="$toolkit" \
        -v driver="$(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -n 1)" \
        -v attention="$(cat "$bin/flash-attention")" -v skipped="$(cat "$work/skipped")" -f "$tools/steps/report.awk" "${inputs[@]}" || return 1
    cat "$name.md"
    echo "wrote $name.json and $name.md"
}
