// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// defaults of Config.
const (
	defaultOrgs         = 3
	defaultChannel      = "mychannel"
	defaultBatchTimeout = 200 * time.Millisecond
	defaultBatchCount   = 500
	// maxOrgs is what one machine reasonably carries.
	maxOrgs = 64
)

func (c Config) withDefaults() Config {
	if c.Orgs == 0 {
		c.Orgs = defaultOrgs
	}
	if c.Channel == "" {
		c.Channel = defaultChannel
	}
	if c.BatchTimeout == 0 {
		c.BatchTimeout = defaultBatchTimeout
	}
	if c.BatchCount == 0 {
		c.BatchCount = defaultBatchCount
	}
	return c
}

// ports are the addresses to listen on, the orderer's first.
func (c Config) ports() []string {
	addresses := make([]string, c.Orgs+1)
	for i := range addresses {
		port := 0
		if c.Port != 0 {
			port = c.Port + i
		}
		addresses[i] = net.JoinHostPort(host, strconv.Itoa(port))
	}
	return addresses
}

// matches tells whether the configuration asks for the network described.
func (c Config) matches(d *Description) error {
	differ := func(what string, have, want any) error {
		return fmt.Errorf("%s: %s is %v, not %v: %w", c.Dir, what, have, want, ErrMismatch)
	}
	switch {
	case d.Dir != c.Dir:
		return differ("its place", d.Dir, c.Dir)
	case c.Orgs != 0 && c.Orgs != len(d.Organizations):
		return differ("number of organisations", len(d.Organizations), c.Orgs)
	case c.Channel != "" && c.Channel != d.Channel:
		return differ("channel", d.Channel, c.Channel)
	case c.BatchTimeout != 0 && c.BatchTimeout.String() != d.Batch.Timeout:
		return differ("batch timeout", d.Batch.Timeout, c.BatchTimeout)
	case c.BatchCount != 0 && c.BatchCount != d.Batch.Count:
		return differ("batch count", d.Batch.Count, c.BatchCount)
	case c.Port != 0 && d.Orderer.Address != c.ports()[0]:
		return differ("orderer's address", d.Orderer.Address, c.ports()[0])
	}
	return nil
}
