// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func newChannel(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "channel", Short: "Look at a channel and change its configuration"}
	propose := &cobra.Command{Use: "propose", Short: "Write a configuration update: revoke certificates, change a policy, add an organisation"}
	propose.AddCommand(newProposeCRL(s), newProposePolicy(s), newProposeOrg(s))
	cmd.AddCommand(newGetInfo(s), newFetch(s), propose, newSignConfigTx(s), newChannelUpdate(s))
	return cmd
}

func newGetInfo(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "getinfo", Short: "Show height and hashes of a peer's ledger",
		Example: "  fpc channel getinfo -C mychannel",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.onChannel(cmd, false, func(ctx context.Context, c *session) error {
				info, err := c.host().Info(ctx)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "height %d, current block hash %x, previous block hash %x\n", info.Height, info.CurrentBlockHash, info.PreviousBlockHash)
				return nil
			})
		},
	}
}

func newFetch(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "fetch oldest|newest|config|NUMBER FILE", Short: "Write a block of the own peer's ledger to a file",
		Long: `Write a block of the own peer's ledger to a file. The peer may lie: a genesis
block to pin comes from your organisation, or is compared with another's.`,
		Example: "  fpc channel fetch oldest genesis.block -C mychannel",
		Args:    exactArgs(2, "which block and the file to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.onChannel(cmd, false, func(ctx context.Context, c *session) error {
				block, err := fetchBlock(ctx, c, args[0])
				if err != nil {
					return err
				}
				raw, err := proto.Marshal(block)
				if err != nil {
					return err
				}
				if err := os.WriteFile(args[1], raw, 0o644); err != nil {
					return usagef("%v", err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "block %d\n", block.GetHeader().GetNumber())
				return nil
			})
		},
	}
}

func fetchBlock(ctx context.Context, c *session, which string) (*common.Block, error) {
	host := c.host()
	number := uint64(0)
	switch which {
	case "oldest":
	case "config":
		return host.ConfigBlock(ctx)
	case "newest":
		info, err := host.Info(ctx)
		if err != nil {
			return nil, err
		}
		number = info.Height - 1
	default:
		var err error
		if number, err = strconv.ParseUint(which, 10, 64); err != nil {
			return nil, usagef("no block %q: want oldest, newest, config or a number", which)
		}
	}
	return c.own.Block(ctx, c.channel, number, c.signer, time.Now())
}

// proposeCommand is a command that writes an update of one edit.
func proposeCommand(s *settings, use, short, example string, args cobra.PositionalArgs, edit func(args []string) (channel.Edit, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: args,
		Long: short + `.

The update goes to FILE. Administrators sign it with "fpc channel signconfigtx", or
with Fabric's peer command, until the policy of what changes is satisfied; the
last one signs and submits it with "fpc channel update".`,
		RunE: func(cmd *cobra.Command, args []string) error {
			made, err := edit(args)
			if err != nil {
				return err
			}
			return s.onChannel(cmd, false, func(ctx context.Context, c *session) error {
				update, err := admin.ProposeUpdate(ctx, c.host(), made)
				if err != nil {
					return usagef("%v", err)
				}
				return writeUpdate(args[0], update)
			})
		},
	}
}

func newProposeCRL(s *settings) *cobra.Command {
	var mspID string
	cmd := proposeCommand(s, "crl FILE CRL…", "Replace an organisation's revocation lists",
		"  fpc channel propose crl update.pb revoked.pem -C mychannel --msp Org2MSP", func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exactArgs(1, "the file to write, and the revocation lists after it")(cmd, args)
			}
			return nil
		},
		func(args []string) (channel.Edit, error) {
			if mspID == "" {
				return nil, usagef("no organisation named; name one with --msp")
			}
			var crls [][]byte
			for _, file := range args[1:] {
				crl, err := readNamed("revocation list", file)
				if err != nil {
					return nil, err
				}
				crls = append(crls, crl)
			}
			return channel.SetCRLs(mspID, crls...), nil
		})
	cmd.Flags().StringVar(&mspID, "msp", "", "MSP id of the organisation")
	return cmd
}

