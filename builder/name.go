// SPDX-License-Identifier: Apache-2.0

package builder

import (
	"regexp"
	"strings"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/protocol"
)

// Variables of a peer's environment that its core.yaml must propagate to the
// builder's programs.
const (
	// EnvState names the folder, absolute, that keeps the sealed state of the
	// enclaves of this peer, and of no other. Unset: stubs of this peer have no
	// enclave, they only validate.
	EnvState = "FPC_STATE"
	// EnvEnclaves lists the chaincodes whose enclave this peer hosts, separated
	// by commas. Unset: those of all its packages.
	EnvEnclaves = "FPC_HOST_ENCLAVES"
	// EnvLedger names the socket, absolute, of this peer's fpc-ledger-host, without
	// which enclaves of Full mode do nothing. Unset: Lite only.
	EnvLedger = "FPC_LEDGER"
	// EnvNames gives chaincodes' names where labels do not tell them:
	// "label=name", separated by commas.
	EnvNames = "FPC_CHAINCODE_NAMES"
	// EnvTrace names the folder to record steps into.
	EnvTrace = "FPC_TRACE"
	// EnvLogLevel, EnvLogFormat and EnvOperations are fpc-stub's own. All stubs
	// that a peer launches get the same EnvOperations: where they are several,
	// its port must be 0, and their logs tell which ones they got.
	EnvLogLevel   = "FPC_LOG_LEVEL"
	EnvLogFormat  = "FPC_LOG_FORMAT"
	EnvOperations = "FPC_OPERATIONS"
	// EnvCollector and the next two are OpenTelemetry's.
	EnvCollector            = "OTEL_EXPORTER_OTLP_ENDPOINT"
	EnvCollectorHeaders     = "OTEL_EXPORTER_OTLP_HEADERS"
	EnvCollectorCertificate = "OTEL_EXPORTER_OTLP_CERTIFICATE"
	// EnvArgs holds further flags of fpc-stub, separated by spaces.
	EnvArgs = "FPC_STUB_ARGS"
)

// Environment lists the variables that core.yaml must propagate.
func Environment() []string {
	return []string{EnvState, EnvEnclaves, EnvLedger, EnvNames, EnvTrace, EnvLogLevel, EnvLogFormat, EnvOperations, EnvCollector, EnvCollectorHeaders, EnvCollectorCertificate, EnvArgs}
}

// codeName: nothing tells, or something tells wrongly, under which name a
// package's chaincode is defined.
const codeName protocol.Code = "no_chaincode_name"

// version is what may follow a name in a label.
var version = regexp.MustCompile(`^v?[0-9]`)

// ChaincodeName is the name under which the chaincode of a package must be
// defined on its channel. The label is that name, or the name, an underscore and
// a version; a version begins with a digit, or with v and a digit, and holds no
// underscore: auction, auction_1.0 and auction_v2 all are auction's, sealed_bid
// is sealed_bid's. Where that does not fit, overrides tells, in the form of
// [EnvNames].
//
// A wrong name does no harm: the stub refuses what is proposed to another
// chaincode. Errors are *protocol.StepError.
func ChaincodeName(label, overrides string) (string, error) {
	names, err := parseNames(overrides)
	if err != nil {
		return "", err
	}
	name, given := names[label]
	if !given {
		name = label
		if i := strings.LastIndexByte(label, '_'); i > 0 && version.MatchString(label[i+1:]) {
			name = label[:i]
		}
	}
	if err := lifecycle.CheckName(name); err != nil {
		return "", protocol.Errorf("INV-6a", codeName, "label %.100q gives no chaincode name: %w", label, err).
			WithHint("label the package NAME or NAME_VERSION, as in auction_1.0, or tell the name in the peer's " + EnvNames + ", as in LABEL=NAME")
	}
	return name, nil
}

// parseNames reads the form of EnvNames.
func parseNames(text string) (map[string]string, error) {
	names := make(map[string]string)
	for _, pair := range list(text) {
		label, name, ok := strings.Cut(pair, "=")
		if _, twice := names[label]; !ok || label == "" || twice {
			return nil, protocol.Errorf("INV-6a", codeName, "%s: %.100q: want LABEL=NAME, separated by commas, each label once", EnvNames, pair)
		}
		names[label] = name
	}
	return names, nil
}

// list splits at commas; an empty text is an empty list.
func list(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
