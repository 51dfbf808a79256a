#!/bin/sh
# Makes a 32-bit Debian with Python, SoftHSM and the tests' SKF module in a folder of its own, and prints what
# tests/ca/test_worker32.py needs to run on it. As root, with debootstrap; about 450 MB.
#   eval "$(tests/ca/make_i386.sh /tmp/i386)" && .venv/bin/python -m pytest tests/ca/test_worker32.py
set -eu
root=${1:?a folder}
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "$root/usr/bin/python3" ]; then
  debootstrap --arch=i386 --variant=minbase --include=python3-minimal,python3,gcc,libc6-dev,libssl-dev,softhsm2 \
    bookworm "$root" >&2
fi
cp "$here/skf_module.c" "$root/tmp/"
chroot "$root" gcc -shared -fPIC -O1 -o /tmp/skf32.so /tmp/skf_module.c -lcrypto >&2
cat >"$root/python32" <<END
#!/bin/sh
PYTHONHOME=$root/usr exec $root/lib/ld-linux.so.2 \\
  --library-path $root/lib/i386-linux-gnu:$root/usr/lib/i386-linux-gnu $root/usr/bin/python3 "\$@"
END
chmod +x "$root/python32"
echo "export BIDROOM_PYTHON32=$root/python32"
echo "export BIDROOM_TEST_SKF32=$root/tmp/skf32.so"
echo "export BIDROOM_TEST_SOFTHSM32=$root/usr/lib/softhsm/libsofthsm2.so"
