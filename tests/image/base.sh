#!/usr/bin/env bash
# Makes a base image with the name of the public one, from Debian's packages: tests/image/base.sh python:3.13-slim
# For machines that cannot pull from a registry. It needs root, and Debian's debootstrap and buildah.
set -euo pipefail

name=docker.io/library/$1
version=${1#python:}
version=${version%-slim}
suite=trixie # its Python is 3.13
mirror=${MIRROR:-http://deb.debian.org/debian}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root

debootstrap --variant=minbase --include="python3,python3-venv,ca-certificates" "$suite" "$root" "$mirror" >"$folder/log" 2>&1 ||
  { tail -n 20 "$folder/log"; exit 1; }
test -x "$root/usr/bin/python$version" || { echo "Debian $suite has no Python $version"; exit 1; }

# The public image has Python's headers and no compiler.
(cd "$root/tmp" && chroot "$root" sh -c "cd /tmp && apt-get update -qq && apt-get download -qq libpython$version-dev") >"$folder/log" 2>&1 ||
  { tail -n 20 "$folder/log"; exit 1; }
dpkg-deb --fsys-tarfile "$root"/tmp/libpython*.deb | tar -x -C "$root" --wildcards './usr/include/*'
ln -s "python$version" "$root/usr/bin/python"
rm -rf "$root"/tmp/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/usr/share/{doc,locale,man}/*

container=$(buildah from scratch)
buildah copy --quiet "$container" "$root" / >/dev/null
buildah config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin --cmd python "$container"
buildah commit --quiet "$container" "$name" >/dev/null
buildah rm "$container" >/dev/null
echo "made $name from Debian $suite"
