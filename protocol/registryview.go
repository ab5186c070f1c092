// SPDX-License-Identifier: Apache-2.0

package protocol

import pb "github.com/privatechaincode/fpc/internal/pb/fpc"

// MarshalRegistryView serialises ERCC's answer to queryRegistryView, the same on
// every peer.
func MarshalRegistryView(m *pb.RegistryView) ([]byte, error) { return marshal(m) }

// ParseRegistryView decodes it (INV-2, INV-5).
func ParseRegistryView(step string, b []byte) (*pb.RegistryView, error) {
	m := &pb.RegistryView{}
	if err := Unmarshal(step, "registry view", b, m); err != nil {
		return nil, err
	}
	return m, nil
}
