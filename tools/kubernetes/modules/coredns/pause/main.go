// Pause keeps the namespaces of a pod open: it waits for the end, and reaps the processes that are left to it.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ended := make(chan os.Signal, 8)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for signal := range ended {
		if signal != syscall.SIGCHLD {
			return
		}
		for {
			if child, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); child <= 0 {
				break
			}
		}
	}
}
