/**
 * The real Dovecot: IMAPS, POP3S and submission with STARTTLS, logins by XOAUTH2 and OAUTHBEARER only. It asks the authorization
 * server about each token (RFC 7662) and insists on the protocol's scope and on the user.
 *
 * It never runs as root, which would not let it read root's mail: started by root, it becomes the system's user `mail`, and
 * otherwise it stays who it is. One configuration serves both.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { CertificateSet } from "./certificates.ts";
import { startGuardian } from "./guardian.ts";
import { freePorts, waitForPort } from "./ports.ts";
import { MAIL_SCOPES, MAIL_SERVER_CLIENT_ID, MAIL_SERVER_CLIENT_SECRET } from "./registrations.ts";

export interface DovecotOptions {
  /** An existing, empty folder that the user `mail` can reach. */
  readonly folder: string;
  readonly certificates: CertificateSet;
  readonly introspectionEndpoint: string;
  /** Where submitted messages are handed on, by SMTP. */
  readonly relayPort: number;
  /** Mailboxes that others than their owner may open: the authorization server is asked about each by name. */
  readonly sharedMailboxes: readonly string[];
  /** Whether IMAP offers COMPRESS. */
  readonly compress: boolean;
  /** Whether processes serve many logins, one after the other: ten times as quick as one each, Dovecot's way by default. */
  readonly reuse: boolean;
}

export interface Dovecot {
  readonly imapPort: number;
  readonly popPort: number;
  readonly submissionPort: number;
  readonly logFile: string;
  /** The socket that takes messages for mailboxes, by LMTP. */
  readonly lmtpSocket: string;
  /** `<maildirs>/<address>/Maildir` is an address's INBOX. */
  readonly maildirs: string;
  stop(): Promise<void>;
}

/** Debian and Fedora keep it where users' PATH does not reach. */
const PLACES = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/opt/homebrew/sbin/dovecot"];
/** All that the world needs besides the core package. */
const PARTS = ["imap", "pop3", "submission", "lmtp"];
/** Somebody else may take a port between finding it free and using it. */
const ATTEMPTS = 5;

/** Where Dovecot is, or undefined when it, or one of the parts the world needs, is not installed. */
export function findDovecot(): string | undefined {
  const program = PLACES.find((place) => existsSync(place));
  if (program === undefined) return undefined;
  const libexec = ["/usr/lib/dovecot", "/usr/libexec/dovecot"].find((folder) => existsSync(folder));
  return libexec !== undefined && PARTS.every((part) => existsSync(join(libexec, part))) ? program : undefined;
}

/** @throws Error with the end of Dovecot's log when it does not come up */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const program = findDovecot();
  if (program === undefined) throw new Error("dovecot is not installed");
  const { folder } = options;
  const user = process.getuid?.() === 0 ? "mail" : ownName("-un");
  const logFile = join(folder, "dovecot.log");
  mkdirSync(join(folder, "mail"));
  writeFileSync(join(folder, "ca.pem"), options.certificates.caPem);
  writeFileSync(join(folder, "certificate.pem"), options.certificates.certificatePem);
  writeFileSync(join(folder, "key.pem"), options.certificates.keyPem);
  for (const protocol of ["imap", "pop", "smtp"] as const) {
    writeFileSync(join(folder, `oauth2-${protocol}.conf`), oauth2Settings(options, MAIL_SCOPES[protocol]));
    for (const [index, mailbox] of options.sharedMailboxes.entries())
      writeFileSync(
        join(folder, `oauth2-${protocol}-${index}.conf`),
        oauth2Settings(options, MAIL_SCOPES[protocol], mailbox),
      );
  }
  writeFileSync(join(folder, "oauth2.conf"), oauth2Settings(options, undefined));

  for (let attempt = 1; ; attempt++) {
    const [imapPort = 0, popPort = 0, submissionPort = 0] = await freePorts(3);
    const base = join(folder, `run${attempt}`); // never used twice: a stale socket of anvil costs five seconds
    mkdirSync(base);
    writeFileSync(logFile, "");
    const file = join(folder, "dovecot.conf");
    writeFileSync(file, settings({ ...options, user, base, logFile, imapPort, popPort, submissionPort }));
    const command = [program, "-F", "-c", file];
    if (user === "mail") {
      giveTo(user, folder);
      command.unshift("setpriv", "--reuid", user, "--regid", user, "--clear-groups");
    }
    const guardian = startGuardian({ command, outputFile: logFile });
    const failed = () => /Fatal: |Address already in use/.test(readFileSync(logFile, "utf8"));
    const isAlive = () => guardian.running && !failed();
    // Each of them: they are opened one after the other.
    const areUp = await Promise.all([imapPort, popPort, submissionPort].map((port) => waitForPort(port, isAlive)));
    if (areUp.every(Boolean) && !failed()) {
      return {
        imapPort,
        popPort,
        submissionPort,
        logFile,
        lmtpSocket: join(base, "lmtp"),
        maildirs: join(folder, "mail"),
        stop: () => guardian.stop(),
      };
    }
    await guardian.stop();
    const log = readFileSync(logFile, "utf8");
    if (attempt === ATTEMPTS || !log.includes("Address already in use")) {
      throw new Error(`dovecot did not start:\n${log.split("\n").slice(-10).join("\n")}`);
    }
  }
}

