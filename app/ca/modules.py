"""Where PKCS#11 modules usually are, by platform."""

import glob
import os
import sys
from pathlib import Path

# SoftHSM first: tests and rehearsals use it; then what token vendors and OpenSC install. Patterns may hold wildcards.
_USUAL: dict[str, tuple[str, ...]] = {
    "linux": (
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/*/softhsm/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
        "/usr/lib/*/opensc-pkcs11.so",
        "/usr/lib64/opensc-pkcs11.so",
        "/usr/lib/libeTPkcs11.so",
        "/usr/lib/libcastle.so.1.0.0",
        "/usr/lib/*/libcastle.so.1.0.0",
    ),
    "darwin": (
        "/opt/homebrew/lib/softhsm/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
        "/Library/OpenSC/lib/opensc-pkcs11.so",
        "/usr/local/lib/libeTPkcs11.dylib",
        "/usr/local/lib/libcastle.1.0.0.dylib",
    ),
    "win32": (
        r"C:\SoftHSM2\lib\softhsm2-x64.dll",
        r"C:\Program Files\SoftHSM2\lib\softhsm2-x64.dll",
        r"C:\Program Files\OpenSC Project\OpenSC\pkcs11\opensc-pkcs11.dll",
        r"C:\Windows\System32\eTPKCS11.dll",
        r"C:\Windows\System32\eps2003csp11.dll",
    ),
}


def find_modules() -> list[str]:
    """Paths of the PKCS#11 modules found on this machine; SoftHSM first.

    ``BIDROOM_PKCS11`` (paths separated like PATH) names further ones and comes before all others.
    """
    found: dict[str, str] = {}
    named = [path for path in os.environ.get("BIDROOM_PKCS11", "").split(os.pathsep) if path]
    for pattern in [*named, *_USUAL.get(sys.platform, ())]:
        for path in sorted(glob.glob(pattern)):
            found.setdefault(os.path.realpath(path), path)
    return [path for path in found.values() if Path(path).is_file()]
