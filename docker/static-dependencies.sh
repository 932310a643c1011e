#!/bin/sh
# Builds pgentry's libraries as static musl archives, with .pc files for CMake, into PREFIX.
#
#   static-dependencies.sh PREFIX   builds; about 90 s of CPU
#   static-dependencies.sh --key    prints what PREFIX would hold, as one word: versions and flags, hashed
#
# The sources are Debian's own, fetched and checked by apt from the mirrors this system already uses, so that a security
# update of Debian is one here as well. Debian's ready-made libpq.a and libmicrohttpd.a cannot be linked statically
# (GSSAPI, LDAP, GnuTLS), hence the build. OpenSSL is reduced to what TLS 1.2, TLS 1.3 and SCRAM need.
#
# Needs: gcc musl-tools dpkg-dev make cmake perl bison flex. PREFIX/versions says what was built.
# libmicrohttpd is LGPL: this script and the sources are what relinking needs.
set -eu

# source package and the binary package whose version stands for it
packages="openssl:libssl-dev postgresql-15:libpq-dev libyaml:libyaml-dev libuv1:libuv1-dev jansson:libjansson-dev \
libmicrohttpd:libmicrohttpd-dev"

if [ "${1:-}" = --key ]; then
    {
        cat "$0"
        musl-gcc --version
        dpkg-query -W -f '${Package} ${Version}\n' musl-dev
        for package in $packages; do
            apt-cache policy "${package#*:}" | sed -n "s/^  Candidate:/${package%:*}/p"
        done
    } | sha256sum | cut -c 1-16
    exit
fi

prefix=$(realpath -m "${1:?usage: static-dependencies.sh PREFIX}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap "exit 1" HUP INT TERM
jobs=-j$(nproc)

case $(dpkg --print-architecture) in
    amd64) openssl_target=linux-x86_64 ;;
    arm64) openssl_target=linux-aarch64 ;;
    *) echo "no static build for $(dpkg --print-architecture)" >&2 && exit 1 ;;
esac

# Sections, so that the linker drops what nobody calls; no unwind tables, because nothing unwinds C; paths and the date
# are kept out of the archives, so that the same sources give the same bytes. No PIE: it costs 0.2 ms and 0.3 MB.
export CC=musl-gcc SOURCE_DATE_EPOCH=0
cflags="-Os -fno-pie -no-pie -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fstack-protector-strong -fstack-clash-protection \
-ffile-prefix-map=$work=. -idirafter $prefix/kernel-headers"

# Runs a command; its output is shown only if it fails.
quiet() {
    "$@" >"$work/log" 2>&1 || {
        tail -n 30 "$work/log" >&2
        return 1
    }
}

# apt with a state of its own: this system's sources as deb-src, whether or not the system itself has any.
apt_state() {
    mkdir -p "$work/apt/lists/partial" "$work/apt/parts" "$work/source"
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -e "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/apt/parts/$(basename "$file")"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -s "$file" ] && sed -n 's/^deb /deb-src /p' "$file" >"$work/apt/parts/$(basename "$file" .list).list"
    done
    cat >"$work/apt/apt.conf" <<END
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$work/apt/parts";
Dir::State::Lists "$work/apt/lists";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "root";
END
    export APT_CONFIG="$work/apt/apt.conf"
    quiet apt-get update -qq
}

# Unpacks the newest version of a source package that the mirror really has: an index may be ahead of its files.
fetch() {
    cd "$work/source"
    for version in $(apt-cache showsrc "$1" | awk '/^Version:/ {print $2}' | sort -Vru); do
        if apt-get source --download-only -qq "$1=$version" >/dev/null 2>&1; then
            # --no-check: apt has already checked the files against the signed index
            quiet dpkg-source --no-check -x "${1}_${version#*:}.dsc" "$1"
            echo "$1 $version" >>"$prefix/versions"
            return
        fi
    done
    echo "no source of $1" >&2
    return 1
}

# build NAME enters an empty folder for NAME and leaves its sources' folder in $source.
build() {
    source=$work/source/$1
    mkdir -p "$work/build/$1"
    cd "$work/build/$1"
}

# pc NAME VERSION-OF "LIBS" "REQUIRES": the .pc file by which pkg_check_modules finds an archive. Everything stands in
# Libs, not in Libs.private: there is no other way to link these. The prefix is relative: the folder may be moved.
pc() {
    version=$(awk -v package="$2" '$1 == package {sub(/^[0-9]+:/, "", $2); sub(/[-+~].*/, "", $2); print $2}' "$prefix/versions")
    cat >"$prefix/lib/pkgconfig/$1.pc" <<END
prefix=\${pcfiledir}/../..
Name: $1
Description: static musl build for pgentry
Version: $version
Requires: ${4:-}
Cflags: -I\${prefix}/include
Libs: -L\${prefix}/lib $3
END
}

