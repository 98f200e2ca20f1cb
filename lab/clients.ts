/**
 * The real mail programs against a world: their configuration files, as a user would write them, and running them. Each gets its
 * token by running a command line, as in real life, and trusts the world's certificate authority through its own option.
 *
 * Every run has a time limit: mbsync, for one, sits still for three minutes after a refused token.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OutgoingMessage } from "./message.ts";
import { mu4eScript } from "./mu4e.ts";
import type { World } from "./world.ts";

export interface MailClientsOptions {
  readonly world: World;
  /** HOME of the programs: an existing folder, where all their files go. */
  readonly home: string;
  /** Whose mailbox; the world's address unless given. */
  readonly address?: string;
  /** What the programs run to get a token, for `sh -c`. */
  readonly tokenCommand: string;
  /** Their environment besides HOME, PATH and a locale: what `tokenCommand` needs. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For each run; 60 unless given. */
  readonly timeoutSeconds?: number;
}

export interface ProgramResult {
  /** The exit status; 124 when the time was up. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MailClients {
  /** mbsync: fetches everything into `maildir`. */
  fetchWithMbsync(): Promise<ProgramResult>;
  /** What mbsync has fetched into a folder so far, oldest first. */
  fetched(folder?: string): readonly string[];
  /** msmtp, as sendmail. */
  sendWithMsmtp(message: OutgoingMessage): Promise<ProgramResult>;
  /** neomutt, by SMTP. */
  sendWithNeomutt(message: OutgoingMessage): Promise<ProgramResult>;
  /** neomutt, by IMAP: `stdout` holds the INBOX's messages, as neomutt copies them out. */
  readWithNeomutt(): Promise<ProgramResult>;
  /**
   * Emacs mu4e: writes and sends the message through msmtp, then updates (mbsync, index) until `mu find` knows its subject.
   * `stdout` ends with `found SUBJECT` when it does.
   */
  roundTripWithMu4e(message: OutgoingMessage): Promise<ProgramResult>;
}

const DEFAULT_TIMEOUT_SECONDS = 60;

/** Writes the configuration files into `home`. @throws Error when the world has no IMAP or no submission server */
export function writeMailClients(options: MailClientsOptions): MailClients {
  const { home, world } = options;
  const address = options.address ?? world.address;
  const { imap, smtp } = world.servers;
  if (imap === undefined || smtp === undefined) throw new Error("this world has no IMAP or no submission server");
  const maildir = join(home, "Maildir");
  const files = { mbsync: join(home, ".mbsyncrc"), msmtp: join(home, ".msmtprc"), neomutt: join(home, ".neomuttrc") };
  const values: Values = {
    address,
    maildir,
    caFile: world.caFile,
    imapPort: imap.port,
    smtpPort: smtp.port,
    command: options.tokenCommand,
  };
  mkdirSync(maildir, { recursive: true });
  writeFileSync(files.mbsync, mbsyncrc(values), { mode: 0o600 });
  writeFileSync(files.msmtp, msmtprc(values), { mode: 0o600 }); // msmtp refuses its file when others can read it
  writeFileSync(files.neomutt, neomuttrc(values), { mode: 0o600 });
  const run = (program: string, args: readonly string[], input = "") => runProgram(options, program, args, input);
  return {
    fetchWithMbsync: () => run("mbsync", ["-c", files.mbsync, "-a"]),
    fetched: (folder = "INBOX") => readMaildir(join(maildir, folder)),
    sendWithMsmtp: (message) =>
      run("msmtp", ["-C", files.msmtp, "--read-envelope-from", "--", message.to], messageText(address, message)),
    sendWithNeomutt: ({ to, subject, body }) => run("neomutt", ["-F", files.neomutt, "-s", subject, "--", to], body),
    async readWithNeomutt() {
      const copy = join(home, "neomutt.mbox");
      writeFileSync(copy, "");
      // neomutt wants a terminal: script makes one. An empty INBOX has nothing to tag, and the copy stays empty.
      const keys = `<tag-pattern>~A<enter><tag-prefix-cond><copy-message>${copy}<enter><end-cond><quit>`;
      const line = `neomutt -F '${files.neomutt}' -e 'push "${keys}"'`;
      const { status, stdout } = await run("script", ["--quiet", "--return", "--command", line, "/dev/null"]);
      return { status, stdout: readFileSync(copy, "latin1"), stderr: stdout };
    },
    roundTripWithMu4e(message) {
      const file = join(home, "mu4e.el");
      writeFileSync(file, mu4eScript({ address, maildir, mbsyncrc: files.mbsync, msmtprc: files.msmtp, message }));
      return run("emacs", ["--batch", "-l", file]); // without -Q: that would hide mu4e, which lives in site-lisp
    },
  };
}

