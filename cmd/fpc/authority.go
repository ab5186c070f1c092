// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/privatechaincode/fpc/client/admin"
)

// authorityFlags name the CA that certifies enclaves (REG-9).
type authorityFlags struct {
	cert, key      string
	server, secret string
	tlsRoot        string
	caName         string
}

func (a *authorityFlags) add(f *pflag.FlagSet) {
	f.StringVar(&a.cert, "ca-cert", os.Getenv("FPC_CA_CERT"), "file with the certificate of the organisation's CA (FPC_CA_CERT)")
	f.StringVar(&a.key, "ca-key", os.Getenv("FPC_CA_KEY"), "file with that CA's private key (FPC_CA_KEY)")
	f.StringVar(&a.server, "fabric-ca", "", "URL of a Fabric CA server at which the enclave is registered by its id, of type client, with its unit as affiliation; https, unless it is on this host")
	f.StringVar(&a.tlsRoot, "fabric-ca-tls-root", "", "file with the certificate, PEM, under which that server's TLS certificate is issued (default: the system's)")
	f.StringVar(&a.secret, "fabric-ca-secret-file", "", "file with the secret that was given for the enclave's registration there")
	f.StringVar(&a.caName, "fabric-ca-name", "", "name of the CA at that server, where it runs several")
}

// authority is the CA that the flags name, nil for none.
func (a *authorityFlags) authority() (admin.Authority, error) {
	switch {
	case a.server != "":
		secret, err := readNamed("--fabric-ca-secret-file", a.secret)
		if err != nil {
			return nil, err
		}
		return a.fabricCA(strings.TrimSpace(string(secret)))
	case a.cert == "" && a.key == "":
		return nil, nil
	case a.cert == "" || a.key == "":
		return nil, usagef("--ca-cert and --ca-key go together")
	}
	cert, err := readNamed("--ca-cert", a.cert)
	if err != nil {
		return nil, err
	}
	key, err := readNamed("--ca-key", a.key)
	if err != nil {
		return nil, err
	}
	ca, err := admin.NewFileCA(cert, key)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return ca, nil
}

func (a *authorityFlags) fabricCA(secret string) (admin.Authority, error) {
	var roots []byte
	if a.tlsRoot != "" {
		var err error
		if roots, err = readNamed("--fabric-ca-tls-root", a.tlsRoot); err != nil {
			return nil, err
		}
	}
	ca, err := admin.NewFabricCA(a.server, a.caName, secret, roots)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return ca, nil
}
