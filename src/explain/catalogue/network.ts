/** What is wrong between this machine and a server: names, connections, TLS. */
import type { Entry } from "../entry.ts";
import { SHOW_SETTINGS } from "./steps.ts";

const RFC8314 = "https://www.rfc-editor.org/rfc/rfc8314#section-3";
const NODE_ERRORS = "https://nodejs.org/api/errors.html#common-system-errors";

export const NETWORK: readonly Entry[] = [
  {
    id: "ENOTFOUND",
    area: "network",
    title: "the server's name cannot be looked up",
    why: "there is no network or no name service now, or the name is misspelt",
    status: "verified",
    texts: ["cannot reach … (ENOTFOUND)", "cannot reach … (EAI_AGAIN)", "cannot locate host"],
    steps: [
      { say: "is the machine online, and does the name lead anywhere?", type: "getent hosts IMAP_HOST" },
      SHOW_SETTINGS,
    ],
    sources: [NODE_ERRORS],
  },
  {
    id: "ECONNREFUSED",
    area: "network",
    title: "nothing listens at the server's port",
    why: "the host or port is wrong, or a firewall on the way says no",
    status: "verified",
    texts: ["cannot reach … (ECONNREFUSED)"],
    steps: [SHOW_SETTINGS, { say: "behind a proxy: set HTTPS_PROXY where mailkey runs" }],
    sources: [NODE_ERRORS],
  },
  {
    id: "unreachable",
    area: "network",
    title: "the server cannot be reached",
    why: "the network is down, or does not let this through",
    status: "verified",
    texts: ["cannot reach … (ENETUNREACH)", "cannot reach … (EHOSTUNREACH)", "cannot reach … (ENETDOWN)"],
    steps: [{ say: "is the network up, and does it let mail through?" }, SHOW_SETTINGS],
    sources: [RFC8314, NODE_ERRORS],
  },
  {
    id: "port-25",
    area: "network",
    title: "port 25 cannot be reached",
    why: "most networks block port 25",
    status: "verified",
    steps: [{ say: "use 587 (starttls) or 465 (tls)" }],
    sources: ["https://www.rfc-editor.org/rfc/rfc8314#section-3.3"],
  },
  {
    id: "certificate",
    area: "network",
    title: "the server's certificate is not trusted",
    why: "the host name may be wrong, or something on the way (a virus scanner, a company's proxy) opens TLS",
    status: "verified",
    texts: [
      "cannot reach … (UNABLE_TO_GET_ISSUER_CERT_LOCALLY)",
      "cannot reach … (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
      "cannot reach … (SELF_SIGNED_CERT_IN_CHAIN)",
      "cannot reach … (DEPTH_ZERO_SELF_SIGNED_CERT)",
      "cannot reach … (ERR_TLS_CERT_ALTNAME_INVALID)",
      "cannot reach … (CERT_HAS_EXPIRED)",
      "cannot reach … (CERT_NOT_YET_VALID)",
      "SSL error connecting …: unable to get local issuer certificate",
      "SSL error connecting …: self-signed certificate in certificate chain",
      "SSL certificate problem: self-signed certificate in certificate chain",
      "SSL error connecting …: certificate has expired",
      "TLS certificate verification failed: …",
    ],
    steps: [
      SHOW_SETTINGS,
      {
        say: "add the authority that opens TLS, if you trust it, with network.ca_file in config.toml",
        type: '[network]\nca_file = "/etc/ssl/my-company.pem"',
        in: "text",
      },
      {
        say: "mail programs ask the system: put the authority's file, named NAME.crt, into /usr/local/share/ca-certificates (Debian, Ubuntu), then",
        type: "sudo update-ca-certificates",
      },
      {
        say: "at this machine it is the certificate of mailkey's proxy: how programs trust that",
        type: "mailkey proxy cert",
      },
      { say: "check the clock: certificates are valid for a time", type: "date -u" },
    ],
    sources: ["https://www.rfc-editor.org/rfc/rfc7817", "https://nodejs.org/api/tls.html#x509-certificate-error-codes"],
  },
  {
    id: "tls-version",
    area: "network",
    title: "there is no TLS to agree on",
    why: "the server does not offer the TLS that mailkey insists on: 1.2 or newer",
    status: "verified",
    steps: [SHOW_SETTINGS],
    sources: ["https://www.rfc-editor.org/rfc/rfc8997"],
  },
  {
    id: "tls-starts-later",
    area: "network",
    title: "TLS was spoken too early",
    why: "TLS starts later on this port",
    status: "verified",
    steps: [
      {
        say: "in the account's file (mailkey show ADDRESS tells where it is)",
        type: 'security = "starttls"',
        in: "text",
      },
    ],
    sources: [RFC8314],
  },
  {
    id: "tls-starts-at-once",
    area: "network",
    title: "TLS was spoken too late",
    why: "TLS starts at once on this port",
    status: "verified",
    steps: [
      { say: "in the account's file (mailkey show ADDRESS tells where it is)", type: 'security = "tls"', in: "text" },
    ],
    sources: [RFC8314],
  },
  {
    id: "meddling",
    area: "network",
    title: "somebody may be meddling with the connection",
    why: "words came in plain text where only the encrypted ones may follow: somebody on the way may have put them there",
    status: "verified",
    steps: [{ say: "do not use mail on this network" }],
    sources: ["https://nvd.nist.gov/vuln/detail/CVE-2011-0411", "https://www.rfc-editor.org/rfc/rfc9051#section-11.1"],
  },
];
