#!/bin/sh
# Is a release binary hardened as CMakeLists.txt asks for?   sh tests/hardening.sh build/release/pgentry
set -u
binary=$1
failed=0

# has WHAT PATTERN TEXT: the text holds the pattern.
has() {
    if ! printf '%s\n' "$3" | grep -Eq "$2"; then
        echo "$binary: no $1"
        failed=1
    fi
}

headers=$(readelf -hW "$binary") && segments=$(readelf -lW "$binary") && dynamic=$(readelf -dW "$binary") &&
    symbols=$(readelf -sW "$binary") || exit 1
has "position-independent code" 'Type: +DYN' "$headers"
has "read-only relocations" 'GNU_RELRO' "$segments"
has "binding at the start, after which relocations are read-only" 'BIND_NOW|FLAGS_1.*NOW' "$dynamic"
has "stack without execution" 'GNU_STACK.* RW +0x' "$segments"
has "stack protector" '__stack_chk_fail' "$symbols"
has "fortified calls" '_chk@GLIBC' "$symbols"
if printf '%s\n' "$segments" | grep -Eq 'LOAD.* RWE '; then
    echo "$binary: a segment that can be written and executed"
    failed=1
fi
if printf '%s\n' "$dynamic" | grep -Eq 'RPATH|RUNPATH|TEXTREL'; then
    echo "$binary: a library path, or relocations in the code"
    failed=1
fi
exit $failed
