module github.com/berthsim/berth/internal/conformance/oracles/driver/wire

go 1.24.0
