"""Says whether dist/ is what the sources of the page were built to. Needs no Node."""

import hashlib
import json
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent
REBUILD = "run `npm ci && npm run build` in bot/demo/fake_slack/page"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def inputs_digest(page: Path) -> str:
    """The same digest as `inputsDigest` in build.mjs."""
    paths = [path for folder in ("src", "licenses") for path in (page / folder).rglob("*") if path.is_file()]
    names = [path.relative_to(page).as_posix() for path in paths]
    names += ["build.mjs", "package.json", "package-lock.json"]
    lines = [f"{name} {sha256((page / name).read_bytes())}\n" for name in sorted(names)]
    return sha256("".join(lines).encode())


def problem(page: Path = PAGE) -> str | None:
    """One sentence on what is wrong with the bundle, or None."""
    stamp_file = page / "dist" / "stamp.json"
    if not stamp_file.is_file():
        return f"dist/stamp.json is missing: {REBUILD}"
    stamp = json.loads(stamp_file.read_text(encoding="utf-8"))
    if stamp["inputs"] != inputs_digest(page):
        return f"the page's sources changed after dist/ was built: {REBUILD}"
    for name, digest in stamp["outputs"].items():
        path = page / name
        if not path.is_file():
            return f"{name} is missing: {REBUILD}"
        if sha256(path.read_bytes()) != digest:
            return f"{name} is not what the build wrote: {REBUILD}"
    known = {*stamp["outputs"], "dist/stamp.json"}
    built = {path.relative_to(page).as_posix() for path in (page / "dist").rglob("*") if path.is_file()}
    stray = sorted(built - known)
    if stray:
        return f"{stray[0]} was not written by the build: {REBUILD}"
    return None


if __name__ == "__main__":
    sentence = problem()
    if sentence:
        sys.exit(f"check_bundle: {sentence}")
    print("check_bundle: dist/ matches its sources")
