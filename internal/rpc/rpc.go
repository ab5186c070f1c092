// SPDX-License-Identifier: Apache-2.0

// Package rpc describes Fabric's gRPC services under Fabric's own method paths,
// with our messages. The descriptions are written by hand because the messages
// live under a package name of our own, so a generator would give other paths.
// Trusted code never imports this package: it links gRPC.
package rpc

import (
	"context"

	"google.golang.org/grpc"
)

// unaryMethod describes a unary method: call runs the implementation's method.
func unaryMethod[Srv, Req, Res any](service, name string, call func(Srv, context.Context, *Req) (*Res, error)) grpc.MethodDesc {
	path := "/" + service + "/" + name
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			in := new(Req)
			if err := decode(in); err != nil {
				return nil, err
			}
			if interceptor == nil {
				return call(srv.(Srv), ctx, in)
			}
			info := &grpc.UnaryServerInfo{Server: srv, FullMethod: path}
			return interceptor(ctx, in, info, func(ctx context.Context, req any) (any, error) {
				return call(srv.(Srv), ctx, req.(*Req))
			})
		},
	}
}

// bidiMethod describes a bidirectional stream.
func bidiMethod[Srv, Req, Res any](name string, call func(Srv, grpc.BidiStreamingServer[Req, Res]) error) grpc.StreamDesc {
	return grpc.StreamDesc{
		StreamName:    name,
		ServerStreams: true,
		ClientStreams: true,
		Handler: func(srv any, stream grpc.ServerStream) error {
			return call(srv.(Srv), &grpc.GenericServerStream[Req, Res]{ServerStream: stream})
		},
	}
}

// serverStreamMethod describes a call with one request and a stream of answers.
func serverStreamMethod[Srv, Req, Res any](name string, call func(Srv, *Req, grpc.ServerStreamingServer[Res]) error) grpc.StreamDesc {
	return grpc.StreamDesc{
		StreamName:    name,
		ServerStreams: true,
		Handler: func(srv any, stream grpc.ServerStream) error {
			in := new(Req)
			if err := stream.RecvMsg(in); err != nil {
				return err
			}
			return call(srv.(Srv), in, &grpc.GenericServerStream[Req, Res]{ServerStream: stream})
		},
	}
}

func invoke[Res any](ctx context.Context, cc grpc.ClientConnInterface, service, name string, in any, opts []grpc.CallOption) (*Res, error) {
	out := new(Res)
	if err := cc.Invoke(ctx, "/"+service+"/"+name, in, out, opts...); err != nil {
		return nil, err
	}
	return out, nil
}

func openBidi[Req, Res any](ctx context.Context, cc grpc.ClientConnInterface, service, name string, opts []grpc.CallOption) (grpc.BidiStreamingClient[Req, Res], error) {
	desc := &grpc.StreamDesc{StreamName: name, ServerStreams: true, ClientStreams: true}
	stream, err := cc.NewStream(ctx, desc, "/"+service+"/"+name, opts...)
	if err != nil {
		return nil, err
	}
	return &grpc.GenericClientStream[Req, Res]{ClientStream: stream}, nil
}

func openServerStream[Req, Res any](ctx context.Context, cc grpc.ClientConnInterface, service, name string, in *Req, opts []grpc.CallOption) (grpc.ServerStreamingClient[Res], error) {
	desc := &grpc.StreamDesc{StreamName: name, ServerStreams: true}
	stream, err := cc.NewStream(ctx, desc, "/"+service+"/"+name, opts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[Req, Res]{ClientStream: stream}
	if err := stream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}
