package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	path := flag.String("listen", "", "path of the socket")
	flag.Parse()
	version, err := os.ReadFile("version")
	if err != nil {
		log.Fatal(err)
	}
	body := fmt.Sprintf("release %s serves\n", strings.TrimSpace(string(version)))
	listener, err := net.Listen("unix", *path)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, body) })}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	go server.Serve(listener)
	<-stop.Done()
	server.Shutdown(context.Background())
}
