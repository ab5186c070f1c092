// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
	"github.com/privatechaincode/fpc/protocol"
)

// nobody is the user of the images.
const nobody = 65532

// image is the last stage of a Dockerfile as a folder, and how its program starts.
type image struct {
	root       string
	env        []string
	entrypoint []string
}

// unpack makes of a Dockerfile's last stage what the image would hold. built names
// the programs that the first stage builds.
func unpack(t *testing.T, dockerfile string, built map[string]string) image {
	t.Helper()
	raw, err := os.ReadFile(dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	stage := text[strings.LastIndex(text, "\nFROM ")+1:]
	if !strings.HasPrefix(stage, "FROM scratch\n") {
		t.Fatalf("%s: the last stage is not FROM scratch", dockerfile)
	}
	// Its user must reach it through the folders above.
	root, err := os.MkdirTemp("/tmp", "fpc-image-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	provide(t, root)
	i := image{root: root}
	instruction := regexp.MustCompile(`(?m)^([A-Z]+) (.*)$`)
	for _, line := range instruction.FindAllStringSubmatch(stage, -1) {
		switch words := strings.Fields(line[2]); line[1] {
		case "ENV":
			i.env = append(i.env, words...)
		case "ENTRYPOINT":
			if err := json.Unmarshal([]byte(line[2]), &i.entrypoint); err != nil {
				t.Fatalf("%s: %s: %v", dockerfile, line[0], err)
			}
		case "COPY":
			for strings.HasPrefix(words[0], "--") {
				words = words[1:]
			}
			to := words[len(words)-1]
			for _, from := range words[:len(words)-1] {
				i.add(t, from, to, built)
			}
		}
	}
	return i
}

// provide adds what every container runtime does, and takes all away at the end.
func provide(t *testing.T, root string) {
	t.Helper()
	dev, proc := filepath.Join(root, "dev"), filepath.Join(root, "proc")
	for _, dir := range []string{dev, proc} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	null := filepath.Join(dev, "null")
	err := unix.Mknod(null, unix.S_IFCHR, int(unix.Mkdev(1, 3)))
	if err == nil {
		err = os.Chmod(null, 0o666)
	}
	if err == nil {
		err = unix.Mount("proc", proc, "proc", unix.MS_NOSUID|unix.MS_NOEXEC|unix.MS_NODEV, "")
	}
	if err != nil {
		os.RemoveAll(root)
		t.Skipf("SKIPPED: no /dev/null and /proc can be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(proc, 0); err != nil {
			t.Errorf("unmount %s: %v", proc, err) // and leave the folder
			return
		}
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
}

// add copies one source of a COPY instruction.
func (i image) add(t *testing.T, from, to string, built map[string]string) {
	t.Helper()
	if from == "/out/state" {
		to = filepath.Join(i.root, to)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(to, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(to, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		return
	}
	program, ok := built[from]
	if !ok {
		t.Fatalf("the image wants %s, which this test does not know", from)
	}
	if strings.HasSuffix(to, "/") {
		to += filepath.Base(from)
	}
	to = filepath.Join(i.root, to)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, raw, 0o755); err != nil {
		t.Fatal(err)
	}
}

// program starts the image's entry point with nothing but the image to see.
func (i image) program(t *testing.T, name, dir string, env ...string) deploy.Program {
	t.Helper()
	chroot, err := exec.LookPath("chroot")
	if err != nil {
		t.Skip("SKIPPED: no chroot to run an image's content in")
	}
	return deploy.Program{
		Name: name, Path: chroot, Args: append([]string{"--userspec=65532:65532", i.root}, i.entrypoint...), Dir: dir,
		Env: append(append(i.env, "FPC_OPERATIONS=127.0.0.1:0"), env...),
	}
}

// TestImageHoldsAllThatIsNeeded runs stub, enclave and registry where there is
// nothing but what the images of deploy hold, as their user: the images need no
// system below them.
func TestImageHoldsAllThatIsNeeded(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: only root may change the root folder")
	}
	ctx, n := startNetwork(t)
	built := map[string]string{
		"/out/fpc-stub": filepath.Join(n.Bin, "fpc-stub"), "/out/fpc-ercc": filepath.Join(n.Bin, "fpc-ercc"),
		"/out/enclave": filepath.Join(n.Bin, "samples", "asset"),
	}
	serveRegistryImage(ctx, t, n, unpack(t, "../deploy/ercc.Dockerfile", built))

	binary, err := os.ReadFile(built["/out/enclave"])
	if err != nil {
		t.Fatal(err)
	}
	code := pkg.Code{Enclave: binary}
	if code.Manifest, err = pkg.SimManifest(binary); err != nil {
		t.Fatal(err)
	}
	stub := unpack(t, "../deploy/stub.Dockerfile", built)
	s, err := n.Serve(ctx, deploy.ServiceSpec{
		Name: "asset", Version: code.Manifest.Version(),
		Package: func(address string) ([]byte, error) {
			code.Connection = &pkg.Connection{Address: address, DialTimeout: "10s"}
			return pkg.BuildFPC("asset", code)
		},
		Program: func(org int) deploy.Program {
			env := []string{"FPC_CHAINCODE=asset", "CORE_PEER_LOCALMSPID=" + n.Orgs[org].MSPID}
			if org == 0 {
				env = append(env, "FPC_ENCLAVE=/usr/local/bin/enclave", "FPC_STATE=/var/lib/fpc")
			}
			return stub.program(t, "asset."+n.Orgs[org].MSPID, n.Dir, env...)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if _, err := n.InitEnclave(ctx, "asset", code.Manifest.Bytes(), nil); err != nil {
		t.Fatal(err)
	}
	contract, err := n.Contract("asset", deploy.Client{Signer: n.Orgs[1].Client, Pins: n.Pins})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := contract.Submit(ctx, "CreateAsset", "a1", "ann", "blue", "5"); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(ctx, 0); err != nil {
		t.Fatal(err)
	}
	answer, err := contract.Evaluate(ctx, "ReadAsset", "a1")
	if err != nil || !strings.Contains(string(answer), `"owner":"ann"`) {
		t.Errorf("read after a restart: got %s, error %v; want owner ann", answer, err)
	}
}

// TestLedgerImageHoldsAllThatIsNeeded runs the ledger enclave and its host where there
// is nothing but their image and what the manifest mounts into it.
func TestLedgerImageHoldsAllThatIsNeeded(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: only root may change the root folder")
	}
	ctx, n := startNetwork(t)
	i := unpack(t, "../deploy/ledger.Dockerfile", map[string]string{
		"/out/fpc-ledger-host": filepath.Join(n.Bin, "fpc-ledger-host"), "/out/fpc-ledger": filepath.Join(n.Bin, "fpc-ledger"),
	})
	o := n.Orgs[0]
	identity := filepath.Join(i.root, "identity")
	if err := os.CopyFS(identity, os.DirFS(o.Reader)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(identity, "peer-tls-root.pem"), o.Peer.RootCerts, 0o600); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(i.root, "run", "fpc")
	if err := os.MkdirAll(run, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{identity, run} {
		owned(t, dir)
	}
	socket := filepath.Join(run, "ledger", "ledger.sock")
	p := i.program(t, "ledger."+o.MSPID, n.Dir, "FPC_CHANNEL="+n.Channel, "CORE_PEER_LOCALMSPID="+o.MSPID,
		"CORE_PEER_ADDRESS="+o.Peer.Address, "CORE_PEER_MSPCONFIGPATH=/identity", "CORE_PEER_TLS_ENABLED=true",
		"CORE_PEER_TLS_ROOTCERT_FILE=/identity/peer-tls-root.pem", "CORE_PEER_TLS_SERVERHOSTOVERRIDE="+o.Peer.ServerName)
	p.Address = "unix:" + socket
	started, err := deploy.Start(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = started.Kill() })
	if head := dialLedger(t, socket).awaitHeight(ctx, 1); head.GetHeight() < 1 {
		t.Errorf("ledger enclave of the image: got height %d, want 1 and more", head.GetHeight())
	}
}

// owned gives a folder, and all that is in it, to the images' user.
func owned(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, nobody, nobody))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func serveRegistryImage(ctx context.Context, t *testing.T, n *embedded.Network, i image) {
	t.Helper()
	policy, err := n.RegistryPolicy(ctx, "asset")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := policy.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s, err := n.Serve(ctx, deploy.ServiceSpec{
		Name: protocol.ERCCName, Version: protocol.PolicyVersion(raw),
		Package: func(address string) ([]byte, error) {
			return pkg.BuildCCAAS(protocol.ERCCName, pkg.Connection{Address: address, DialTimeout: "10s"})
		},
		Program: func(org int) deploy.Program { return i.program(t, "ercc."+n.Orgs[org].MSPID, n.Dir) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if _, err := (admin.Registry{Network: n.As(n.Orgs[0].Admin)}).SetPolicy(ctx, raw); err != nil {
		t.Fatal(err)
	}
}
