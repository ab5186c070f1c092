// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/pem"
	"maps"
	"slices"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/keys"
)

// ParseMSPs decodes the channel's application MSPs (REG-2): Fabric MSPs, sorted
// by MSP id, none twice.
func ParseMSPs(m *pb.MSPConfigurations) ([]*msp.FabricMSPConfig, error) {
	const step = "REG-3"
	var all []*msp.FabricMSPConfig
	for i, b := range m.GetMspConfigs() {
		outer, inner := &msp.MSPConfig{}, &msp.FabricMSPConfig{}
		if err := UnmarshalFabric(step, "MSP configuration", b, outer); err != nil {
			return nil, err
		}
		if outer.GetType() != 0 {
			return nil, Errorf(step, CodeWrongMSP, "MSP %d is of type %d: only Fabric MSPs are known", i, outer.GetType())
		}
		if err := UnmarshalFabric(step, "MSP configuration", outer.GetConfig(), inner); err != nil {
			return nil, err
		}
		if i > 0 && all[i-1].GetName() >= inner.GetName() {
			return nil, Errorf(step, CodeMalformed, "MSP configurations are not sorted by MSP id: %q after %q", inner.GetName(), all[i-1].GetName())
		}
		all = append(all, inner)
	}
	if len(all) == 0 {
		return nil, Errorf(step, CodeMalformed, "no MSP configurations")
	}
	return all, nil
}

// NewMSPConfigurations puts serialised MSPConfigs, exactly as the channel
// configuration holds them, into the order that [ParseMSPs] wants.
func NewMSPConfigurations(serialized [][]byte, configSequence uint64) (*pb.MSPConfigurations, error) {
	byID := make(map[string][]byte, len(serialized))
	for _, b := range serialized {
		one, err := ParseMSPs(&pb.MSPConfigurations{MspConfigs: [][]byte{b}})
		if err != nil {
			return nil, err
		}
		id := one[0].GetName()
		if _, twice := byID[id]; twice {
			return nil, Errorf("REG-2", CodeMalformed, "two MSPs are named %q", id)
		}
		byID[id] = b
	}
	m := &pb.MSPConfigurations{ConfigSequence: configSequence}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		m.MspConfigs = append(m.MspConfigs, byID[id])
	}
	return m, nil
}

// MSPRootsHash names the application MSPs by their ids and root certificates
// (REG-6): what ERCC's policy pins, and REG-12 compares.
func MSPRootsHash(configs []*msp.FabricMSPConfig) ([]byte, error) {
	var fields [][]byte
	for _, c := range configs {
		var roots [][]byte
		for _, r := range c.GetRootCerts() {
			b, rest := pem.Decode(r)
			if b == nil || b.Type != "CERTIFICATE" || len(b.Headers) != 0 || len(rest) != 0 {
				return nil, Errorf("REG-6", CodeMalformed, "a root certificate of MSP %q is not one PEM certificate", c.GetName())
			}
			roots = append(roots, b.Bytes)
		}
		slices.SortFunc(roots, slices.Compare)
		fields = append(fields, []byte(c.GetName()), keys.Encode("roots", roots...))
	}
	h := keys.Digest(keys.LabelMSPRoots, fields...)
	return h[:], nil
}

// MSPConfigHash names the whole MSP configurations, revocations and NodeOUs
// included (REG-6), by the bytes that the channel configuration holds.
func MSPConfigHash(m *pb.MSPConfigurations) ([]byte, error) {
	if _, err := ParseMSPs(m); err != nil {
		return nil, err
	}
	h := keys.Digest(keys.LabelMSPConfig, m.GetMspConfigs()...)
	return h[:], nil
}
