# SPDX-License-Identifier: Apache-2.0
#
# The external builder, for an init container that puts it into a peer's pod, and
# fpc for administrators. Built in the project's folder:
#
#   docker build -f deploy/builder.Dockerfile -t fpc-builder .
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /out/ ./cmd/fpc ./cmd/fpc-stub

FROM scratch
COPY --from=build /out/fpc /out/fpc-stub /usr/local/bin/
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/fpc"]
CMD ["builder", "install", "/builder"]
