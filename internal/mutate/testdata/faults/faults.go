// Package faults has something to change of every kind.
package faults

func none(list []int) {
	for i := 0; i < len(list); i++ {
		if list[i] == 0 || list[i] > 9 {
			continue
		} else {
			list[i]--
		}
	}
}

func named(p *int, on bool) (n, m int, err error) {
	list := append([]string{"a", "b"}, "c")
	switch x := max(*p, 3); {
	case !on && x <= 0x10:
		func() { defer println(len(list)) }()
	case on:
		n += 2
	default:
		m = n
	}
	switch any(p).(type) {
	case *int, nil:
		err = nil
	}
	return n, m, err
}
