// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// expiresSoon is when a certificate's end is worth a warning.
const expiresSoon = 30 * 24 * time.Hour

func (x *examination) environment(context.Context) (string, error) {
	session, err := x.connect()
	if err != nil {
		return "", err
	}
	x.session = session
	tls := "without TLS"
	if session.env.tls {
		tls = "with TLS"
	}
	return fmt.Sprintf("peer %s %s, as %s", session.env.own.Address, tls, session.env.mspID), nil
}

// identity looks at the certificate by itself.
func (x *examination) identity(context.Context) (string, error) {
	return examineCertificate(x.session.signer.Creator(), time.Now())
}

func examineCertificate(creator []byte, now time.Time) (string, error) {
	mspID, raw, err := msp.ParseSerialized(creator)
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return "", usagef("CORE_PEER_MSPCONFIGPATH: the certificate is no PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", usagef("CORE_PEER_MSPCONFIGPATH: %v", err)
	}
	const enrol = "enrol again and use the new certificate"
	who := fmt.Sprintf("%s of %s", cert.Subject.CommonName, mspID)
	switch ends := cert.NotAfter.Format(time.DateOnly); {
	case now.Before(cert.NotBefore):
		return "", &wrong{usagef("%s: the certificate is valid only from %s", who, cert.NotBefore.Format(time.RFC3339)), "set this machine's clock"}
	case now.After(cert.NotAfter):
		return "", &wrong{usagef("%s: the certificate expired on %s", who, ends), enrol}
	case cert.NotAfter.Sub(now) < expiresSoon:
		return "", &warning{fmt.Sprintf("%s: the certificate expires on %s", who, ends), enrol}
	default:
		return fmt.Sprintf("%s, until %s", who, ends), nil
	}
}

func (x *examination) peer(ctx context.Context) (string, error) {
	channels, err := x.session.host().Channels(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case x.channel == "" && len(channels) == 1:
		x.channel, x.session.channel = channels[0], channels[0]
	case x.channel == "":
		return "", usagef("the peer is in %d channels (%s); name one with -C", len(channels), strings.Join(channels, ", "))
	case !slices.Contains(channels, x.channel):
		return "", &wrong{usagef("the peer is not in channel %s, but in: %s", x.channel, strings.Join(channels, ", ")), "check -C, or have the peer join the channel"}
	}
	return fmt.Sprintf("%s answers, in %s", x.session.own.Name(), strings.Join(channels, ", ")), nil
}

func (x *examination) onChannel(ctx context.Context) (string, error) {
	info, err := x.session.host().Info(ctx)
	if err != nil {
		return "", err
	}
	if x.bundle, err = x.session.host().ChannelConfig(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s has %d blocks, configuration %d", x.channel, info.GetHeight(), x.bundle.Sequence()), nil
}

// Peers take requests whose time is within 15 minutes of their own; the registry
// refuses registrations that are 10 off. A request five minutes off either way is
// taken exactly when the clocks are within 10 minutes.
const (
	probe     = 5 * time.Minute
	probeStep = 20 * time.Minute
	probeMost = 25 * time.Hour
)

func (x *examination) clock(ctx context.Context) (string, error) {
	return compareClocks(func(shift time.Duration) bool {
		ok, err := x.session.own.Accepts(ctx, x.channel, x.session.signer, time.Now().Add(shift))
		return ok && err == nil
	})
}

// compareClocks finds out how far a peer's clock is from this machine's; accepts
// tells whether the peer takes a request of a time that is shifted.
func compareClocks(accepts func(shift time.Duration) bool) (string, error) {
	if accepts(probe) && accepts(-probe) {
		return "within 10 minutes of the peer's", nil
	}
	const remedy = "set the clocks of this machine and of the peer's; ERCC refuses registrations that are 10 minutes off"
	if accepts(0) {
		return "", &warning{"10 minutes or more off the peer's", remedy}
	}
	for off := probeStep; off <= probeMost; off += probeStep {
		switch {
		case accepts(off):
			return "", &wrong{fmt.Errorf("about %s behind the peer's", off), remedy}
		case accepts(-off):
			return "", &wrong{fmt.Errorf("about %s ahead of the peer's", off), remedy}
		}
	}
	return "", &wrong{errors.New("the peer takes requests of no time that was tried: its clock may be more than a day off"), remedy}
}

// membership holds the identity against the channel's own MSPs.
func (x *examination) membership(context.Context) (string, error) {
	id, err := x.bundle.MSPs().Identity(x.session.signer.Creator())
	if err != nil {
		return "", &wrong{usagef("the channel does not accept the identity: %v", err), "check CORE_PEER_LOCALMSPID and CORE_PEER_MSPCONFIGPATH; enrol again if the certificate is revoked"}
	}
	for _, role := range []struct {
		kind common.MSPRole_MSPRoleType
		name string
	}{{common.MSPRole_ADMIN, "an administrator"}, {common.MSPRole_CLIENT, "a client"}} {
		if id.Satisfies(msp.RolePrincipal(id.MSPID(), role.kind)) == nil {
			return fmt.Sprintf("%s of %s on the channel", role.name, id.MSPID()), nil
		}
	}
	return "", &warning{"a member of " + id.MSPID() + " that is neither administrator nor client: enclaves take no proposal of it", "use a client's or an administrator's identity"}
}

func (x *examination) orderer(ctx context.Context) (string, error) {
	if err := x.needOrderer(ctx, x.session); err != nil {
		return "", err
	}
	if err := x.session.orderer.Reach(ctx); err != nil {
		return "", err
	}
	return x.session.orderer.Name() + " is reached", nil
}
