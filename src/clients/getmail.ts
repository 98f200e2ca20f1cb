/**
 * getmail6. Its files are in a folder of their own: the usual one, once it exists, takes the place of an older `~/.getmail` and what the
 * user has in there. Nothing is removed from the server.
 *
 * Without `ca_certs` getmail checks no certificate, so the system's authorities are always named. By POP3 it sends only passwords (6.18,
 * which Debian 12 has), and it knows no STARTTLS for IMAP. What its helpers print passes through an unnamed temporary file.
 */
import { join } from "node:path";
import { MailkeyError } from "../errors.ts";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { maildirFolders, ownMaildir } from "./maildir.ts";
import { neededMechanism, neededTlsServer } from "./needed.ts";
import { pythonString } from "./quoting.ts";
import type { FileEdit, MailAccount, Recipe, RenderRequest, Rendering } from "./recipe.ts";
import { isAtLeast } from "./version.ts";

const NAME = "getmail";
/** The system's authorities in one file: Debian's and Arch's, Fedora's, Alpine's and macOS's. */
const AUTHORITIES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
] as const;

export const getmail: Recipe = {
  name: "getmail",
  title: "getmail6",
  summary: "downloads mail by IMAP into a Maildir",
  capabilities: ["fetch"],
  executables: ["getmail"],
  versionArgs: ["--version"],
  versionPattern: /getmail (\d+\.\d+\S*)/,
  render,
  sources: ["https://getmail6.org/configuration.html", "https://github.com/getmail6/getmail6/pull/205"],
};

function render(request: RenderRequest): Rendering {
  const { accounts, home, program } = request;
  if (!isAtLeast(program?.version, "6")) {
    throw new MailkeyError("ERR_UNSUPPORTED", `getmail ${program?.version} cannot use tokens; getmail6 can`, {
      hint: "mailkey setup mbsync",
    });
  }
  const folder = join(configHome(request.env), "getmail-mailkey");
  return {
    edits: accounts.map((account) => file(account, folder, request)),
    folders: accounts.flatMap(({ label }) => maildirFolders(inbox(home, label))),
    notes: [
      `Fetch:\n    ${shellLine(["getmail", "-g", folder, ...accounts.flatMap(({ label }) => ["-r", label])])}`,
      "It fetches the INBOX and leaves it on the server. Run it as yourself: as root, getmail stores no mail.",
    ],
  };
}

function file(account: MailAccount, folder: string, request: RenderRequest): FileEdit {
  const { label, user, tokenCommand } = account;
  const { host, port } = neededTlsServer(account, "imap", NAME);
  neededMechanism(account, "imap", NAME, ["XOAUTH2"]);
  const authorities = request.caFile ?? AUTHORITIES.find((path) => request.read(path) !== undefined) ?? AUTHORITIES[0];
  const text = `[retriever]
type = SimpleIMAPSSLRetriever
server = ${host}
port = ${port}
username = ${user}
use_xoauth2 = true
password_command = (${tokenCommand.map(pythonString).join(", ")})
ca_certs = ${authorities}

[destination]
type = Maildir
path = ${inbox(request.home, label)}/

[options]
read_all = false
delete = false
`;
  return { kind: "file", path: join(folder, label), comment: "#", text };
}

function inbox(home: string, label: string): string {
  return join(ownMaildir(home, label, NAME), "INBOX");
}
