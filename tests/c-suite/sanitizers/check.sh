#!/usr/bin/env bash
# Runs the C suite and the examples below a tool that finds errors of memory or races of threads. They must
# print what they always print, and the tool must find nothing; but in wrong.c it must.
# check.sh valgrind DIR NTPIPE     NTPIPE being the ntpipe command; without rows that need_process, see below
# check.sh address|thread DIR      everything built anew into DIR, Rust's library too: takes nightly Rust with
#                                  rust-src, and clang
set -euo pipefail
tool=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
mkdir -p "$2"
dir=$(cd "$2" && pwd)
reports=$dir/reports
rm -rf "$reports" "$dir/pipes"
mkdir -m 700 "$reports" "$dir/pipes"
export NTPIPE_ROOT=$dir/pipes
# Four times what the suite otherwise takes for long enough to see that nothing happens.
export A_WHILE=200
rows=$(grep -v '^#' "$root/conformance/windows.txt" | cut -f 1 | uniq)

case $tool in
valgrind)
  ntpipe=$3
  # These wait for processes or ask for their tokens. Valgrind 3.19, which is Debian's, knows no pidfd_open.
  need_process=(92 95 163 180 181 183 184 196 211 212 214 216 217 218)
  rows=$(grep -vxF -f <(printf '%s\n' "${need_process[@]}") <<<"$rows")
  export SKIP='impersonating redirect peek'
  cc -shared -fPIC -O1 -Wall -Wextra -o "$dir/fcntl.so" "$here/fcntl.c"
  runner=(env "LD_PRELOAD=$dir/fcntl.so" valgrind --trace-children=yes --child-silent-after-fork=yes
    --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect
    --error-exitcode=99 "--log-file=$reports/%p")
  ;;
address | thread)
  target=x86_64-unknown-linux-gnu
  # An object file of clang's calls the same functions of the runtime as one of rustc's.
  export CC=clang CXX=clang++
  CFLAGS="-fsanitize=$tool -g" RUSTFLAGS="-Zsanitizer=$tool -Cforce-frame-pointers" \
    CARGO_TARGET_DIR=$dir cargo +nightly build --manifest-path "$root/Cargo.toml" \
    -Zbuild-std --target $target -p ntpipe-cli -p ntpipe-win32
  runtime=$(rustc +nightly --print target-libdir)/librustc-nightly_rt.${tool:0:1}san.a
  ntpipe=$dir/ntpipe-$tool
  cat >"$ntpipe" <<END
#!/bin/sh
mode=\$1
shift
exec "$dir/$target/debug/ntpipe" "\$mode" -g -fsanitize=$tool -fno-sanitize-link-runtime "\$@" \
  -Wl,--export-dynamic -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive
END
  chmod +x "$ntpipe"
  runner=(env)
  # Variables stay in the stack, where the library must know those of a thread that ends.
  export ASAN_OPTIONS="log_path=$reports/address strict_string_checks=1 detect_stack_use_after_return=0"
  export TSAN_OPTIONS="log_path=$reports/thread history_size=4"
  ;;
*)
  echo "no tool $tool" >&2
  exit 2
  ;;
esac

failed=0
# Whether a report tells of an error; then it is shown. Only valgrind writes one without.
told() {
  local report found=1
  for report in "$reports"/*; do
    [[ ! -e $report ]] || grep -q 'ERROR SUMMARY: 0 errors' "$report" && continue
    found=0
    "$@" "$report"
  done
  return $found
}

"$ntpipe" cc -std=c99 -O1 -g -o "$dir/wrong" "$here/wrong.c"
"${runner[@]}" "$dir/wrong" >"$dir/printed" && failed=1
if [[ $failed == 1 ]] || ! told true; then
  echo "$tool: does not find what is wrong in wrong.c"
  exit 1
fi
rm "$reports"/*

"$ntpipe" cc -std=c99 -O1 -g -o "$dir/sections" "$root"/conformance/*.c
# shellcheck disable=SC2086
timeout -k 5 600 "${runner[@]}" "$dir/sections" $rows >"$dir/printed" || failed=1
awk -F '\t' 'NR == FNR { chosen[$1]; next } $1 in chosen' <(printf '%s\n' "$rows") \
  "$root/conformance/windows.txt" | diff -u - "$dir/printed" || failed=1
bash "$root/examples/win32/build.sh" "$dir/examples" "$ntpipe"
bash "$root/examples/win32/run.sh" "$dir/examples" "${runner[*]}" || failed=1
! told cat || failed=1
echo "$tool: $(wc -w <<<"$rows") rows and the examples, $([[ $failed == 0 ]] || echo "not ")as they should be"
exit $failed
