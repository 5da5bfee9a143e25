#!/usr/bin/env sh
# Builds both environments: .venv (the app) and .venv-rasa (Rasa, alone on Python 3.10).
# Needs Python 3.11 or newer and the package registry, nothing else.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\033[1m%s\033[0m\n' "$*"; }

python=""
for candidate in "${ACUERDO_PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$("$candidate" -c 'import sys; print(sys.executable)')
        break
    fi
done
if [ -z "$python" ]; then
    echo "Acuerdo needs Python 3.11 or newer. Install it, or name it: ACUERDO_PYTHON=/path/to/python3 make setup" >&2
    exit 1
fi

uv=.cache/uv/bin/uv
if [ ! -x "$uv" ]; then
    say "Getting uv"
    "$python" -m venv .cache/uv
    .cache/uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv==0.13.9'
fi

# Compiled once, here: where Python may not write bytecode (PYTHONDONTWRITEBYTECODE, a read-only
# image), each start would compile it all again, for more than half of its time.
say "The app's environment (.venv)"
"$uv" sync --frozen --quiet --compile-bytecode --python "$python"
.venv/bin/python -m compileall -q bot

find_310() {
    for candidate in "${ACUERDO_PYTHON310:-}" python3.10 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10*/bin/python; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return 0
        fi
    done
    "$uv" python find --quiet 3.10 2>/dev/null || { "$uv" python install --quiet 3.10 2>/dev/null && "$uv" python find 3.10; }
}
if ! python310=$(find_310); then
    cat >&2 <<'HELP'
Rasa 3.6 needs Python 3.10, and none was found or could be fetched.
  Debian/Ubuntu:  sudo apt install python3.10 python3.10-venv   (or the deadsnakes archive)
  macOS:          brew install python@3.10
  pyenv:          pyenv install 3.10
Then run the command again, or name it: ACUERDO_PYTHON310=/path/to/python3.10 make setup
HELP
    exit 1
fi

say "Rasa's environment (.venv-rasa)"
UV_PROJECT_ENVIRONMENT="$PWD/.venv-rasa" "$uv" sync --frozen --quiet --compile-bytecode --project nlu --python "$python310"