func newProposePolicy(s *settings) *cobra.Command {
	return proposeCommand(s, "policy FILE PATH RULE", "Replace a policy of the channel's configuration",
		"  fpc channel propose policy update.pb /Channel/Application/Endorsement 'ANY Endorsement' -C mychannel",
		exactArgs(3, "the file to write, a policy's path and its rule"),
		func(args []string) (channel.Edit, error) { return channel.SetPolicy(args[1], args[2]), nil })
}

func newProposeOrg(s *settings) *cobra.Command {
	var name, mspID, mspDir, anchor string
	cmd := proposeCommand(s, "org FILE", "Add an organisation with peers",
		"  fpc channel propose org update.pb -C mychannel --org Org4 --msp Org4MSP --msp-dir ./org4/msp",
		exactArgs(1, "the file to write"),
		func([]string) (channel.Edit, error) {
			if name == "" || mspID == "" || mspDir == "" {
				return nil, usagef("--org, --msp and --msp-dir name the organisation; all three are needed")
			}
			config, err := fabric.LoadMSP(mspID, mspDir)
			if err != nil {
				return nil, usagef("--msp-dir: %v", err)
			}
			org := channel.ApplicationOrg{Name: name, MSP: config}
			if anchor != "" {
				host, port, err := net.SplitHostPort(anchor)
				number, bad := strconv.ParseUint(port, 10, 16)
				if err != nil || bad != nil {
					return nil, usagef("--anchor %s: want host:port", anchor)
				}
				org.AnchorPeers = []*peer.AnchorPeer{{Host: host, Port: int32(number)}}
			}
			return channel.AddOrg(org), nil
		})
	f := cmd.Flags()
	f.StringVar(&name, "org", "", "the organisation's name in the configuration")
	f.StringVar(&mspID, "msp", "", "its MSP id")
	f.StringVar(&mspDir, "msp-dir", "", "its MSP folder, without keys")
	f.StringVar(&anchor, "anchor", "", "host:port of an anchor peer")
	return cmd
}

func newSignConfigTx(s *settings) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "signconfigtx", Short: "Sign a configuration update as the own administrator, in place",
		Example: "  fpc channel signconfigtx -f update.pb",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			update, err := readUpdate(file)
			if err != nil {
				return err
			}
			env, err := environment()
			if err != nil {
				return err
			}
			signer, err := fabric.LoadIdentity(env.mspID, env.mspDir)
			if err != nil {
				return usagef("CORE_PEER_MSPCONFIGPATH: %v", err)
			}
			if err := update.Sign(signer); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d signatures\n", update.Signatures())
			return writeUpdate(file, update)
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the update's file")
	return cmd
}

func newChannelUpdate(s *settings) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "update", Short: "Sign a configuration update and submit it",
		Example: "  fpc channel update -C mychannel -f update.pb",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			update, err := readUpdate(file)
			if err != nil {
				return err
			}
			return s.onChannel(cmd, true, func(ctx context.Context, c *session) error {
				if update.Channel != c.channel {
					return usagef("-f %s is an update of channel %s, not of %s", file, update.Channel, c.channel)
				}
				if err := update.Submit(ctx, c.network()); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), "the channel has the new configuration; enclaves that shall know it attest anew with: fpc enclave refresh")
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the update's file")
	return cmd
}

func readUpdate(file string) (*admin.ChannelUpdate, error) {
	raw, err := readNamed("-f", file)
	if err != nil {
		return nil, err
	}
	update, err := admin.ParseUpdate(raw)
	if err != nil {
		return nil, usagef("-f %s: %v", file, err)
	}
	return update, nil
}

func writeUpdate(file string, update *admin.ChannelUpdate) error {
	raw, err := update.Bytes(time.Now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		return usagef("%v", err)
	}
	return nil
}
