#!/usr/bin/env bash
# Builds the examples into DIR.
# build.sh DIR mingw       for Windows, to be run under Wine or copied there
# build.sh DIR NTPIPE      for this machine, NTPIPE being the ntpipe command
set -euo pipefail
cd "$(dirname "$0")"
dir=$1
mkdir -p "$dir"
for source in *.c *.cpp; do
  name=${source%.*}
  if [[ $2 != mingw ]]; then
    [[ $source == *.cpp ]] && mode=c++ || mode=cc
    "$2" "$mode" -O2 "$source" -o "$dir/$name"
    continue
  fi
  # Without the last macro mingw's wprintf has C's %s instead of Windows'.
  flags=(-O2 -Wall -Wextra -static -D__USE_MINGW_ANSI_STDIO=0)
  libraries=()
  [[ $source == unicode_* ]] && flags+=(-municode)
  [[ $source == nt_* ]] && libraries=(-lntdll)
  [[ $source == *.cpp ]] && compiler=g++ || compiler=gcc
  x86_64-w64-mingw32-$compiler "${flags[@]}" "$source" -o "$dir/$name.exe" "${libraries[@]}"
done
