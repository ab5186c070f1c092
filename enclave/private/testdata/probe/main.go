// SPDX-License-Identifier: Apache-2.0

// Command probe is a private chaincode that tries what an enclave must not do,
// and reports how it went. Its arguments name the attempts.
package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/privatechaincode/fpc/enclave/private"
	"github.com/privatechaincode/fpc/shim"
)

type probe struct{}

func (probe) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke answers "allowed" or the error of each attempt, one a line.
func (probe) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	var out []string
	for _, name := range stub.GetStringArgs() {
		attempt, ok := attempts[name]
		if !ok {
			return shim.Error("no attempt " + name)
		}
		result := "allowed"
		if err := attempt(stub); err != nil {
			result = err.Error()
		}
		out = append(out, name+": "+result)
	}
	return shim.Success([]byte(strings.Join(out, "\n")))
}

var kept []byte

var attempts = map[string]func(shim.ChaincodeStubInterface) error{
	"open":    func(shim.ChaincodeStubInterface) error { return closing(os.Open("/etc/passwd")) },
	"list":    func(shim.ChaincodeStubInterface) error { _, err := os.ReadDir("/"); return err },
	"create":  func(shim.ChaincodeStubInterface) error { return os.WriteFile("/tmp/fpc-probe", nil, 0o600) },
	"memory":  func(shim.ChaincodeStubInterface) error { return closing(os.Open("/proc/self/mem")) },
	"tcp":     func(shim.ChaincodeStubInterface) error { return closing(net.Dial("tcp", "127.0.0.1:9")) },
	"udp":     func(shim.ChaincodeStubInterface) error { return closing(net.Dial("udp", "127.0.0.1:9")) },
	"unix":    func(shim.ChaincodeStubInterface) error { return closing(net.Dial("unix", "/run/none")) },
	"listen":  func(shim.ChaincodeStubInterface) error { return closing(net.Listen("tcp", "127.0.0.1:0")) },
	"accept":  func(shim.ChaincodeStubInterface) error { return raw(syscall.SYS_ACCEPT4, 5) }, // what a listener would be
	"exec":    func(shim.ChaincodeStubInterface) error { return exec.Command("/bin/true").Run() },
	"exec-me": func(shim.ChaincodeStubInterface) error { return exec.Command("/proc/self/exe").Run() },
	"fork":    func(shim.ChaincodeStubInterface) error { return raw(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD)) },
	"kill":    func(shim.ChaincodeStubInterface) error { return syscall.Kill(os.Getppid(), 0) },
	"ptrace":  func(shim.ChaincodeStubInterface) error { return raw(syscall.SYS_PTRACE, 0) },
	"mmap-exec": func(shim.ChaincodeStubInterface) error {
		_, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_EXEC, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		return err
	},
	"print": func(shim.ChaincodeStubInterface) error {
		_, err := fmt.Fprintln(os.Stderr, "a secret printed")
		return errors.Join(err, func() error { _, err := fmt.Println("a secret printed"); return err }())
	},
	"env": func(shim.ChaincodeStubInterface) error {
		if env := os.Environ(); len(env) != 0 {
			return nil
		}
		return errors.New("empty")
	},
	// What must go on working.
	"threads": func(shim.ChaincodeStubInterface) error {
		var running, done sync.WaitGroup
		for range 50 {
			running.Add(1)
			done.Go(func() {
				runtime.LockOSThread() // a thread for each, ended with its goroutine
				running.Done()
				running.Wait()
			})
		}
		done.Wait()
		return nil
	},
	"garbage": func(shim.ChaincodeStubInterface) error {
		for range 100 {
			kept = make([]byte, 1<<20)
			runtime.GC()
		}
		return nil
	},
	"timers": func(shim.ChaincodeStubInterface) error {
		<-time.After(time.Millisecond)
		return nil
	},
	"random": func(shim.ChaincodeStubInterface) error { _, err := rand.Read(make([]byte, 1<<16)); return err },
	"put":    func(stub shim.ChaincodeStubInterface) error { return stub.PutState("key", []byte("value")) },
	"get":    func(stub shim.ChaincodeStubInterface) error { _, err := stub.GetState("key"); return err },
	"block": func(stub shim.ChaincodeStubInterface) error {
		_, err := stub.GetState("blocks")
		return err
	},
	"exit": func(shim.ChaincodeStubInterface) error { os.Exit(7); return nil },
}

func closing[T interface{ Close() error }](c T, err error) error {
	if err != nil {
		return err
	}
	return c.Close()
}

func raw(number, arg uintptr) error {
	if _, _, errno := syscall.RawSyscall(number, arg, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

func main() { private.Main(probe{}) }
