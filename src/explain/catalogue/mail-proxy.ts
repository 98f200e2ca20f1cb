/** What mail programs print when mailkey's proxy or tunnel refuses them, or is not there. */
import type { Entry, Step } from "../entry.ts";

const STATUS: Step = { say: "see what the proxy says of itself", type: "mailkey proxy status" };
const CODES_OF_IMAP = "https://www.rfc-editor.org/rfc/rfc5530";
const CODES_OF_SMTP = "https://www.rfc-editor.org/rfc/rfc4954";
/** Where it listens unless config.toml says otherwise. */
const PORTS = [1143, 1993, 1110, 1995, 1587, 1465];

export const MAIL_PROXY: readonly Entry[] = [
  {
    id: "proxy-absent",
    area: "proxy",
    title: "nobody listens at a port of mailkey's proxy",
    why: "mailkey's proxy does not run, or has another port: see [proxy] in config.toml",
    more: "Programs that mailkey set up by tunnel need no proxy.",
    status: "verified",
    texts: PORTS.flatMap((port) => [
      `127.0.0.1:${port}…Connection refused`,
      `127.0.0.1, port ${port}: Connection refused`,
      `127.0.0.1 port ${port}…Couldn't connect`,
      `localhost:${port}…Connection refused`,
      `localhost, port ${port}: Connection refused`,
      `localhost port ${port}…Couldn't connect`,
    ]),
    steps: [
      { say: "start it", type: "mailkey proxy start" },
      { say: "have it start whenever you log in", type: "mailkey proxy install" },
      STATUS,
    ],
    sources: ["https://man7.org/linux/man-pages/man2/connect.2.html"],
  },
  {
    id: "proxy-password",
    area: "proxy",
    title: "mailkey's proxy does not know the password",
    why: "the password is none of the proxy's own, or the user is no account of mailkey's",
    more: "The mailbox's password is of no use there. The user's name is the whole address.",
    status: "verified",
    texts: [
      "[AUTHENTICATIONFAILED] wrong user name or password",
      "-ERR [AUTH] wrong user name or password",
      "535 5.7.8 wrong user name or password",
    ],
    steps: [
      { say: "make a password for the program, and enter that", type: "mailkey proxy password add ADDRESS" },
      { say: "see which there are", type: "mailkey proxy password list" },
    ],
    sources: [CODES_OF_IMAP, CODES_OF_SMTP],
  },
  {
    id: "login-denied",
    area: "proxy",
    title: "a program is refused, and does not say why",
    why: "at mailkey's proxy the password may be none of the proxy's own; a mail server may refuse the token",
    status: "verified",
    texts: [
      "curl: (67) Login denied",
      "fetchmail: Authorization failure on …",
      "Query status=3 (AUTHFAIL)",
      "SASL authentication failed.",
    ],
    general: true,
    steps: [
      {
        say: "at the proxy: make a password for the program, and enter that",
        type: "mailkey proxy password add ADDRESS",
      },
      { say: "otherwise: see whether the mail server takes mailkey's token", type: "mailkey test ADDRESS" },
      { say: "what is wrong in general", type: "mailkey doctor" },
    ],
    sources: ["https://curl.se/libcurl/c/libcurl-errors.html", "https://www.fetchmail.info/fetchmail-man.html"],
  },
  {
    id: "proxy-untrusted",
    area: "proxy",
    title: "nobody vouches for the certificate",
    why: "at this machine it is that of mailkey's proxy, which made it itself: each program has to be told to trust it",
    more: "At any other server somebody on the way opens TLS, or it is the wrong server.",
    status: "verified",
    texts: [
      "SSL certificate problem: self-signed certificate",
      "SSL error connecting …: self-signed certificate",
      "certificate verify failed: self-signed certificate",
    ],
    except: ["self-signed certificate in certificate chain"],
    steps: [
      { say: "see where its certificate is, and how programs are told", type: "mailkey proxy cert" },
      {
        say: "after it was made anew, copies of the old one are of no use; the proxy shows it after",
        type: "mailkey proxy reload",
      },
    ],
    sources: ["https://curl.se/docs/sslcerts.html"],
  },
  {
    id: "proxy-throttled",
    area: "proxy",
    title: "mailkey's proxy makes a program wait",
    why: "there were too many wrong passwords for this mailbox; the wait grows up to a minute and ends by itself",
    status: "verified",
    texts: ["too many wrong passwords, try again in … s"],
    steps: [
      {
        say: "find the program that has an old password, and give it a new one",
        type: "mailkey proxy password add ADDRESS",
      },
      STATUS,
    ],
    sources: [CODES_OF_IMAP, CODES_OF_SMTP],
  },
  {
    id: "proxy-sessions",
    area: "proxy",
    title: "all places at mailkey's proxy are taken",
    why: "programs keep too many connections open: sessions_per_account, sessions_per_address and sessions in [proxy] set the limits",
    status: "verified",
    texts: ["too many sessions at once, try again later"],
    steps: [STATUS],
    sources: [CODES_OF_IMAP, CODES_OF_SMTP],
  },
  {
    id: "proxy-no-tls",
    area: "proxy",
    title: "mailkey's proxy wants TLS before a password",
    why: "require_tls or remote is set in [proxy] of config.toml, and the program has sent no STARTTLS",
    status: "verified",
    texts: ["[PRIVACYREQUIRED] begin with STARTTLS", "-ERR start TLS first (STLS)", "start TLS first (STARTTLS)"],
    steps: [
      {
        say: "turn TLS or STARTTLS on in the program; this says where the certificate is that it has to trust",
        type: "mailkey proxy cert",
      },
    ],
    sources: ["https://www.rfc-editor.org/rfc/rfc8314"],
  },
  {
    id: "tunnel-ended",
    area: "proxy",
    title: "mailkey tunnel could not open the mailbox",
    why: "there was no access token (77: sign in again), or no way to the server (75); the program shows only that the command has failed",
    status: "verified",
    texts: ["Tunnel to … returned error"],
    steps: [{ say: "see what is wrong", type: "mailkey test ADDRESS" }],
    sources: ["https://neomutt.org/guide/reference#tunnel"],
  },
  {
    id: "proxy-upstream-gone",
    area: "proxy",
    title: "the mail server has left while mailkey stood between",
    why: "the mail server or the network has ended the connection, not mailkey; programs connect again by themselves",
    status: "verified",
    texts: ["the mail server has ended the connection"],
    steps: [
      { say: "when it happens again and again, see whether the server can be reached", type: "mailkey test ADDRESS" },
    ],
    sources: ["https://www.rfc-editor.org/rfc/rfc9051#section-7.1.5"],
  },
];
