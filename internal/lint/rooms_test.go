package lint

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// layers are the layers of package rollout from the bottom up. A file belongs to the
// entry that equals its name, or else to the longest entry that is a prefix of its
// name. A file uses only declarations in files of its own layer and of lower ones.
var layers = [][]string{
	// Values that do not depend on a simulation.
	{"doc.go", "sim_clock.go", "sim_keys.go", "sim_bitset.go", "sim_reference.go", "sim_reason.go", "sim_event.go", "sim_tiebreak.go", "sim_config.go", "sim_podclass.go"},
	// The store: the state of an API server and the clock, including the controllers'
	// objects.
	{"sim_store.go", "sim_pods.go", "sim_podnames.go", "sim_podlists.go", "sim_podsbyclass.go", "sim_nodes.go", "sim_health.go", "sim_zones.go", "sim_queue.go", "sim_recorder.go", "sim_objects.go", "sim_admission.go", "sim_quota.go", "sim_requeue.go", "sim_lookup.go", "scheduler_cache.go",
		"daemonset_object.go", "daemonset_marks.go", "daemonset_revision.go", "daemonset_budget.go", "daemonset_backoff.go",
		"deployment_object.go", "deployment_budget.go", "replicaset_object.go"},
	{"kubelet"},
	{"eviction"},
	{"scheduler"},
	{"daemonset"},
	{"replicaset"},
	{"deployment"},
	{"nodelifecycle"},
	{"sim.go", "sim_tick.go", "sim_adopt"},
	{"input"},
	{"script"},
	{"kubectl.go", "view_"},
}

// upward are the allowed uses of a higher layer: a Sim holds its inputs and applies
// them, whatever they are.
var upward = map[string]bool{"sim.go input.go": true, "sim_tick.go input.go": true}

// layerOf returns the layer of a file of rollout, or -1 if it has none.
func layerOf(file string) int {
	best, layer := "", -1
	for i, entries := range layers {
		for _, e := range entries {
			if fits := file == e || !strings.HasSuffix(e, ".go") && strings.HasPrefix(file, e); fits && len(e) > len(best) {
				best, layer = e, i
			}
		}
	}
	return layer
}

// Lower layers of rollout never name higher ones: the core uses no view, the store
// no controller. Mutants seen to fail: kubelets that use the view's Pod; a list of
// pods that asks the DaemonSet controller.
func TestLowerLayersOfRolloutNameNoHigherOnes(t *testing.T) {
	arrows, seen := map[string]bool{}, map[string]bool{}
	for _, p := range load(t) {
		if p.path != module+"/rollout" {
			continue
		}
		for _, f := range p.files {
			if file := p.file(f.Pos()); layerOf(file) < 0 {
				t.Errorf("%s is in no layer of the table", file)
			}
		}
		for id, object := range p.info.Uses {
			if object.Pkg() == nil || object.Pkg().Path() != p.path || !belongsToPackage(object) {
				continue
			}
			from, to := p.file(id.Pos()), p.file(object.Pos())
			arrow := from + " " + to
			switch arrows[arrow] = true; {
			case layerOf(from) >= layerOf(to):
			case upward[arrow]:
				seen[arrow] = true
			default:
				t.Errorf("%s uses %s, which a higher layer declares, in %s", p.at(id), id.Name, to)
			}
		}
	}
	if len(arrows) < 500 || len(seen) < len(upward) {
		t.Errorf("only %d arrows between files, %d of %d upward ones", len(arrows), len(seen), len(upward))
	}
}

// file returns the name of the file of a position.
func (p *pkg) file(pos token.Pos) string { return filepath.Base(p.fset.Position(pos).Filename) }

// belongsToPackage reports whether the object is declared outside functions: a
// field, a method, or an object in the package's scope.
func belongsToPackage(object types.Object) bool {
	switch o := object.(type) {
	case *types.Var:
		return o.IsField() || o.Parent() == o.Pkg().Scope()
	case *types.Func:
		return true
	}
	return object.Parent() == object.Pkg().Scope()
}

// A Sim is made of parts: it has few fields, and few files have its methods.
func TestSimIsMadeOfParts(t *testing.T) {
	const mostFields, mostFiles = 15, 20
	for _, p := range load(t) {
		if p.path != module+"/rollout" {
			continue
		}
		files := map[string]bool{}
		for _, f := range p.files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && receiver(fn) == "Sim" {
					files[p.file(f.Pos())] = true
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok || spec.Name.Name != "Sim" {
					return true
				}
				fields := 0
				for _, field := range spec.Type.(*ast.StructType).Fields.List {
					fields += max(1, len(field.Names))
				}
				if fields > mostFields {
					t.Errorf("%s: Sim has %d fields: a part may take some", p.at(n), fields)
				}
				return true
			})
		}
		if len(files) == 0 || len(files) > mostFiles {
			t.Errorf("%d files have methods of Sim: at most %d", len(files), mostFiles)
		}
	}
}

// receiver returns the name of a method's receiver type.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
