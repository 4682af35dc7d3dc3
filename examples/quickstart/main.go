// Quickstart is the program of the README.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

func main() {
	manifest, err := cluster.ReadManifest(os.Stdin)
	must(err)
	c, err := manifest.Cluster()
	must(err)
	for _, ds := range manifest.DaemonSets {
		w, err := placement.ForDaemonSet(ds)
		must(err)
		for v := range w.Predict(c).Verdicts() {
			fmt.Println(v)
		}
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