# musl-gcc looks in no folder of the system's: give it the kernel's headers, and only those.
kernel_headers() {
    mkdir -p "$prefix/kernel-headers"
    ln -sfn /usr/include/linux "$prefix/kernel-headers/linux"
    ln -sfn /usr/include/asm-generic "$prefix/kernel-headers/asm-generic"
    ln -sfn "/usr/include/$(gcc -dumpmachine)/asm" "$prefix/kernel-headers/asm"
}

openssl() {
    build openssl
    quiet "$source/Configure" $openssl_target --prefix="$prefix" --libdir=lib --openssldir=/etc/ssl \
        no-shared no-pic no-module no-dso no-engine no-legacy no-tests no-async no-afalgeng no-ktls no-zlib no-comp \
        no-ssl3 no-tls1 no-tls1_1 no-dtls no-srp no-srtp no-psk no-nextprotoneg \
        no-ct no-cms no-cmp no-ts no-ocsp no-gost no-idea no-seed no-camellia no-aria no-bf no-cast no-des no-dsa \
        no-rc2 no-rc4 no-md4 no-mdc2 no-whirlpool no-rmd160 no-sm2 no-sm3 no-sm4 no-blake2 no-siphash no-scrypt no-ocb \
        no-ec2m no-ui-console no-autoload-config CFLAGS="$cflags"
    quiet make "$jobs" build_generated
    quiet make "$jobs" libcrypto.a libssl.a
    cp libcrypto.a libssl.a "$prefix/lib"
    mkdir -p "$prefix/include/openssl"
    cp "$source"/include/openssl/*.h include/openssl/*.h "$prefix/include/openssl"
    pc libcrypto openssl -lcrypto
    pc libssl openssl -lssl libcrypto
}

libpq() {
    build postgresql-15
    quiet "$source/configure" --prefix="$prefix" --sysconfdir=/etc/postgresql-common --with-openssl --without-readline \
        --without-zlib --without-gssapi --without-ldap --without-icu CFLAGS="$cflags" \
        CPPFLAGS="-I$prefix/include -idirafter $prefix/kernel-headers" LDFLAGS="-L$prefix/lib -static"
    quiet make -C src/backend generated-headers
    quiet make "$jobs" -C src/port all
    quiet make "$jobs" -C src/common libpgcommon.a
    quiet make "$jobs" -C src/interfaces/libpq all-static-lib
    cp src/interfaces/libpq/libpq.a src/common/libpgcommon.a src/port/libpgport.a "$prefix/lib"
    cp "$source"/src/interfaces/libpq/libpq-*.h "$source/src/include/postgres_ext.h" src/include/pg_config_ext.h \
        "$prefix/include"
    pc libpq postgresql-15 "-lpq -lpgcommon -lpgport" "libssl libcrypto"
}

cmake_library() {
    quiet cmake -G "Unix Makefiles" "$source" -DCMAKE_C_COMPILER="$(command -v $CC)" -DCMAKE_BUILD_TYPE=None \
        -DCMAKE_C_FLAGS="$cflags -static" -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib \
        -DBUILD_TESTING=OFF "$@"
}

libyaml() {
    build libyaml
    cmake_library -DBUILD_SHARED_LIBS=OFF
    quiet make "$jobs" yaml
    cp libyaml.a "$prefix/lib"
    cp "$source/include/yaml.h" "$prefix/include"
    pc yaml-0.1 libyaml -lyaml
}

libuv() {
    build libuv1
    cmake_library
    quiet make "$jobs" uv_a
    cp libuv_a.a "$prefix/lib/libuv.a"
    cp -r "$source"/include/* "$prefix/include"
    pc libuv libuv1 -luv
}

jansson() {
    build jansson
    cmake_library -DJANSSON_BUILD_DOCS=OFF -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON
    quiet make "$jobs"
    cp lib/libjansson.a "$prefix/lib"
    cp include/jansson*.h "$prefix/include"
    pc jansson jansson -ljansson
}

libmicrohttpd() {
    build libmicrohttpd
    quiet "$source/configure" --prefix="$prefix" --disable-shared --enable-static --disable-https --disable-doc \
        --disable-examples --disable-curl --disable-nls --disable-dauth --disable-bauth --disable-postprocessor \
        --disable-messages CFLAGS="$cflags" LDFLAGS=-static
    quiet make "$jobs" -C src/microhttpd libmicrohttpd.la
    cp src/microhttpd/.libs/libmicrohttpd.a "$prefix/lib"
    cp "$source/src/include/microhttpd.h" "$prefix/include"
    pc libmicrohttpd libmicrohttpd -lmicrohttpd
}

mkdir -p "$prefix/lib/pkgconfig" "$prefix/include"
: >"$prefix/versions"
kernel_headers
apt_state
for package in $packages; do
    fetch "${package%:*}"
done
for library in openssl libpq libyaml libuv jansson libmicrohttpd; do
    echo "building $library" >&2
    $library
done
