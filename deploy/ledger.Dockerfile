# SPDX-License-Identifier: Apache-2.0
#
# The host of a ledger enclave with its enclave, for Full mode: beside each peer whose
# organisation hosts an enclave that endorses. Built in the project's folder:
#
#   docker build -f deploy/ledger.Dockerfile -t fpc-ledger .
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The ledger enclave's flags are those of `make build`: the code id that ERCC's policy
# approves depends on them, so let the policy measure the image's own program.
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /out/ ./cmd/fpc-ledger-host ./cmd/fpc-ledger \
 && mkdir -m 0700 /out/state

# Both programs are static and read nothing of a system: the image has nothing else.
FROM scratch
COPY --from=build /out/fpc-ledger-host /out/fpc-ledger /usr/local/bin/
COPY --from=build --chown=65532:65532 /out/state /var/lib/fpc
USER 65532:65532
ENV FPC_STATE=/var/lib/fpc FPC_LEDGER=/run/fpc/ledger/ledger.sock FPC_OPERATIONS=0.0.0.0:9444 FPC_LOG_FORMAT=json
EXPOSE 9444
ENTRYPOINT ["/usr/local/bin/fpc-ledger-host"]
