# Writes what was measured to bench/results/<gpu>-<date>.json and as tables to .md beside it.

step_report() {
    local inputs=() file
    for file in "$measured"/sweep.tsv "$measured"/models-*.csv; do
        [ ! -e "$file" ] || inputs+=("$file")
    done
    if [ ${#inputs[@]} -eq 0 ]; then
        echo "nothing has been measured of these sources on this GPU; run the steps sweep and models" >&2
        return 1
    fi
    local name
    name=$root/bench/results/$(tr -cs 'A-Za-z0-9\n' - <<<"$gpu")-$(date +%Y-%m-%d)
    mkdir -p "$root/bench/results"
    # mawk reads numbers by the locale.
    LC_ALL=C awk -v json="$measured/report.json" -v markdown="$measured/report.md" -v gpu="$gpu" -v date="$(date +%Y-%m-%d)" \
        -v commit="$(cat "$bin/commit")" -v toolkit="$(cat "$bin/toolkit")" -v driver="$(ask_driver driver_version)" \
        -v attention="$(cat "$bin/flash-attention")" -v skipped="$(cat "$measured/skipped")" -f "$tools/steps/report.awk" "${inputs[@]}" || return 1
    mv "$measured/report.json" "$name.json" && mv "$measured/report.md" "$name.md" || return 1
    cat "$name.md"
    echo "wrote $name.json and $name.md"
}
