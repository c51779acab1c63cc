// Included before every source file of the supervisor: a source that uses a network library does not compile.
// Nothing of such a library may lie in the process that runs as root; that is what comms is for.
#pragma once

#pragma GCC poison grpc absl protobuf

// The include guards of the headers that all others of their library include, for those that are plain C.
#pragma GCC poison GRPC_GRPC_H GRPC_SUPPORT_PORT_PLATFORM_H GRPC_IMPL_CODEGEN_PORT_PLATFORM_H
#pragma GCC poison OPENSSL_MACROS_H OPENSSL_OPENSSLCONF_H OPENSSL_CRYPTO_H OPENSSL_SSL_H
