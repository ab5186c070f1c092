// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// FuzzNewBundle compiles any configuration: an *Error or a bundle that answers.
func FuzzNewBundle(f *testing.F) {
	s := newScene(f)
	f.Add(channelID, marshal(f, s.bundle.Config()))
	f.Add("", []byte{})
	f.Add(channelID, marshal(f, &common.Config{ChannelGroup: &common.ConfigGroup{
		Groups: map[string]*common.ConfigGroup{"Application": {Groups: map[string]*common.ConfigGroup{"Org1": {}}}},
	}}))
	f.Fuzz(func(t *testing.T, id string, raw []byte) {
		config := &common.Config{}
		if proto.Unmarshal(raw, config) != nil {
			return
		}
		b, err := NewBundle(id, config)
		var e *Error
		switch {
		case err != nil && !errors.As(err, &e):
			t.Fatalf("error of type %T, want *Error", err)
		case err == nil && (b.ChannelID() != id || len(b.MSPs().IDs()) > len(b.ApplicationOrgs())+len(b.OrdererOrgs())):
			t.Fatalf("bundle does not hold together: %s, %v", b.ChannelID(), b.MSPs().IDs())
		}
	})
}

// FuzzPropose asks for any update with an admin's true signature under it: an
// *Error or a successor that a validator accepts.
func FuzzPropose(f *testing.F) {
	s := newScene(f)
	u, err := ComputeUpdate(channelID, s.bundle.Config(), s.edited(s.timeout("3s")))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(marshal(f, u))
	f.Add(marshal(f, &common.ConfigUpdate{ChannelId: channelID}))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := *s
		s.t = t
		u := &common.ConfigUpdate{}
		if proto.Unmarshal(raw, u) != nil {
			return
		}
		e, err := s.bundle.Propose(s.envelope(u, s.admins...))
		if err != nil {
			var ce *Error
			if !errors.As(err, &ce) {
				t.Fatalf("error of type %T, want *Error", err)
			}
			return
		}
		if _, err := s.bundle.Apply(e); err != nil {
			t.Fatalf("the validator refuses what the orderer proposes: %v", err)
		}
	})
}

func mspOf(t testing.TB, o Org) *msppb.FabricMSPConfig {
	t.Helper()
	config, m := &msppb.MSPConfig{}, &msppb.FabricMSPConfig{}
	if err := proto.Unmarshal(o.MSPConfig, config); err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(config.Config, m); err != nil {
		t.Fatal(err)
	}
	return m
}
