// A stand-in for a Terraform provider, for machines on which the Terraform registry does not answer. The schema of the
// provider that it stands in for lies beside it.
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"k8s.io/klog/v2"

	"inferloop/tools/providers/plugin/internal/helm"
	"inferloop/tools/providers/plugin/internal/schema"
	"inferloop/tools/providers/plugin/internal/standin"
)

const look = 500 * time.Millisecond // between looks whether terraform is still there

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "the stand-in of a provider cannot start:", err)
		os.Exit(1)
	}
}

func serve() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(program), "schema.json"))
	if err != nil {
		return err
	}
	schemas, err := schema.Parse(text)
	if err != nil {
		return err
	}
	klog.LogToStderr(false) // nobody reads what libraries say beside helm's answers
	klog.SetOutput(io.Discard)
	server := standin.NewServer(schemas, helm.New())
	signal.Ignore(syscall.SIGPIPE)
	go endWithParent(server, os.Getppid())
	return tf6server.Serve(schemas.Address, func() tfprotov6.ProviderServer { return server })
}

// endWithParent ends this process when terraform was killed. What was going on is cancelled by then, as the connection
// is gone; helm gets the time to roll it back.
func endWithParent(server *standin.Server, parent int) {
	for os.Getppid() == parent {
		time.Sleep(look)
	}
	server.Wait()
	os.Exit(1)
}
