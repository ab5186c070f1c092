// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// ledger is the state as one invocation sees it, and the record of what it read
// and wrote (EX-1 to EX-5), under the keys as they stand on the ledger: see at.
// Each key is read from the host once: a host that
// would answer differently a second time is not asked. Writes are not read back.
//
// Its first failure to read is final: whatever the chaincode makes of the error,
// the invocation ends with an error, so that a host cannot steer it by failing
// accesses that leave no trace in the read set.
type ledger struct {
	enclave *Enclave
	state   *state
	ctx     context.Context
	view    view

	mu        sync.Mutex // held during an access: one at a time
	err       error      // why the invocation fails, whatever the chaincode answers
	ended     bool
	kept      int // bytes kept of what was read
	reads     map[string]readValue
	ranges    []*rangeRead
	writes    map[string]writeValue
	metaReads map[string]stored // policies
	metaSets  map[string][]byte // policies, empty: removed
	written   int               // bytes of writes and policies
	paged     bool              // a page was read: no writes any more
}

type readValue struct {
	plain   []byte // nil: absent for the chaincode
	hash    []byte // of what the host gave; nil: nothing
	version *rwset.Version
}

type writeValue struct {
	key    string // in clear
	plain  []byte
	delete bool
}

func newLedger(ctx context.Context, e *Enclave, s *state, v view) *ledger {
	return &ledger{
		enclave:   e,
		state:     s,
		ctx:       ctx,
		view:      v,
		reads:     make(map[string]readValue),
		writes:    make(map[string]writeValue),
		metaReads: make(map[string]stored),
		metaSets:  make(map[string][]byte),
	}
}

// at returns the key under which a key's value stands on the ledger: itself, or
// what blinds it. Values are bound to the key itself in either case, so that a
// host which swaps two blinded keys' values gains nothing.
func (l *ledger) at(step, key string) (string, error) {
	if !l.enclave.config.BlindedKeys {
		return key, nil
	}
	blinded, err := l.state.keys.sek.BlindKey(keys.KeyBinding{
		ChannelHash: l.state.channelHash,
		ChaincodeID: l.state.params.GetChaincodeId(),
		Generation:  l.state.keys.generation,
		Key:         key,
	})
	if err != nil {
		return "", protocol.Errorf(step, protocol.CodeInternal, "blind a key: %w", err)
	}
	return blinded, nil
}

// begin locks the ledger for one access; the invocation must be running.
func (l *ledger) begin(step string) error {
	l.mu.Lock()
	err := l.err
	if l.ended {
		err = protocol.Errorf(step, CodeCancelled, "the invocation has ended")
	}
	if err != nil {
		l.mu.Unlock()
	}
	return err
}

// fail records a final failure; the ledger is locked.
func (l *ledger) fail(step string, code protocol.Code, format string, args ...any) error {
	return l.failed(protocol.Errorf(step, code, format, args...))
}

// failed is fail for an error of the view; nil stays nil.
func (l *ledger) failed(err error) error {
	if l.err == nil {
		l.err = err
	}
	return err
}

// keep accounts for n bytes kept until the invocation ends; the ledger is locked.
func (l *ledger) keep(step string, n int) error {
	l.kept += n
	all := l.enclave.read.Add(int64(n))
	limits := l.enclave.config.Limits
	if l.kept > limits.MaxRead || all > int64(limits.MaxReadAll) {
		return l.fail(step, protocol.CodeTooLarge, "the invocation read more than it may keep (%d bytes; all together %d)", limits.MaxRead, limits.MaxReadAll)
	}
	return nil
}

// release gives back n bytes that were kept; the ledger is locked. What is left
// at the end, end gives back.
func (l *ledger) release(n int) {
	if !l.ended {
		l.kept -= n
		l.enclave.read.Add(-int64(n))
	}
}

// end closes the ledger for good: what the chaincode left running gets errors.
// It returns the invocation's own failure.
func (l *ledger) end() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil && l.ctx.Err() != nil {
		l.err = protocol.Errorf("INV-14", CodeCancelled, "the host gave the invocation up")
	}
	l.ended = true
	l.enclave.read.Add(-int64(l.kept))
	return l.err
}

