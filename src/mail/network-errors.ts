/** Errors of sockets and TLS, told apart by their codes. Their messages are OpenSSL's and differ between runtimes. */
import { systemErrorCode } from "../errors.ts";
import { MailServerError } from "./mail-server-error.ts";

/** Both runtimes hand on OpenSSL's names (X509_V_ERR_…). @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name",
  HOSTNAME_MISMATCH: "the server's certificate is for another name",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet",
  CERT_REVOKED: "the server's certificate was revoked",
  CERT_REJECTED: "the server's certificate is not trusted",
  CERT_UNTRUSTED: "the server's certificate is not trusted",
  CERT_SIGNATURE_FAILURE: "the signature of the server's certificate is wrong",
  CERT_CHAIN_TOO_LONG: "the server's certificate chain is too long",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "the server's certificate comes from an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT: "the server's certificate comes from an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the server's certificate comes from an unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the server's certificate comes from an unknown authority",
  INVALID_CA: "the server's certificate comes from an authority that may not issue any",
  INVALID_PURPOSE: "the server's certificate is not for servers",
  PATH_LENGTH_EXCEEDED: "the server's certificate chain is too long",
};

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the host's name cannot be looked up now",
  EAI_NODATA: "the host has no address",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ENETDOWN: "the network is down",
  EADDRNOTAVAIL: "the address cannot be reached from here",
  EACCES: "connecting is forbidden here",
  EPERM: "connecting is forbidden here",
};

const CLOSED = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_SOCKET_CLOSED", "ERR_STREAM_DESTROYED"]);

/** Of a connection that carries or was about to carry lines. */
export function networkError(cause: unknown): MailServerError {
  const code = codeOf(cause);
  if (code === "ETIMEDOUT") return new MailServerError("timeout", "the server did not answer in time", { cause });
  if (CLOSED.has(code)) return new MailServerError("closed", "the server closed the connection", { cause });
  return new MailServerError("unreachable", UNREACHABLE[code] ?? `the connection failed (${code})`, { cause });
}

/** Of a TLS handshake. */
export function tlsError(cause: unknown): MailServerError {
  const code = codeOf(cause);
  const problem = CERTIFICATE_PROBLEMS[code];
  if (problem !== undefined) return new MailServerError("certificate", problem, { cause });
  if (code === "ETIMEDOUT" || CLOSED.has(code)) return networkError(cause);
  return new MailServerError("tls-failed", `there is no TLS 1.2 or newer to agree on (${code})`, { cause });
}

/** A host with several addresses fails with one error for each: the first stands for all. */
function codeOf(error: unknown): string {
  const code = systemErrorCode(error);
  if (code !== undefined) return code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return "unknown error";
}
