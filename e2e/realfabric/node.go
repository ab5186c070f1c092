// SPDX-License-Identifier: Apache-2.0

package realfabric

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/privatechaincode/fpc/internal/deploy"
)

// node is a Fabric program, and how to start it.
type node struct {
	name    string
	program string
	args    []string
	env     []string
	dir     string
	log     string   // file with what it printed, of all its starts
	ops     string   // address of its operations service
	serves  []string // addresses at which it accepts calls

	cmd  *exec.Cmd
	done chan struct{}
}

func (n *Network) startNode(name, program, ops string, env []string, args ...string) (*node, error) {
	started := &node{
		name: name, program: filepath.Join(n.Programs.Bin, program), args: args, dir: n.dir, log: filepath.Join(n.dir, name+".log"), ops: ops,
		env: append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "FABRIC_LOGGING_SPEC=info"}, env...),
	}
	return started, started.start()
}

func (n *node) start() error {
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(n.program, n.args...)
	cmd.Env, cmd.Dir = n.env, n.dir
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	n.cmd, n.done = cmd, done
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	return nil
}

// restart starts the program again after stop and waits until it serves.
func (n *node) restart(ctx context.Context) error {
	if err := n.start(); err != nil {
		return err
	}
	return n.until(ctx, "serve again", func() error {
		if err := n.healthy(); err != nil {
			return err
		}
		// A peer calls itself healthy before it accepts calls.
		for _, address := range n.serves {
			conn, err := net.DialTimeout("tcp", address, time.Second)
			if err != nil {
				return err
			}
			_ = conn.Close()
		}
		return nil
	})
}

// stop kills the program, as a crash would, and waits for its end.
func (n *node) stop() {
	if n == nil || n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill()
	<-n.done
}

// until asks again and again until ok, the program's end or the context's.
func (n *node) until(ctx context.Context, what string, ok func() error) error {
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-n.done:
			return fmt.Errorf("%s ended while it was awaited (%s); see %s", n.name, what, n.log)
		case <-ctx.Done():
			return fmt.Errorf("%s: %s: %w; see %s", n.name, what, err, n.log)
		case <-retry.C:
		}
	}
}

// get reads a page of the program's operations service.
func (n *node) get(path string) (string, error) {
	resp, err := http.Get("http://" + n.ops + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s: %s", path, resp.Status, body)
	}
	return string(body), nil
}

func (n *node) healthy() error {
	_, err := n.get("/healthz")
	return err
}

