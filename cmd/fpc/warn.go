// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
)

// privateVersion is how the version of every private chaincode begins.
const privateVersion = "fpc-"

// warnBeforeChange prints LC-3's warnings: what a definition would strand, and
// what would judge its transactions.
func warnBeforeChange(ctx context.Context, w io.Writer, c *session, next lifecycle.Definition) error {
	for _, warning := range pluginWarnings(next) {
		fmt.Fprintln(w, "warning:", warning)
	}
	current, err := lifecycleOf(c).QueryCommitted(ctx, next.Name)
	if notDefined(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, warning := range versionWarnings(next.Name, current.Version, next.Version) {
		fmt.Fprintln(w, "warning:", warning)
	}
	return nil
}

// notDefined tells a peer's "no such definition" from other refusals.
func notDefined(err error) bool {
	var rejected *fabric.RejectedError
	return errors.As(err, &rejected) && (rejected.Status == 404 || strings.Contains(rejected.Message, "is not defined"))
}

func pluginWarnings(d lifecycle.Definition) []string {
	if d.ValidationPlugin == "" || d.ValidationPlugin == lifecycle.DefaultValidationPlugin {
		return nil
	}
	return []string{fmt.Sprintf("validation plugin %q is not the builtin one: nobody but peers that carry it can judge the transactions of %s, and one that lacks it halts its channel", d.ValidationPlugin, d.Name)}
}

func versionWarnings(name, current, next string) []string {
	private, nextPrivate := strings.HasPrefix(current, privateVersion), strings.HasPrefix(next, privateVersion)
	switch {
	case !private || current == next:
		return nil
	case !nextPrivate:
		return []string{fmt.Sprintf("%s is private now and version %q is not: its keys and all its sealed state would be out of reach", name, next)}
	}
	return []string{fmt.Sprintf("%s changes its code: the enclaves of %s cannot endorse any more, the new code starts with new keys, and values sealed before read as absent", name, current)}
}