interface Values {
  readonly address: string;
  readonly maildir: string;
  readonly caFile: string;
  readonly imapPort: number;
  readonly smtpPort: number;
  readonly command: string;
}

function mbsyncrc({ address, maildir, caFile, imapPort, command }: Values): string {
  return `IMAPAccount lab
Host localhost
Port ${imapPort}
User ${address}
PassCmd ${quoted(command)}
SSLType IMAPS
CertificateFile ${caFile}
AuthMechs XOAUTH2

IMAPStore lab-remote
Account lab

MaildirStore lab-local
Path ${maildir}/
Inbox ${maildir}/INBOX
SubFolders Verbatim

Channel lab
Far :lab-remote:
Near :lab-local:
Patterns *
Create Near
Sync All
SyncState *
`;
}

function msmtprc({ address, caFile, smtpPort, command }: Values): string {
  return `account default
host localhost
port ${smtpPort}
tls on
tls_starttls on
tls_trust_file ${caFile}
auth xoauth2
user ${address}
from ${address}
passwordeval ${command}
`;
}

function neomuttrc({ address, caFile, imapPort, smtpPort, command }: Values): string {
  const user = encodeURIComponent(address);
  return `set from = ${quoted(address)}
set real_name = "Lab"
set use_from = yes
set ssl_ca_certificates_file = ${quoted(caFile)}
set ssl_force_tls = yes

set folder = "imaps://${user}@localhost:${imapPort}/"
set spool_file = "+INBOX"
set imap_authenticators = "xoauth2"
set imap_oauth_refresh_command = ${neomuttQuoted(command)}

set smtp_url = "smtp://${user}@localhost:${smtpPort}/"
set smtp_authenticators = "xoauth2"
set smtp_oauth_refresh_command = ${neomuttQuoted(command)}

# No questions and nothing kept: a program drives it.
set copy = no
set confirm_append = no
set confirm_create = no
set quit = yes
set move = no
set mark_old = no
set delete = no
`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** neomutt expands variables and backticks between double quotes. */
function neomuttQuoted(text: string): string {
  return `"${text.replace(/["\\$`]/g, "\\$&")}"`;
}

function messageText(from: string, { to, subject, body }: OutgoingMessage): string {
  return `From: <${from}>\nTo: <${to}>\nSubject: ${subject}\nDate: ${new Date().toUTCString()}\n\n${body}\n`;
}

function readMaildir(folder: string): string[] {
  const files = ["new", "cur"].flatMap((part) => {
    try {
      return readdirSync(join(folder, part)).map((name) => ({ name, path: join(folder, part, name) }));
    } catch {
      return []; // mbsync has not made the folder yet
    }
  });
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ path }) => readFileSync(path, "latin1"));
}

function runProgram(
  options: MailClientsOptions,
  program: string,
  args: readonly string[],
  input: string,
): Promise<ProgramResult> {
  const seconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  return new Promise((resolve, reject) => {
    const child = spawn("timeout", ["--kill-after=2", String(seconds), program, ...args], {
      cwd: options.home,
      env: {
        HOME: options.home,
        PATH: process.env["PATH"] ?? "/usr/bin:/bin",
        LANG: "C.UTF-8",
        TERM: "xterm",
        ...options.environment,
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.stdin.on("error", () => undefined); // a program that fails early does not read its input
    child.on("error", reject);
    child.on("close", (status) => resolve({ status: status ?? 1, stdout, stderr }));
    child.stdin.end(input);
  });
}
