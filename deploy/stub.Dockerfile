# SPDX-License-Identifier: Apache-2.0
#
# A private chaincode's stub as a service, with the enclave that it hosts. Built in
# the project's folder:
#
#   docker build -f deploy/stub.Dockerfile --build-arg CHAINCODE=./samples/asset/private -t fpc-stub-asset .
#
# A stub that only validates (Lite mode) is the same image without FPC_ENCLAVE and
# FPC_STATE; one whose enclave endorses (Full mode) is the same with FPC_LEDGER.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG CHAINCODE=./samples/asset/private
# The enclave's flags are those of its package: the code id depends on them.
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /out/fpc-stub ./cmd/fpc-stub \
 && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /out/enclave "$CHAINCODE" \
 && mkdir -m 0700 /out/state

# Both programs are static and read nothing of a system: the image has nothing else.
FROM scratch
COPY --from=build /out/fpc-stub /out/enclave /usr/local/bin/
COPY --from=build --chown=65532:65532 /out/state /var/lib/fpc
USER 65532:65532
ENV CHAINCODE_SERVER_ADDRESS=0.0.0.0:9999 FPC_OPERATIONS=0.0.0.0:9443 FPC_LOG_FORMAT=json
EXPOSE 9999 9443
ENTRYPOINT ["/usr/local/bin/fpc-stub"]
