// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

// codesOf reads all constants of type protocol.Code out of the module's source,
// and where each stands.
func codesOf(t *testing.T, root string) map[protocol.Code]string {
	t.Helper()
	codes := map[protocol.Code]string{}
	files(t, root, func(file *ast.File, at func(ast.Node) string) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !isCode(file, spec.Type) {
				return true
			}
			for _, value := range spec.Values {
				if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil {
						codes[protocol.Code(text)] = at(spec)
					}
				}
			}
			return true
		})
	})
	return codes
}

// isCode tells whether a declared type is protocol.Code.
func isCode(file *ast.File, declared ast.Expr) bool {
	switch declared := declared.(type) {
	case *ast.Ident:
		return file.Name.Name == "protocol" && declared.Name == "Code"
	case *ast.SelectorExpr:
		x, ok := declared.X.(*ast.Ident)
		return ok && x.Name == "protocol" && declared.Sel.Name == "Code"
	}
	return false
}

// errorTypes lists the exported error types of packages.
func errorTypes(t *testing.T, dirs ...string) []string {
	t.Helper()
	var names []string
	for _, dir := range dirs {
		files(t, dir, func(file *ast.File, _ func(ast.Node) string) {
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || f.Recv == nil || f.Name.Name != "Error" {
					continue
				}
				receiver := f.Recv.List[0].Type
				if star, ok := receiver.(*ast.StarExpr); ok {
					receiver = star.X
				}
				if name, ok := receiver.(*ast.Ident); ok && name.IsExported() {
					names = append(names, name.Name)
				}
			}
		})
	}
	if len(names) == 0 {
		t.Fatalf("no error types in %q", dirs)
	}
	return names
}

// files parses the Go files below a folder, tests and generated code apart.
func files(t *testing.T, root string, see func(file *ast.File, at func(ast.Node) string)) {
	t.Helper()
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if name == "bin" || name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") && len(name) > 2 {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".pb.go") {
			return nil
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		see(file, func(n ast.Node) string { return set.Position(n.Pos()).String() })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
