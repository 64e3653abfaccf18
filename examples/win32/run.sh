#!/usr/bin/env bash
# Runs the examples that were built into DIR, and compares what they print with expected/.
# run.sh DIR [RUNNER]      RUNNER is put before each program: run.sh out "wine"
# With BLESS set the output becomes the expected one; runs that SKIP names are left out. The programs'
# names may end in .exe.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$(cd "$1" && pwd)
runner=${2:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
while IFS='|' read -r run commands; do
  run=${run// /}
  [[ -z $run || $run == \#* ]] && continue
  [[ " ${SKIP:-} " == *" $run "* ]] && continue
  pids=()
  outputs=()
  number=0
  IFS='|' read -ra list <<<"$commands"
  for command in "${list[@]}"; do
    read -ra words <<<"$command"
    program=$dir/${words[0]}
    [[ -e $program ]] || program=$program.exe
    output=$work/$run.$number.${words[0]}
    # shellcheck disable=SC2086
    timeout 60 $runner "$program" "${words[@]:1}" >"$output" 2>"$output.err" </dev/null &
    pids+=($!)
    outputs+=("$output")
    number=$((number + 1))
  done
  verdict=ok
  for i in "${!pids[@]}"; do
    wait "${pids[$i]}"
    code=$?
    name=${outputs[$i]##*.}
    expected=$here/expected/$run.$name.txt
    [[ -n ${BLESS:-} ]] && tr -d '\r' <"${outputs[$i]}" >"$expected"
    if [[ $code != 0 ]] || ! diff -u "$expected" <(tr -d '\r' <"${outputs[$i]}"); then
      verdict="FAILED: $name, exit code $code"
      cat "${outputs[$i]}.err"
      failed=1
    fi
  done
  echo "$run: $verdict"
done <"$here/runs.txt"
exit $failed
