module example.com/old

go 1.14

require (
	github.com/direct/one v1.0.0
	github.com/swapped/two v1.0.0
)

replace github.com/swapped/two => github.com/swap/two v1.5.0

exclude github.com/deep/three v0.9.0
