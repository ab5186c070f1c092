// SPDX-License-Identifier: Apache-2.0

package doccheck

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// link is a link's target, as pages write it.
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// heading is a title, whose anchor others name.
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	// box declares a box of a flowchart, click says where it leads.
	box   = regexp.MustCompile(`(?:^|[\s>])(\w+)\["`)
	click = regexp.MustCompile(`(?m)^ *click (\w+) "([^"]+)"$`)
	// fenced is a block of code, in which brackets mean something else.
	fenced = regexp.MustCompile("(?ms)^```.*?^```$")
	// unspoken is what an anchor leaves out of its heading.
	unspoken = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// pages are the documents of the tree, by their paths in it.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "bin" || name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") && name != "..") && path != root {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".md" {
			return nil
		}
		b, err := os.ReadFile(path)
		found[filepath.Clean(path)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := found[filepath.Join(root, "README.md")]; !ok {
		t.Fatalf("no README.md in %d pages", len(found))
	}
	return found
}

// anchor is how a heading is linked to.
func anchor(title string) string {
	title = link.ReplaceAllString(title, "]")
	return strings.ReplaceAll(unspoken.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}

// Every link between the documents, and to folders and files of the tree, leads
// somewhere.
func TestLinks(t *testing.T) {
	all, links := pages(t), 0
	for path, text := range all {
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			links++
			file, fragment, _ := strings.Cut(m[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), filepath.FromSlash(file))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", path, m[1], err)
				continue
			}
			if fragment != "" && !hasAnchor(all[target], fragment) {
				t.Errorf("%s links to %s: %s has no such heading", path, m[1], target)
			}
		}
	}
	if links < 30 {
		t.Errorf("found %d links in %d pages, want more: is their form [text](target)?", links, len(all))
	}
}

func hasAnchor(text, fragment string) bool {
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		if anchor(m[1]) == fragment {
			return true
		}
	}
	return false
}

// Every box of the README's picture leads to the folder that holds it.
func TestPictureLeadsToTheCode(t *testing.T) {
	_, picture, found := strings.Cut(pages(t)[filepath.Join(root, "README.md")], "```mermaid\n")
	picture, _, _ = strings.Cut(picture, "\n```")
	if !found || len(box.FindAllString(picture, -1)) == 0 {
		t.Fatal("README.md has no picture of boxes")
	}
	leads := make(map[string]string)
	for _, m := range click.FindAllStringSubmatch(picture, -1) {
		leads[m[1]] = m[2]
		if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(m[2]))); err != nil || !info.IsDir() {
			t.Errorf("the box %s leads to %s, which is no folder", m[1], m[2])
		}
	}
	for _, m := range box.FindAllStringSubmatch(picture, -1) {
		if leads[m[1]] == "" {
			t.Errorf("the box %s leads nowhere", m[1])
		}
	}
}
