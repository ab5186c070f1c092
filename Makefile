# SPDX-License-Identifier: Apache-2.0
#
#   make demo    run the sealed-bid auction on an embedded network
#   make test    run every test
#   make help    list the other targets

GO      ?= go
BIN     := bin
TOOLS   := $(BIN)/tools
SAMPLES := auction asset
ARGS    ?=

# Programs that hold no cgo: an enclave must not, and nothing else needs it.
GOBUILD := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false

# Packages whose code runs on several goroutines: tested under the race detector.
CONCURRENT := ./transport/... ./enclave/... ./ledgerenclave/... ./ledgerhost/... ./stub/... ./shim/... ./devnet/... ./client/... ./trace/...

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

.PHONY: build
build: ## build fpc, fpc-stub, fpc-ercc, fpc-ledger, fpc-ledger-host into bin/ and the samples' enclaves into bin/samples/
	@mkdir -p $(BIN)/samples
	@$(GOBUILD) -o $(BIN)/ ./cmd/fpc ./cmd/fpc-stub ./cmd/fpc-ercc ./cmd/fpc-ledger ./cmd/fpc-ledger-host
	@for s in $(SAMPLES); do \
	  $(GOBUILD) -o $(BIN)/samples/$$s ./samples/$$s/private && \
	  $(GOBUILD) -o $(BIN)/samples/$$s-plain ./samples/$$s/plain || exit 1; \
	done

.PHONY: demo
demo: build ## run the sealed-bid auction; ARGS=--json, ARGS=--trace
	@$(BIN)/fpc demo $(ARGS)

.PHONY: test
test: build ## unit, attack, transcript and end-to-end tests; the race detector where a C compiler is found
	$(GO) test -timeout 40m ./...
	@if command -v $${CC:-cc} >/dev/null 2>&1; then \
	  echo "$(GO) test -race $(CONCURRENT)"; CGO_ENABLED=1 $(GO) test -race -timeout 40m $(CONCURRENT); \
	elif [ -n "$(REQUIRE_RACE)" ]; then \
	  echo "no C compiler found (set CC): the race detector needs one and REQUIRE_RACE is set" >&2; exit 1; \
	else \
	  echo "SKIPPED race detector: no C compiler found (set CC)"; \
	fi

.PHONY: test-twice
test-twice: build ## two runs of the concurrent packages, three times each, under the race detector (needs a C compiler)
	@for run in 1 2; do CGO_ENABLED=1 $(GO) test -race -count=3 -timeout 60m $(CONCURRENT) || exit 1; done

.PHONY: bench
bench: build ## print the ratios and write bin/bench.json
	$(GO) run ./internal/bench/run -out $(BIN)/bench.json

.PHONY: soak
soak: TIME = 10m
soak: build ## run at half of saturation for TIME; fail on an error or growing memory
	$(GO) run ./internal/bench/run -soak $(TIME)

.PHONY: bench-fabric
bench-fabric: build ## the same ratios on released Fabric (FABRIC_BIN, FABRIC_CFG), into bin/bench-fabric.json
	$(GO) run ./e2e/realfabric/bench -out $(BIN)/bench-fabric.json

.PHONY: mutants
mutants: ## take out one check at a time: its test must turn red; ONLY=row, step, package or file
	$(GO) run ./internal/mutants -only "$(ONLY)"

TIME ?= 10s

.PHONY: fuzz
fuzz: ## run every fuzz target for TIME and keep what makes one fail
	$(GO) run ./internal/fuzz -time $(TIME)

.PHONY: interop
interop: build ## the official npm SDK and protobufs against the embedded network
	e2e/interop/run.sh

.PHONY: lint
lint: $(TOOLS)/gofumpt $(TOOLS)/staticcheck ## format check, go vet, staticcheck
	@out=$$($(TOOLS)/gofumpt -l $$(git ls-files '*.go' ':!*.pb.go')); \
	  [ -z "$$out" ] || { echo "not formatted (run make fmt):"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags interop ./e2e/interop/...
	$(GO) vet -tags nosim ./...
	$(TOOLS)/staticcheck ./...
	cd proto && ../$(TOOLS)/buf lint

# kube-score's own version of Kubernetes' types is older than the linter's.
.PHONY: lint-deploy
lint-deploy: ## Dockerfiles and Kubernetes manifests in deploy/
	cd deploy/lint && $(GO) vet . && $(GO) test -count=1 .
	$(GO) run github.com/zegl/kube-score/cmd/kube-score@v1.20.0 score --output-format ci deploy/k8s/ercc.yaml deploy/k8s/full.yaml deploy/k8s/stub.yaml deploy/k8s/validator.yaml | \
	  awk '/^\[(CRITICAL|WARNING)\]/ {print; bad = 1} /^\[OK\]/ {ok++} END {if (bad || !ok) exit 1; print ok " checks of kube-score passed"}'

.PHONY: fmt
fmt: $(TOOLS)/gofumpt ## format the Go files
	$(TOOLS)/gofumpt -w $$(git ls-files '*.go' ':!*.pb.go')

.PHONY: generate
generate: $(TOOLS)/buf $(TOOLS)/protoc-gen-go ## generate the messages from proto/
	cd proto && PATH="$(CURDIR)/$(TOOLS):$$PATH" buf generate

.PHONY: generate-check
generate-check: generate ## fail when the committed generated code is not what proto/ gives
	@git diff --exit-code --stat -- internal/pb || { echo "internal/pb is stale: run make generate and commit"; exit 1; }
	@new=$$(git ls-files --others --exclude-standard internal/pb); \
	  [ -z "$$new" ] || { echo "generated and not committed: $$new"; exit 1; }

.PHONY: vuln
vuln: $(TOOLS)/govulncheck ## known vulnerabilities, where the database can be reached
	$(TOOLS)/govulncheck ./...

.PHONY: man
man: build ## write the manual pages to bin/man
	@$(BIN)/fpc man $(BIN)/man

.PHONY: clean
clean: ## remove bin/
	rm -rf $(BIN)

# The tools' versions are pinned in tools/go.mod; the code generator has the
# version of the runtime it generates for.
$(TOOLS)/%: tools/go.mod
	@mkdir -p $(TOOLS)
	cd tools && GOBIN="$(CURDIR)/$(TOOLS)" $(GO) install tool

$(TOOLS)/protoc-gen-go: go.mod
	@mkdir -p $(TOOLS)
	$(GO) build -o $@ google.golang.org/protobuf/cmd/protoc-gen-go
