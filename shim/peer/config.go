// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"
)

// What holds where a configuration says nothing.
const (
	// DefaultMaxMessage is the largest message in bytes, as Fabric has it.
	DefaultMaxMessage = 100 << 20
	// DefaultMaxTransactions is how many transactions may run at a time on one
	// stream. Peers limit themselves to fewer (2500 by default).
	DefaultMaxTransactions = 10000
	// DefaultGrace is how long running transactions may take to end when the
	// program shuts down.
	DefaultGrace = 10 * time.Second

	handshakeTimeout = 30 * time.Second
	dialTimeout      = 10 * time.Second
	keepaliveTime    = time.Minute
	keepaliveTimeout = 20 * time.Second
)

// Options hold for both ways to connect.
type Options struct {
	// Log gets what happens outside of transactions, and panics of the
	// chaincode. Nil: nothing is logged.
	Log *slog.Logger
	// Grace is how long running transactions may take to end after the context
	// is done. Zero: DefaultGrace.
	Grace time.Duration
	// MaxTransactions bounds what runs at a time on one stream; more are
	// answered with an error. Zero: DefaultMaxTransactions.
	MaxTransactions int
	// MaxMessage bounds a message in bytes. Zero: DefaultMaxMessage.
	MaxMessage int
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	if o.MaxTransactions == 0 {
		o.MaxTransactions = DefaultMaxTransactions
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = DefaultMaxMessage
	}
	return o
}

// ServerConfig is for a chaincode as a service.
type ServerConfig struct {
	// CCID is the package id under which the peer installed the chaincode,
	// "label:sha256". The peer refuses any other.
	CCID string
	// Address is the host:port to listen on. Unused with a Listener.
	Address string
	// Listener is used instead of Address if it is set; Serve closes it.
	Listener net.Listener
	// TLS is the server's configuration; nil: no TLS. See ServerTLS.
	TLS *tls.Config
	Options
}

func (c ServerConfig) check() error {
	if c.CCID == "" {
		return errors.New("no chaincode id: it is the package id that 'lifecycle chaincode install' printed")
	}
	if c.Address == "" && c.Listener == nil {
		return errors.New("no address to listen on (host:port)")
	}
	return nil
}

// ClientConfig is for a chaincode that its peer launched.
type ClientConfig struct {
	// CCID is the chaincode id that the peer gave (CORE_CHAINCODE_ID_NAME, or
	// chaincode_id in an external builder's chaincode.json).
	CCID string
	// PeerAddress is the host:port of the peer's chaincode listener.
	PeerAddress string
	// TLS is the client's configuration; nil: no TLS. See ClientTLS.
	TLS *tls.Config
	Options
}

func (c ClientConfig) check() error {
	if c.CCID == "" {
		return errors.New("no chaincode id")
	}
	if c.PeerAddress == "" {
		return errors.New("no peer address (host:port)")
	}
	return nil
}
