// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/protocol"
)

func newChaincode(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "chaincode", Short: "Invoke and query private chaincodes"}
	cmd.AddCommand(newInvoke(s), newQuery(s))
	return cmd
}

// callFlags are the flags of one call.
type callFlags struct {
	*settings
	trust     trustFlags
	name      string
	ctor      string
	transient string
	plain     bool
	noPadding bool
	hex       bool
	minHeight uint64
}

func (f *callFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.name, "name", "n", "", "chaincode")
	flags.StringVarP(&f.ctor, "ctor", "c", "", `function and arguments: {"Args":["function","argument",…]}`)
	flags.StringVar(&f.transient, "transient", "", `transient data as JSON, values in base64: {"key":"dmFsdWU="}`)
	flags.BoolVar(&f.plain, "plain", false, "the chaincode is not private: send arguments in clear, to every peer named")
	flags.BoolVar(&f.noPadding, "no-padding", false, "send the sealed call at its true length; for chaincodes whose lengths are public")
	flags.Uint64Var(&f.minHeight, "min-height", 0, "refuse an answer computed at an older head of the channel than after so many blocks (Full mode)")
	flags.BoolVarP(&f.hex, "hex", "x", false, "print the answer as hex")
	f.trust.add(flags)
	completePlatforms(cmd)
}

// call is what the flags ask for.
type call struct {
	args      [][]byte
	transient map[string][]byte
}

func (f *callFlags) parse() (call, error) {
	var c call
	if f.name == "" {
		return c, usagef("no chaincode named; name one with -n")
	}
	if f.ctor == "" {
		return c, usagef(`no call given; give one with -c '{"Args":["function","argument"]}'`)
	}
	args, err := parseCtor(f.ctor)
	if err != nil {
		return c, err
	}
	c.args = args
	if f.transient != "" {
		if err := json.Unmarshal([]byte(f.transient), &c.transient); err != nil {
			return c, usagef(`--transient is not a JSON object of base64 values, such as {"key":"dmFsdWU="}`)
		}
	}
	return c, nil
}

// parseCtor reads {"Args":[…]}, or {"Function":…,"Args":[…]}, as Fabric's peer
// command does. Its errors do not repeat the arguments.
func parseCtor(text string) ([][]byte, error) {
	var ctor struct {
		Function string
		Args     []string
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&ctor); err != nil || dec.More() {
		return nil, usagef(`-c is not of the form {"Args":["function","argument",…]}`)
	}
	if ctor.Function != "" {
		ctor.Args = append([]string{ctor.Function}, ctor.Args...)
	}
	if len(ctor.Args) == 0 {
		return nil, usagef(`-c names no function; it must be of the form {"Args":["function","argument",…]}`)
	}
	return fabric.Args(ctor.Args...), nil
}

func (f *callFlags) options(c call) (function string, options []client.Option) {
	options = []client.Option{client.WithBytesArguments(c.args[1:]...), client.WithTransient(c.transient)}
	if f.minHeight > 0 {
		options = append(options, client.WithMinHeight(f.minHeight))
	}
	return string(c.args[0]), options
}

// misplaced tells the client's own refusal of a flag from refusals by others: in
// Lite mode no enclave knows at which head it reads.
func (f *callFlags) misplaced(err error) error {
	var own *protocol.StepError
	if f.minHeight > 0 && exitCode(err) == exitFailed && errors.As(err, &own) && own.Code == protocol.CodeWrongMode {
		return usagef("--min-height %d: %s; leave it out", f.minHeight, own.Reason)
	}
	return err
}

// print writes a chaincode's answer.
func (f *callFlags) print(cmd *cobra.Command, payload []byte) {
	switch {
	case f.hex:
		fmt.Fprintln(cmd.OutOrStdout(), hex.EncodeToString(payload))
	case len(payload) > 0 && !utf8.Valid(payload):
		fmt.Fprintln(cmd.ErrOrStderr(), "the answer is not text; it follows as hex (--hex)")
		fmt.Fprintln(cmd.OutOrStdout(), hex.EncodeToString(payload))
	default:
		fmt.Fprintln(cmd.OutOrStdout(), string(payload))
	}
}

func newInvoke(s *settings) *cobra.Command {
	f := &callFlags{settings: s}
	cmd := &cobra.Command{
		Use: "invoke", Short: "Invoke a chaincode and commit what it did",
		Long: `Invoke a private chaincode: check its enclave and key, seal the call, have the
enclave run it, have enough peers replay what it signed, commit, and only then
open the answer. In Full mode as many enclaves run it as the definition's policy
asks for, and their signatures are the endorsements. Nothing but the enclaves sees
arguments, transient data, state or answer.`,
		Example: `  fpc chaincode invoke -C mychannel -n auction -c '{"Args":["bid","a1","42"]}'`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.parse()
			if err != nil {
				return err
			}
			return f.onChannel(cmd, true, func(ctx context.Context, session *session) error {
				if f.plain {
					receipt, err := session.known().Submit(ctx, fabric.Call{Chaincode: f.name, Args: c.args, Transient: c.transient})
					if err != nil {
						return err
					}
					f.print(cmd, receipt.Response.Payload)
					return nil
				}
				contract, err := f.contract(ctx, cmd, session)
				if err != nil {
					return err
				}
				function, options := f.options(c)
				payload, err := contract.SubmitWith(ctx, function, options...)
				if err != nil {
					return f.misplaced(err)
				}
				f.print(cmd, payload)
				return nil
			})
		},
	}
	f.add(cmd)
	cmd.Flags().Bool("waitForEvent", true, "accepted as in Fabric's peer command; the commit is always awaited")
	return cmd
}

func newQuery(s *settings) *cobra.Command {
	f := &callFlags{settings: s}
	cmd := &cobra.Command{
		Use: "query", Short: "Invoke a chaincode without committing anything",
		Long: `Invoke a private chaincode without committing anything. The answer is as old as
the state that the enclave's peer chose to show it; in Full mode it is one state of
the channel, and --min-height says how old at most.`,
		Example: `  fpc chaincode query -C mychannel -n auction -c '{"Args":["status","a1"]}'`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.parse()
			if err != nil {
				return err
			}
			return f.onChannel(cmd, false, func(ctx context.Context, session *session) error {
				if f.plain {
					response, err := session.network().Evaluate(ctx, fabric.Call{Chaincode: f.name, Args: c.args, Transient: c.transient})
					if err != nil {
						return err
					}
					f.print(cmd, response.Payload)
					return nil
				}
				contract, err := f.contract(ctx, cmd, session)
				if err != nil {
					return err
				}
				function, options := f.options(c)
				payload, err := contract.EvaluateWith(ctx, function, options...)
				if err != nil {
					return f.misplaced(err)
				}
				f.print(cmd, payload)
				return nil
			})
		},
	}
	f.add(cmd)
	return cmd
}
