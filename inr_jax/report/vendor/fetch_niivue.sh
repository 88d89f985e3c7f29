#!/bin/sh
# How niivue.umd.js came here: from the package that npm serves, unchanged.
# A new version needs its number and checksum below and in ../viewer_page.py.
set -eu
version=0.69.0
sha256=47b896b77ec4a5be3ef1949c33ad393b6f45629921f326c279000bcf51bdb4af
here=$(cd "$(dirname "$0")" && pwd)
there=$(mktemp -d)
trap 'rm -r "$there"' EXIT
cd "$there"
npm pack "@niivue/niivue@$version" >&2
tar -xzf "niivue-niivue-$version.tgz" package/dist/niivue.umd.js
echo "$sha256  package/dist/niivue.umd.js" | sha256sum -c - >&2
mv package/dist/niivue.umd.js "$here/niivue.umd.js"
