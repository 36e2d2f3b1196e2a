// Command etcd is etcd itself: its own main package lies in a module that cannot be required (go.etcd.io/etcd/v3 has
// replacements for its parts), and does nothing but this.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
