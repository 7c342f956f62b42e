// The shop.
module example.com/Shop

go 1.24.0

toolchain go1.24.6

godebug default=go1.21

ignore ./node_modules

require (
	github.com/BurntSushi/toml v1.3.2
	github.com/old/name v1.0.0 // the old one
	github.com/forked/twice v1.1.0
	"gopkg.in/yaml.v3" v3.0.1
	example.com/own v0.0.0
	github.com/docker/docker v20.10.0+incompatible // indirect
	golang.org/x/tools v0.30.0 // indirect; tools
	golang.org/x/mod v0.20.0 // indirect
	golang.org/x/mod v0.21.0 // indirect
)

require golang.org/x/bad v1.0.0

tool golang.org/x/tools/cmd/stringer

replace (
	github.com/old/name => github.com/new/name v1.2.0
	github.com/forked/twice v1.1.0 => github.com/other/twice/v2 v2.0.1
	github.com/forked/twice v1.0.0 => ../never
	example.com/own => ../own
)

exclude golang.org/x/bad v1.0.0

retract [v0.1.0, v0.2.0] // broken

require nothing
