// Package seed has tests draw the same cases in every run and on every machine, so
// that a change is judged by what it does and not by luck. They import it for that
// alone. BERTH_SEED draws others: any number, 0 being the time; -rapid.seed goes
// before it. It is read before go test watches, so -count=1 belongs to it.
package seed

import (
	"flag"
	"os"
	"strconv"
	"time"

	_ "pgregory.net/rapid" // for its flags
)

// Value is what cases are drawn from.
var Value = value(os.LookupEnv("BERTH_SEED"))

func value(given string, ok bool) uint64 {
	if !ok {
		return 1372
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		panic("BERTH_SEED: " + err.Error())
	}
	if n == 0 {
		return uint64(time.Now().UnixNano())
	}
	return n
}

func init() {
	if err := flag.Set("rapid.seed", strconv.FormatUint(Value, 10)); err != nil {
		panic(err)
	}
}
