#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Lets Hyperledger's own npm packages judge the embedded network: the Node SDK
# evaluates, submits and reads blocks and events; the protobufs decode and
# re-encode every message of that run. Needs Node 20.9 or newer and npm, and
# what `make build` puts into bin/.
set -eu
cd "$(dirname "$0")"

if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  echo "interop: node and npm are needed (Node 20.9 or newer)" >&2
  exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 9) ? 0 : 1)'; then
  echo "interop: Node 20.9 or newer is needed, this is $(node --version)" >&2
  exit 1
fi
if [ ! -x ../../bin/samples/asset-plain ]; then
  echo "interop: bin/samples/asset-plain is missing; run make build" >&2
  exit 1
fi

# Scripts of dependencies are not run: one of them would build a native module.
npm ci --ignore-scripts --no-audit --no-fund --silent
exec "${GO:-go}" test -tags interop -count=1 -timeout 40m -v .
