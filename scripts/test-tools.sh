#!/usr/bin/env sh
# What the tests need beside the environments: a browser, and the payment counterparts.
set -eu
cd "$(dirname "$0")/.."

if ! command -v chromium >/dev/null 2>&1 && [ -z "${ACUERDO_CHROMIUM:-}" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing Chromium for the browser tests"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            chromium fonts-liberation fonts-noto-color-emoji >/dev/null
    else
        echo "Browser tests are skipped: install Chromium, or name it with ACUERDO_CHROMIUM." >&2
    fi
fi

# Stripe's own OpenAPI description, as it comes inside this package: the oracle for every request.
spec=.cache/stripe/spec3.json
if [ ! -f "$spec" ]; then
    mkdir -p .cache/stripe
    # uv's own environment has pip; without `make setup` any Python with pip will do.
    python=.cache/uv/bin/python
    [ -x "$python" ] || python=python3
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps \
        --ignore-requires-python --only-binary=:all: --python-version 3.14 \
        -d .cache/stripe 'seahaven-stripe-world==0.3.0'
    .venv/bin/python - <<'PY'
import pathlib
import zipfile

wheel = next(pathlib.Path(".cache/stripe").glob("seahaven_stripe_world-*.whl"))
with zipfile.ZipFile(wheel) as archive:
    name = next(n for n in archive.namelist() if n.endswith("spec/spec3.json"))
    pathlib.Path(".cache/stripe/spec3.json").write_bytes(archive.read(name))
wheel.unlink()
PY
fi

# A Stripe counterpart with a page to press and signed webhooks (needs Node 20 or newer).
if command -v npm >/dev/null 2>&1 && [ ! -d .cache/emulate/node_modules/emulate ]; then
    mkdir -p .cache/emulate
    npm install --silent --no-fund --no-audit --prefix .cache/emulate 'emulate@0.11.2' >/dev/null
fi
