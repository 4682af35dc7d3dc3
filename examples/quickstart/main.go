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
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(os.Stderr, manifest.Summary()) // what the API server would drop
	c, err := manifest.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	for _, ds := range manifest.DaemonSets {
		workload, err := placement.ForDaemonSet(ds)
		if err != nil {
			log.Fatal(err)
		}
		for verdict := range workload.Predict(c).Verdicts() {
			fmt.Println(verdict)
		}
	}
}
