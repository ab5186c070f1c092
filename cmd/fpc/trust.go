// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// trustFlags are what a client pins and demands. Nothing of it is asked from the
// network.
type trustFlags struct {
	genesis     string
	config      string
	attestation []string
	allowDebug  []string
	allowSuites []string
	codeIDs     []string
	ledgerCodes []string
	quorum      int
	minHolders  int
	ercc        string
}

func (t *trustFlags) add(f *pflag.FlagSet) {
	f.StringVar(&t.genesis, "genesis", os.Getenv("FPC_GENESIS"), "the channel's genesis block: pins the channel and its organisations (FPC_GENESIS)")
	f.StringVar(&t.config, "config-block", os.Getenv("FPC_CONFIG_BLOCK"), "a later configuration block that you trust, if the organisations have changed (FPC_CONFIG_BLOCK)")
	f.StringSliceVar(&t.attestation, "attestation", splitList(os.Getenv("FPC_ATTESTATION")), "platforms whose evidence you accept, sim only to try things out (FPC_ATTESTATION)")
	f.StringSliceVar(&t.allowDebug, "allow-debug", nil, "platforms whose evidence may have debug mode on")
	f.StringSliceVar(&t.allowSuites, "allow-suite", nil, "HPKE suites that the chaincode's key may be of, beside the post-quantum hybrids")
	f.StringSliceVar(&t.codeIDs, "code-id", nil, "platform:code id that may run (default: what the committed definition approves)")
	f.StringSliceVar(&t.ledgerCodes, "ledger-code-id", nil, "platform:code id of ledger enclaves that you accept in Full mode (default: what the registry's policy approves)")
	f.IntVar(&t.quorum, "quorum", 0, "how many organisations' peers must agree about the registry (default: a majority)")
	f.IntVar(&t.minHolders, "min-holders", 0, "refuse a key that fewer organisations' enclaves hold")
	f.StringVar(&t.ercc, "ercc", protocol.ERCCName, "the enclave registry's chaincode name")
}

func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// pins reads the pinned blocks.
func (t *trustFlags) pins(channel string) (*trust.Pins, error) {
	if t.genesis == "" {
		return nil, usagef("no channel pinned: name its genesis block with --genesis or FPC_GENESIS; get the file from your organisation, not from the network you are about to trust")
	}
	genesis, err := readNamed("--genesis", t.genesis)
	if err != nil {
		return nil, err
	}
	var current []byte
	if t.config != "" {
		if current, err = readNamed("--config-block", t.config); err != nil {
			return nil, err
		}
	}
	pins, err := trust.ParsePins(genesis, current)
	if err != nil {
		return nil, usagef("--genesis: %v", err)
	}
	if pins.ChannelID() != channel {
		return nil, usagef("--genesis %s is of channel %s, not of %s", t.genesis, pins.ChannelID(), channel)
	}
	return pins, nil
}

// policy is what the flags demand of enclaves.
func (t *trustFlags) policy() (trust.Policy, error) {
	if len(t.attestation) == 0 {
		return trust.Policy{}, usagef("no attestation accepted: name the platforms you trust with --attestation or FPC_ATTESTATION (sim is simulated: it protects nothing)")
	}
	verifiers := verifiers()
	p := trust.Policy{
		Attestation: attest.Policy{Platforms: map[string]attest.PlatformPolicy{}}, Verifiers: verifiers,
		CodeIDs: t.codeIDs, LedgerCodeIDs: t.ledgerCodes, Quorum: t.quorum, MinHolders: t.minHolders,
	}
	for _, platform := range t.attestation {
		if err := verifiable(platform, verifiers); err != nil {
			return p, err
		}
		p.Attestation.Platforms[platform] = attest.PlatformPolicy{AllowDebug: slices.Contains(t.allowDebug, platform)}
	}
	p.Suites = trust.DefaultSuites()
	for _, name := range t.allowSuites {
		suite, err := keys.ParseSuite(name)
		if err != nil {
			return p, usagef("--allow-suite %s: %v", name, err)
		}
		p.Suites = append(p.Suites, suite)
	}
	return p, nil
}

// verifiable refuses a platform of --attestation whose evidence nobody here can
// judge.
func verifiable(platform string, known map[string]attest.Verifier) error {
	if _, ok := known[platform]; ok {
		return nil
	}
	if len(known) == 0 {
		return usagef("--attestation %s: this program verifies no platform", platform)
	}
	return usagef("--attestation %s: this program verifies %s only", platform, strings.Join(sortedKeys(known), ", "))
}

// completePlatforms offers what --attestation takes.
func completePlatforms(cmd *cobra.Command) {
	complete(cmd, "attestation", sortedKeys(verifiers())...)
}

// complete offers a flag's values to the shell.
func complete(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
}

// contract is the private chaincode that the flags name, as this session's
// identity reaches and trusts it.
func (f *callFlags) contract(ctx context.Context, cmd *cobra.Command, c *session) (*client.Contract, error) {
	pins, err := f.trust.pins(c.channel)
	if err != nil {
		return nil, err
	}
	policy, err := f.trust.policy()
	if err != nil {
		return nil, err
	}
	if slices.Contains(f.trust.attestation, "sim") {
		fmt.Fprintln(cmd.ErrOrStderr(), "SIMULATED: you accept simulated enclaves; nothing is protected")
	}
	recorder, err := c.recorder(cmd, "client")
	if err != nil {
		return nil, err
	}
	config := client.Config{
		Signer: c.signer, Dial: client.DialPinned(pins), Pins: pins, Trust: policy, Registry: f.trust.ercc, Trace: recorder,
	}
	if c.orderer != nil {
		config.Orderer = c.orderer
	}
	if err := c.meet(ctx); err != nil {
		return nil, err
	}
	for _, p := range c.all {
		config.Peers = append(config.Peers, client.OverGRPC(p))
	}
	network, err := client.Connect(config)
	if err != nil {
		return nil, err
	}
	var options []client.ContractOption
	if f.noPadding {
		options = append(options, client.WithoutPadding())
	}
	return network.Contract(f.name, options...), nil
}
