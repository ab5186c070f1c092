// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"container/list"
	"sync"
)

// maxCached is the longest serialized identity that a cache keeps, so that its
// size bounds its memory.
const maxCached = 16 << 10

// Cache keeps the most recently used identities in front of a manager, with what
// is known of their validity. What does not parse or chain is not kept. A cache
// is bounded and safe for concurrent use; a new channel configuration means a new
// manager and a new cache.
type Cache struct {
	manager *Manager
	size    int

	mu      sync.Mutex
	entries map[string]*list.Element // of *cacheEntry
	recent  *list.List               // most recently used first
}

type cacheEntry struct {
	key       string
	presented *Presented
}

// NewCache keeps up to size identities in front of manager.
func NewCache(manager *Manager, size int) *Cache {
	return &Cache{manager: manager, size: size, entries: make(map[string]*list.Element), recent: list.New()}
}

// Present is [Manager.Present], cached.
func (c *Cache) Present(serialized []byte) (*Presented, error) {
	if p, ok := c.get(serialized); ok {
		return p, nil
	}
	p, err := c.manager.Present(serialized)
	if err != nil {
		return nil, err
	}
	c.put(serialized, p)
	return p, nil
}

// Identity is [Manager.Identity], cached.
func (c *Cache) Identity(serialized []byte) (*Identity, error) {
	p, err := c.Present(serialized)
	if err != nil {
		return nil, err
	}
	return p.Validate()
}

func (c *Cache) get(serialized []byte) (*Presented, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[string(serialized)]
	if !ok {
		return nil, false
	}
	c.recent.MoveToFront(element)
	return element.Value.(*cacheEntry).presented, true
}

func (c *Cache) put(serialized []byte, p *Presented) {
	if len(serialized) > maxCached || c.size <= 0 {
		return
	}
	key := string(serialized)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[key]; ok {
		return
	}
	c.entries[key] = c.recent.PushFront(&cacheEntry{key, p})
	for c.recent.Len() > c.size {
		oldest := c.recent.Back()
		delete(c.entries, c.recent.Remove(oldest).(*cacheEntry).key)
	}
}