// said is what the program has logged.
func (n *node) said() string {
	raw, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// startPeer starts an organisation's peer and joins it to the channel.
func (n *Network) startPeer(ctx context.Context, i int) error {
	addresses, err := freeAddresses(2)
	if err != nil {
		return err
	}
	chaincode, ops := addresses[0], addresses[1]
	org, address := n.orgs[i], n.Orgs[i].Peer.Address
	name := "peer0." + org.Domain
	config, err := n.peerConfig()
	if err != nil {
		return err
	}
	dir := org.NodeDir("peer0")
	store := filepath.Join(n.dir, name)
	started, err := n.startNode(name, "peer", ops, append(append(n.peerTLS(dir),
		"FABRIC_CFG_PATH="+config,
		"CORE_PEER_ID="+name, "CORE_PEER_LOCALMSPID="+org.MSPID, "CORE_PEER_MSPCONFIGPATH="+filepath.Join(dir, "msp"),
		"CORE_PEER_LISTENADDRESS="+address, "CORE_PEER_ADDRESS="+address,
		"CORE_PEER_CHAINCODELISTENADDRESS="+chaincode, "CORE_PEER_CHAINCODEADDRESS="+chaincode,
		"CORE_PEER_GOSSIP_BOOTSTRAP="+address, "CORE_PEER_GOSSIP_EXTERNALENDPOINT="+address, "CORE_PEER_GOSSIP_ENDPOINT="+address,
		"CORE_PEER_GOSSIP_PUBLISHSTATEINFOINTERVAL=1s", "CORE_PEER_GOSSIP_REQUESTSTATEINFOINTERVAL=1s",
		"CORE_PEER_GOSSIP_RECONNECTINTERVAL=2s", "CORE_PEER_GOSSIP_ALIVETIMEINTERVAL=1s", "CORE_PEER_GOSSIP_ALIVEEXPIRATIONTIMEOUT=10s",
		"CORE_PEER_FILESYSTEMPATH="+store, "CORE_LEDGER_SNAPSHOTS_ROOTDIR="+filepath.Join(store, "snapshots"),
		"CORE_OPERATIONS_LISTENADDRESS="+ops, "CORE_VM_ENDPOINT=",
	), n.options.Builder.Environment[org.MSPID]...), "node", "start")
	if err != nil {
		return err
	}
	started.serves = []string{address, chaincode}
	n.peers = append(n.peers, started)
	if err := started.until(ctx, "healthy", started.healthy); err != nil {
		return err
	}
	return started.until(ctx, "join the channel", func() error { return n.joinChannel(ctx, i) })
}

func (n *Network) joinChannel(ctx context.Context, i int) error {
	_, err := n.Peer(ctx, i, "channel", "join", "-b", n.genesisFile())
	if err != nil && strings.Contains(err.Error(), "already exists") {
		return nil
	}
	return err
}

// Peer runs Fabric's peer command as an organisation's administrator.
func (n *Network) Peer(ctx context.Context, org int, args ...string) (string, error) {
	o := n.orgs[org]
	cmd := exec.CommandContext(ctx, filepath.Join(n.Programs.Bin, "peer"), args...)
	cmd.Env = append(n.peerTLS(o.NodeDir("peer0")), "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"), "FABRIC_LOGGING_SPEC=warn",
		"FABRIC_CFG_PATH="+n.Programs.Config, "CORE_PEER_LOCALMSPID="+o.MSPID,
		"CORE_PEER_MSPCONFIGPATH="+filepath.Join(o.UserDir("Admin"), "msp"), "CORE_PEER_ADDRESS="+n.Orgs[org].Peer.Address)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("peer %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (n *Network) peerTLS(nodeDir string) []string {
	return []string{
		"CORE_PEER_TLS_ENABLED=true", "CORE_PEER_TLS_CERT_FILE=" + filepath.Join(nodeDir, "tls", "server.crt"),
		"CORE_PEER_TLS_KEY_FILE=" + filepath.Join(nodeDir, "tls", "server.key"), "CORE_PEER_TLS_ROOTCERT_FILE=" + filepath.Join(nodeDir, "tls", "ca.crt"),
	}
}

var dockerEndpoint = regexp.MustCompile(`(?m)^( *endpoint:) *unix:.*docker\.sock.*$`)

// externalBuilders finds the list in core.yaml and its first entry's indentation.
var externalBuilders = regexp.MustCompile(`(?m)^ +externalBuilders:.*\n( *)- `)

// validators finds the map of validation plugins in core.yaml and its first
// entry's indentation.
var validators = regexp.MustCompile(`(?m)^ +validators:.*\n( *)vscc:`)

// peerConfig is the distribution's core.yaml with our external builders and
// validation plugin and without a docker endpoint: there is no docker here, and a peer's health check
// would wait for one.
func (n *Network) peerConfig() (string, error) {
	dir := filepath.Join(n.dir, "peercfg")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	raw, err := os.ReadFile(filepath.Join(n.Programs.Config, "core.yaml"))
	if err != nil {
		return "", err
	}
	service, err := n.writeBuilder()
	if err != nil {
		return "", err
	}
	at := externalBuilders.FindSubmatchIndex(raw)
	if at == nil {
		return "", errors.New("core.yaml has no entry in chaincode.externalBuilders")
	}
	var entries []byte
	for line := range strings.Lines(n.options.Builder.CoreYAML + "- name: service\n  path: " + service + "\n  propagateEnvironment: [PATH]\n") {
		entries = append(append(entries, raw[at[2]:at[3]]...), line...)
	}
	raw = slices.Insert(raw, at[2], entries...)
	if name := n.options.ForeignPlugin; name != "" {
		at := validators.FindSubmatchIndex(raw)
		if at == nil {
			return "", errors.New("core.yaml has no entry in peer.handlers.validators")
		}
		raw = slices.Insert(raw, at[2], []byte(string(raw[at[2]:at[3]])+name+": {name: DefaultValidation}\n")...)
	}
	return dir, os.WriteFile(filepath.Join(dir, "core.yaml"), dockerEndpoint.ReplaceAll(raw, []byte("$1")), 0o644)
}

// writeBuilder writes an external builder for chaincodes that run as a service:
// the peer learns their address from connection.json.
func (n *Network) writeBuilder() (string, error) {
	dir := filepath.Join(n.dir, "builder")
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		return "", err
	}
	for name, script := range map[string]string{
		"detect":  `test -f "$1/connection.json"`,
		"build":   `cp "$1/connection.json" "$3/"`,
		"release": `mkdir -p "$2/chaincode/server" && cp "$1/connection.json" "$2/chaincode/server/"`,
	} {
		if err := os.WriteFile(filepath.Join(dir, "bin", name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func freeAddresses(count int) ([]string, error) {
	var all []string
	for range count {
		address, err := deploy.FreeAddress()
		if err != nil {
			return nil, err
		}
		all = append(all, address)
	}
	return all, nil
}

func splitPort(address string) (string, int) {
	host, text, _ := net.SplitHostPort(address)
	port, _ := strconv.Atoi(text)
	return host, port
}
