// Command kube-apiserver is the real one, with its etcd inside, for the tests of tcpgoon.
//
//	kube-apiserver FOLDER [flags of kube-apiserver]
//
// It listens on a free port of loopback, which it writes to FOLDER/address; etcd keeps its data and its socket in
// FOLDER. It ends when its standard input does: with the process that started it, however that ended.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := serve(ctx, os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "kube-apiserver:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, folder string, flags []string) error {
	// The name of a socket has a hundred bytes at most; within the folder it is short.
	if err := os.Chdir(folder); err != nil {
		return err
	}
	etcd, err := startEtcd()
	if err != nil {
		return err
	}
	defer etcd.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	opts, err := parse(ctx, flags, listener)
	if err != nil {
		return err
	}
	if err := write("address", listener.Addr().String()); err != nil {
		return err
	}
	return app.Run(ctx, opts)
}

func startEtcd() (*embed.Etcd, error) {
	clients, peers := url.URL{Scheme: "unix", Host: "clients.sock"}, url.URL{Scheme: "unix", Host: "peers.sock"}
	config := embed.NewConfig()
	config.Dir = "etcd"
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{clients}, []url.URL{clients}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peers}, []url.URL{peers}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	<-etcd.Server.ReadyNotify()
	return etcd, nil
}

func parse(ctx context.Context, flags []string, listener net.Listener) (options.CompletedOptions, error) {
	opts := options.NewServerRunOptions()
	known := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range opts.Flags().FlagSets {
		known.AddFlagSet(set)
	}
	if err := known.Parse(append(flags, "--etcd-servers=unix://clients.sock")); err != nil {
		return options.CompletedOptions{}, err
	}
	opts.SecureServing.Listener = listener
	if err := opts.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return options.CompletedOptions{}, err
	}
	completed, err := opts.Complete(ctx)
	if err != nil {
		return completed, err
	}
	for _, err := range completed.Validate() {
		return completed, err
	}
	return completed, nil
}

// Whoever waits for the file never sees half of it.
func write(name, text string) error {
	half := filepath.Clean(name + ".half")
	if err := os.WriteFile(half, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(half, name)
}
