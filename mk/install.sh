#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install.sh [LIST]: install the Debian packages of LIST (mk/packages.txt) that are missing. Does nothing when all are there.
set -eu
list=${1:-$(dirname "$0")/packages.txt}
missing=
for p in $(sed 's/#.*//' "$list"); do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' ||
		missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
	echo "install: this is not a Debian system; please install:$missing" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "install: not root and no sudo; as root run: apt-get install$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
echo "install: apt-get install$missing"
$sudo apt-get update -qq
# Run level 1 keeps servers (redis, nginx) from being started by their installation.
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
