// SPDX-License-Identifier: Apache-2.0

package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// impure names the calls that give the same input another outcome on another
// machine or at another time.
var impure = map[string]map[string]string{
	"time": {
		"Now": "the time is an argument", "Since": "the time is an argument", "Until": "the time is an argument",
		"Sleep": "pure code does not wait", "After": "pure code does not wait", "NewTimer": "pure code does not wait",
	},
	"x509": {"SystemCertPool": "roots are an argument"},
}

// checkPureSource reads a package's files for goroutines and impure calls.
func checkPureSource(t *testing.T, p pkg) {
	t.Helper()
	files := token.NewFileSet()
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			at := func() string { return files.Position(n.Pos()).String() }
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: go statement: pure code starts no goroutine", at())
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok {
					if reason, bad := impure[x.Name][n.Sel.Name]; bad {
						t.Errorf("%s: %s.%s: %s", at(), x.Name, n.Sel.Name, reason)
					}
				}
			case *ast.CompositeLit:
				checkVerifyOptions(t, at(), n)
			}
			return true
		})
	}
}

// checkVerifyOptions refuses x509.VerifyOptions that would take the system's
// roots or the system's time.
func checkVerifyOptions(t *testing.T, at string, lit *ast.CompositeLit) {
	t.Helper()
	sel, ok := lit.Type.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "VerifyOptions" {
		return
	}
	given := map[string]bool{}
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				given[key.Name] = true
			}
		}
	}
	for _, field := range []string{"Roots", "CurrentTime"} {
		if !given[field] {
			t.Errorf("%s: x509.VerifyOptions without %s: it would take the system's", at, field)
		}
	}
}
