#!/usr/bin/env bash
# Apache Superset with Darkroom's dashboard over the images of the local stack: bash docs/superset/try.sh
# `pnpm dev` has to be running. Needs Python 3.11 (PYTHON names another) and PyPI, and some minutes the first time.
# All of it is in .cache/superset; SUPERSET_PORT is 8088 by default.
set -euo pipefail
cd "$(dirname "$0")"
assets=$PWD
folder=$(cd ../.. && pwd)/.cache/superset
port=${SUPERSET_PORT:-8088}
mkdir -p "$folder"

(cd ../.. && npx -y pnpm@12 --silent darkroom analytics --export "$folder")
(cd ../.. && npx -y pnpm@12 --silent darkroom analytics superset "$folder")

cd "$folder"
[ -x venv/bin/superset ] || "${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check -r "$assets/requirements.txt"
secret() { venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(24))'; }
[ -f password ] || secret >password
[ -f superset_config.py ] || cat >superset_config.py <<CONFIG
SECRET_KEY = '$(secret)'
SQLALCHEMY_DATABASE_URI = 'sqlite:///$folder/superset.db'
CONFIG
chmod 600 password superset_config.py
export SUPERSET_CONFIG_PATH=$folder/superset_config.py FLASK_APP=superset.app

# Superset does not change a data set that it has, so another dashboard needs another database.
diff -rq dashboard imported >/dev/null 2>&1 || rm -rf superset.db ready imported

superset() { venv/bin/superset "$@" >>superset.log 2>&1 || { tail -20 superset.log; exit 1; }; }
if [ ! -f ready ]; then
  superset db upgrade
  superset fab create-admin --username admin --firstname Darkroom --lastname Analyst \
    --email analyst@darkroom.invalid --password "$(cat password)"
  superset init
  touch ready
fi
venv/bin/python -c 'import shutil; shutil.make_archive("dashboard", "zip", ".", "dashboard")'
superset import-dashboards --path dashboard.zip --username admin
rm -rf imported && cp -r dashboard imported

echo "Superset: http://127.0.0.1:$port/superset/dashboard/darkroom/  user admin, password $(cat password)"
echo 'Ctrl-C stops it. Run this again for newer images.'
exec venv/bin/superset run --host 127.0.0.1 --port "$port" --with-threads >>superset.log 2>&1