// open decrypts what the host gave for a key (EX-1). Values of an earlier
// generation read as absent: their keys stayed behind in the code before this.
func (l *ledger) open(step, key string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	set := l.state.keys
	h, err := keys.ParseValueHeader(sealed)
	if err != nil || h.Generation == 0 || h.Generation > set.generation {
		return nil, l.fail(step, CodeForeignValue, "key %q holds a value that no enclave of this chaincode's generations 1 to %d wrote", key, set.generation)
	}
	if h.Generation < set.generation {
		return nil, nil
	}
	plain, _, err := set.sek.OpenValue(keys.ValueBinding{
		ChannelHash: l.state.channelHash,
		ChaincodeID: l.state.params.GetChaincodeId(),
		Key:         key,
	}, sealed)
	if err != nil {
		return nil, l.fail(step, CodeTamperedValue, "key %q holds a value that was altered, or written under another key, chaincode or channel: %w", key, err)
	}
	if plain == nil {
		plain = []byte{}
	}
	return plain, nil
}

// checkKey refuses keys that a state database would refuse, so that all peers
// agree (CouchDB's rules are the stricter ones), and those that FPC keeps for
// itself (EX-5).
func checkKey(step, key string) error {
	switch {
	case key == "":
		return protocol.Errorf(step, CodeBadKey, "%w", shim.ErrEmptyKey)
	case !utf8.ValidString(key):
		return protocol.Errorf(step, CodeBadKey, "key %q is not valid UTF-8", key)
	case strings.HasPrefix(key, "_"):
		return protocol.Errorf(step, CodeBadKey, "key %q begins with an underscore, which CouchDB keeps for itself", key)
	}
	return checkReserved(step, key)
}

func checkReserved(step, key string) error {
	if protocol.IsReservedKey(key) {
		return protocol.Errorf(step, protocol.CodeReservedKey, "keys of the composite types %q belong to FPC", "fpc/…")
	}
	return nil
}

// readSet returns what was read, in canonical order, once the invocation has
// ended.
func (l *ledger) readSet() *fpc.ReadWriteSet {
	rw := &fpc.ReadWriteSet{}
	for _, key := range slices.Sorted(maps.Keys(l.reads)) {
		rw.Reads = append(rw.Reads, &fpc.Read{Key: key, ValueHash: l.reads[key].hash})
	}
	for _, r := range l.ranges {
		if read := r.record(); read != nil {
			rw.Ranges = append(rw.Ranges, read)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.metaReads)) {
		rw.MetadataReads = append(rw.MetadataReads, &fpc.MetadataRead{Key: key, Hash: protocol.MetadataHash(l.metaReads[key].value)})
	}
	return rw
}

// sealWrites adds what was written to the set, values sealed under exec (EX-2).
func (l *ledger) sealWrites(rw *fpc.ReadWriteSet, txID keys.TxID, exec keys.Exec) error {
	header := keys.ValueHeader{Generation: l.state.keys.generation, TxID: txID, Exec: exec}
	for _, at := range slices.Sorted(maps.Keys(l.writes)) {
		w := l.writes[at]
		out := &fpc.Write{Key: at, IsDelete: w.delete}
		if !w.delete {
			binding := keys.ValueBinding{
				ChannelHash: l.state.channelHash,
				ChaincodeID: l.state.params.GetChaincodeId(),
				Key:         w.key,
				ValueHeader: header,
			}
			sealed, err := l.state.keys.sek.SealValue(binding, l.enclave.config.Padding, w.plain)
			if err != nil {
				return protocol.Errorf("INV-15", protocol.CodeInternal, "seal a value: %w", err)
			}
			out.Value = sealed
		}
		rw.Writes = append(rw.Writes, out)
	}
	for key, policy := range l.metaSets {
		rw.MetadataWrites = append(rw.MetadataWrites, &fpc.MetadataWrite{Key: key, Policy: policy})
	}
	slices.SortFunc(rw.MetadataWrites, func(a, b *fpc.MetadataWrite) int { return cmp.Compare(a.GetKey(), b.GetKey()) })
	return nil
}
