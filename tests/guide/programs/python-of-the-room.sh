#!/bin/bash
# The tests' Python. A virtual environment gets the tests' pip by a link, where ensurepip would unpack its own for seconds.
if [ "${1:-} ${2:-}" != "-m venv" ]; then exec "$ROOM_PYTHON" "$@"; fi
"$ROOM_PYTHON" -m venv --without-pip "$3"
there=$("$3/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
pip=$("$ROOM_PYTHON" -c 'import pathlib, pip; print(pathlib.Path(pip.__file__).parent)')
ln -s "$pip" "$(dirname "$pip")"/pip-*.dist-info "$there/"
