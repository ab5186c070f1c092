// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

const nonceSize = 24

// ChannelUpdate is a change of a channel's configuration on its way from
// administrator to administrator. Its file form is that of Fabric's peer
// command: an envelope around a ConfigUpdateEnvelope.
type ChannelUpdate struct {
	Channel string
	update  *common.ConfigUpdateEnvelope
}

// ProposeUpdate makes an update of edits to the channel's current configuration,
// as the first endorser tells it. Nobody has signed it yet.
func ProposeUpdate(ctx context.Context, n *fabric.Network, edits ...channel.Edit) (*ChannelUpdate, error) {
	bundle, err := n.ChannelConfig(ctx)
	if err != nil {
		return nil, err
	}
	edited := proto.CloneOf(bundle.Config())
	for _, edit := range edits {
		if err := edit(edited); err != nil {
			return nil, err
		}
	}
	update, err := channel.ComputeUpdate(n.Channel, bundle.Config(), edited)
	if err != nil {
		return nil, err
	}
	raw, err := proto.Marshal(update)
	if err != nil {
		return nil, err
	}
	return &ChannelUpdate{Channel: n.Channel, update: &common.ConfigUpdateEnvelope{ConfigUpdate: raw}}, nil
}

// ParseUpdate reads the file form.
func ParseUpdate(raw []byte) (*ChannelUpdate, error) {
	env := new(common.Envelope)
	if err := proto.Unmarshal(raw, env); err != nil {
		return nil, fmt.Errorf("channel update: %w", err)
	}
	opened, err := envelope.OpenAny(env)
	if err != nil {
		return nil, fmt.Errorf("channel update: %w", err)
	}
	if kind := common.HeaderType(opened.Channel.GetType()); kind != common.HeaderType_CONFIG_UPDATE {
		return nil, fmt.Errorf("channel update: the envelope holds a %s, not a CONFIG_UPDATE", kind)
	}
	update := new(common.ConfigUpdateEnvelope)
	if err := proto.Unmarshal(opened.Payload.GetData(), update); err != nil {
		return nil, fmt.Errorf("channel update: %w", err)
	}
	if len(update.ConfigUpdate) == 0 {
		return nil, errors.New("channel update: it holds no update")
	}
	return &ChannelUpdate{Channel: opened.Channel.GetChannelId(), update: update}, nil
}

// Bytes is the file form.
func (u *ChannelUpdate) Bytes(now time.Time) ([]byte, error) {
	env, err := envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_CONFIG_UPDATE, ChannelID: u.Channel, Timestamp: now, Data: u.update,
	}, nil)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(env)
}

// Sign adds an administrator's signature.
func (u *ChannelUpdate) Sign(signer msp.Signer) error {
	nonce := make([]byte, nonceSize)
	if _, err := rand.Read(nonce); err != nil {
		return err
	}
	signature, err := channel.SignUpdate(u.update.ConfigUpdate, nonce, signer)
	if err != nil {
		return err
	}
	u.update.Signatures = append(u.update.Signatures, signature)
	return nil
}

// Signatures is how many administrators have signed.
func (u *ChannelUpdate) Signatures() int { return len(u.update.Signatures) }

// Submit signs as the network's client too and hands the update to the orderer.
// It returns when the watched peers have the new configuration.
func (u *ChannelUpdate) Submit(ctx context.Context, n *fabric.Network) error {
	if err := u.Sign(n.Signer); err != nil {
		return err
	}
	nonce := make([]byte, nonceSize)
	if _, err := rand.Read(nonce); err != nil {
		return err
	}
	env, err := channel.UpdateEnvelope(u.Channel, u.update.ConfigUpdate, u.update.Signatures, nonce, time.Now(), n.Signer)
	if err != nil {
		return err
	}
	before, err := n.ChannelConfig(ctx)
	if err != nil {
		return err
	}
	if err := n.Orderer.Broadcast(ctx, env); err != nil {
		return err
	}
	return awaitSequence(ctx, n, before.Sequence()+1)
}

// awaitSequence waits until every watched peer has a configuration. The
// configuration's transaction has no id to wait for.
func awaitSequence(ctx context.Context, n *fabric.Network, sequence uint64) error {
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	watched := n.Watch
	if len(watched) == 0 {
		watched = n.Endorsers
	}
	for _, p := range watched {
		at := *n
		at.Endorsers = []*fabric.Peer{p}
		for {
			bundle, err := at.ChannelConfig(ctx)
			if err != nil {
				return err
			}
			if bundle.Sequence() >= sequence {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s has not taken the new configuration: %w", p.Name(), context.Cause(ctx))
			case <-retry.C:
			}
		}
	}
	return nil
}
