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

# Serves Meta's own description of the WhatsApp API, and refuses what it does not allow.
if command -v npm >/dev/null 2>&1 && [ ! -d .cache/prism/node_modules/@stoplight/prism-cli ]; then
    mkdir -p .cache/prism
    npm install --silent --no-fund --no-audit --prefix .cache/prism '@stoplight/prism-cli@5.14.2' >/dev/null
fi

# A Stripe counterpart that keeps accounts: refunds, declines, 3-D Secure, disputes, idempotency. It is
# written for Python 3.14; for 3.13 two points of syntax are rewritten after it is unpacked.
world=.cache/stripe/world
if [ ! -f "$world/ready" ]; then
    newest=""
    for candidate in python3.14 python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.14*/bin/python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then
            newest=$candidate
            break
        fi
    done
    if [ -z "$newest" ]; then
        echo "Tests against the Stripe world are skipped: no Python 3.13 or newer was found." >&2
    else
        echo "Installing the Stripe world"
        "$newest" -m venv "$world"
        "$world/bin/python" -m pip install --quiet --disable-pip-version-check \
            'apsw>=3.53.4' 'pydantic>=2.13.5,<3' pyyaml starlette uvicorn
        "$world/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps \
            --ignore-requires-python --only-binary=:all: --python-version 3.14 -d "$world/wheels" \
            'seahaven==0.6.0' 'seahaven-stripe-world==0.3.0'
        "$world/bin/python" tests/payments/unpack_world.py "$world/wheels"
        touch "$world/ready"
    fi
fi

# An implementation of Telegram's Bot API that is not ours, in process; it wants Python 3.12 or newer.
telegram=.cache/tg-auto-test
if [ ! -f "$telegram/ready" ]; then
    newest=""
    for candidate in python3.13 python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
            newest=$candidate
            break
        fi
    done
    if [ -z "$newest" ]; then
        echo "Tests against tg-auto-test are skipped: no Python 3.12 or newer was found." >&2
    else
        echo "Installing tg-auto-test"
        "$newest" -m venv "$telegram"
        "$telegram/bin/python" -m pip install --quiet --disable-pip-version-check \
            'tg-auto-test==1.3.24' 'python-telegram-bot==22.8' 'sqlmodel>=0.0.30' \
            'pydantic-settings>=2.10' 'babel>=2.17' 'pyyaml>=6.0'
        touch "$telegram/ready"
    fi
fi
