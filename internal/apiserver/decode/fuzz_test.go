package decode

import "testing"

// FuzzCut: a stream reads alike with its lists cut into items and whole.
func FuzzCut(f *testing.F) {
	f.Add("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Node\n  metadata: {name: a}\nmetadata: {continue: x}\n")
	f.Add("kind: NodeList\napiVersion: v1\nitems:\n  - metadata:\n      name: a\n  # c\n  - metadata: {name: \"b\n  - c\"}\n")
	f.Add(`{"kind":"List","apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}},3]} {"a":"]"}`)
	f.Fuzz(func(t *testing.T, stream string) {
		if got, want := told(t, stream, Options{}), told(t, stream, Options{uncut: true}); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}
