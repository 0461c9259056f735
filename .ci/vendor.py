"""Fetches what the dashboard's pages run in browsers and we did not write: `make vendor`.

One package from npm, by npm itself: its archive must have the digest below, and the files named are
written as they are into app/dashboard/static/vendor, beside their licence and DIGESTS.txt, which
`sha256sum --check` reads and tests/dashboard/test_vendored.py checks. Users run nothing of this:
the files are in the repository and in the wheel.

For a newer version: change VERSION and ARCHIVE (`npm view uplot@VERSION dist.integrity`), read the
differences of the unminified file, run this, then the browser tests.
"""

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE, VERSION = "uplot", "1.6.32"
ARCHIVE = "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="
# File of the archive -> its name with us.
FILES = {
    "package/dist/uPlot.iife.min.js": "uplot.js",
    "package/dist/uPlot.min.css": "uplot.css",
    "package/LICENSE": "uplot-licence.txt",
}
PLACE = Path(__file__).parents[1] / "app" / "dashboard" / "static" / "vendor"


def main() -> None:
    """Fetch, check, write."""
    with tempfile.TemporaryDirectory() as folder:
        asked = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", folder]
        subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - constants above
        archive = Path(folder) / f"{PACKAGE}-{VERSION}.tgz"
        found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != ARCHIVE:
            sys.exit(f"{archive.name}: found sha512-{found}; accepted: sha512-{ARCHIVE}")
        with tarfile.open(archive) as packed:
            contents = {name: _content(packed, file) for file, name in FILES.items()}
    PLACE.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (PLACE / name).write_bytes(content)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    lines = [f"{digest}  {name}\n" for name, digest in digests.items()]
    (PLACE / "DIGESTS.txt").write_text("".join(lines))
    print(f"{PACKAGE} {VERSION}: {', '.join(contents)}")


def _content(packed: tarfile.TarFile, name: str) -> bytes:
    member = packed.extractfile(name)
    if member is None:
        sys.exit(f"{name} is no file of the archive")
    return member.read()


if __name__ == "__main__":
    main()
