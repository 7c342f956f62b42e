module example.com/a

go 1.22

require github.com/x/y v1.0.0
