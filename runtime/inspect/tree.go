package inspect

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A treeNode is fibers of one parent that were spawned at one place.
type treeNode struct {
	Key      string      `json:"key"` // function and place
	Count    int         `json:"count"`
	ID       uint64      `json:"id,omitempty"`   // if it is one fiber
	Name     string      `json:"name,omitempty"` // its name
	Doing    string      `json:"doing,omitempty"`
	Children []*treeNode `json:"children,omitempty"`
}

// treeView is who spawned whom.
type treeView struct {
	Note  string      `json:"note,omitempty"`
	Roots []*treeNode `json:"roots"`
	Left  int         `json:"left_out,omitempty"` // fibers beyond what is kept
}

// keptInTree bounds the fibers of a tree.
const keptInTree = 20_000

// tree makes the tree of the fibers of the runtimes. Siblings of one place that have no
// children are one node.
func tree(ctx context.Context, rts []*fibers.Runtime) (treeView, error) {
	v := treeView{Roots: []*treeNode{}}
	if len(rts) == 0 {
		v.Note = noRuntimes
	}
	infos := map[uint64]fibers.FiberInfo{}
	children := map[uint64][]uint64{}
	n := 0
	for _, rt := range rts {
		for i := range rt.EachFiber {
			if n++; n%4096 == 0 && ctx.Err() != nil {
				return v, ctx.Err()
			}
			if len(infos) >= keptInTree {
				v.Left++
				continue
			}
			infos[i.ID] = i
		}
	}
	for id, i := range infos {
		parent := i.Parent
		if _, alive := infos[parent]; !alive {
			parent = 0
		}
		children[parent] = append(children[parent], id)
	}
	v.Roots = branches(0, infos, children, 0)
	return v, nil
}

func branches(parent uint64, infos map[uint64]fibers.FiberInfo, children map[uint64][]uint64, depth int) []*treeNode {
	if depth > 64 {
		return nil
	}
	ids := children[parent]
	slices.Sort(ids)
	var all []*treeNode
	leaves := map[string]*treeNode{}
	for _, id := range ids {
		i := infos[id]
		key := place(i.Site, i.Func)
		doing := i.Doing()
		if i.Reason != "" {
			doing = i.Reason
		}
		if len(children[id]) == 0 && i.Name == "" {
			k := key + "\x00" + doing
			if n := leaves[k]; n != nil {
				n.Count++
				n.ID = 0
				continue
			}
			n := &treeNode{Key: key, Count: 1, ID: id, Doing: doing}
			leaves[k] = n
			all = append(all, n)
			continue
		}
		all = append(all, &treeNode{Key: key, Count: 1, ID: id, Name: i.Name, Doing: doing, Children: branches(id, infos, children, depth+1)})
	}
	return all
}

// write writes the tree as text.
func (v *treeView) write(w io.Writer, limit int) {
	if v.Note != "" {
		fmt.Fprintln(w, v.Note)
	}
	lines := 0
	var walk func(nodes []*treeNode, depth int)
	walk = func(nodes []*treeNode, depth int) {
		for _, n := range nodes {
			if lines++; lines > limit {
				return
			}
			who := fmt.Sprintf("fiber %d", n.ID)
			if n.ID == 0 {
				who = count(n.Count, "fiber")
			}
			if n.Name != "" {
				who += fmt.Sprintf(" %q", n.Name)
			}
			fmt.Fprintf(w, "%s%s  %s  [%s]\n", strings.Repeat("  ", depth), who, n.Key, n.Doing)
			walk(n.Children, depth+1)
		}
	}
	walk(v.Roots, 0)
	if lines > limit {
		fmt.Fprintln(w, "and more: see ?limit=")
	}
	if v.Left > 0 {
		fmt.Fprintf(w, "and %s beyond the first %d\n", count(v.Left, "fiber"), keptInTree)
	}
}
