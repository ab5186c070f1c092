# SPDX-License-Identifier: Apache-2.0
#
# The enclave registry as a service. Built in the project's folder:
#
#   docker build -f deploy/ercc.Dockerfile -t fpc-ercc .
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /out/fpc-ercc ./cmd/fpc-ercc

FROM scratch
COPY --from=build /out/fpc-ercc /usr/local/bin/fpc-ercc
USER 65532:65532
ENV CHAINCODE_SERVER_ADDRESS=0.0.0.0:9999 FPC_OPERATIONS=0.0.0.0:9443 FPC_LOG_FORMAT=json
EXPOSE 9999 9443
ENTRYPOINT ["/usr/local/bin/fpc-ercc"]