interface Settings extends DovecotOptions {
  readonly user: string;
  readonly base: string;
  readonly logFile: string;
  readonly imapPort: number;
  readonly popPort: number;
  readonly submissionPort: number;
}

function settings(values: Settings): string {
  const { user, folder, base } = values;
  const group = user === "mail" ? user : ownName("-gn");
  const tokens = (name: string, mailbox?: string) => `passdb {
    driver = oauth2
    mechanisms = xoauth2 oauthbearer
    args = ${join(folder, name)}${mailbox === undefined ? "" : `\n    username_filter = ${mailbox}`}
  }`;
  const tokensOf = (protocol: string) =>
    [
      ...values.sharedMailboxes.map((mailbox, index) => tokens(`oauth2-${protocol}-${index}.conf`, mailbox)),
      tokens(`oauth2-${protocol}.conf`),
    ].join("\n  ");
  // Without root nothing can be confined to a folder; these are the services that Dovecot confines by default.
  const confined = ["imap-login", "pop3-login", "submission-login", "anvil", "imap-urlauth-login", "stats"];
  const reused = values.reuse ? ["imap", "pop3", "submission"].map(reusing) : [];
  return `protocols = imap pop3 submission lmtp
listen = 127.0.0.1
base_dir = ${base}
state_dir = ${base}
log_path = ${values.logFile}
instance_name = ${basename(dirname(folder))}
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
mail_fsync = never

ssl = required
ssl_cert = <${join(folder, "certificate.pem")}
ssl_key = <${join(folder, "key.pem")}

auth_mechanisms = xoauth2 oauthbearer
auth_failure_delay = 0
auth_verbose = yes
${tokens("oauth2.conf")}
userdb {
  driver = static
  args = uid=${user} gid=${group} home=${join(folder, "mail")}/%Lu allow_all_users=yes
}
protocol imap {
  ${tokensOf("imap")}
  mail_max_userip_connections = 200${values.compress ? "\n  mail_plugins = imap_zlib" : ""}
}
protocol pop3 {
  ${tokensOf("pop")}
}
protocol submission {
  ${tokensOf("smtp")}
}

namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    special_use = \\Sent
    auto = subscribe
  }
  mailbox Drafts {
    special_use = \\Drafts
    auto = subscribe
  }
  mailbox Trash {
    special_use = \\Trash
    auto = subscribe
  }
}

hostname = localhost
submission_relay_host = 127.0.0.1
submission_relay_port = ${values.relayPort}
submission_max_mail_size = 40M

${confined.map((service) => `service ${service} {\n  chroot =\n}`).join("\n")}
# Failed logins from one address would otherwise slow down everybody's, here where all come from one.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
${reused.join("\n")}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = ${values.imapPort}
    ssl = yes
  }
}
service pop3-login {
  inet_listener pop3 {
    port = 0
  }
  inet_listener pop3s {
    port = ${values.popPort}
    ssl = yes
  }
}
service submission-login {
  inet_listener submission {
    port = ${values.submissionPort}
  }
}
`;
}

function reusing(protocol: string): string {
  return `service ${protocol}-login {\n  service_count = 0\n}\nservice ${protocol} {\n  service_count = 100\n}`;
}

/**
 * @param scope what the token has to carry; undefined only for the entry that Dovecot wants outside of all protocols
 * @param mailbox which mailbox it shall open, when others than its owner may
 */
function oauth2Settings(options: DovecotOptions, scope: string | undefined, mailbox?: string): string {
  const endpoint = new URL(options.introspectionEndpoint);
  if (mailbox !== undefined) endpoint.searchParams.set("mailbox", mailbox);
  endpoint.username = MAIL_SERVER_CLIENT_ID;
  endpoint.password = MAIL_SERVER_CLIENT_SECRET;
  return `introspection_mode = post
introspection_url = ${endpoint.href}
username_attribute = sub
active_attribute = active
active_value = true
tls_ca_cert_file = ${join(options.folder, "ca.pem")}
${scope === undefined ? "" : `scope = ${scope}\n`}`;
}

function giveTo(user: string, folder: string): void {
  const { status, stderr } = spawnSync("chown", ["-R", `${user}:${user}`, folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`cannot give ${folder} to ${user}: ${stderr}`);
  chmodSync(folder, 0o700);
}

/** From the system's database: Bun's `userInfo` believes the environment. */
function ownName(which: "-un" | "-gn"): string {
  return spawnSync("id", [which], { encoding: "utf8" }).stdout.trim();
}
