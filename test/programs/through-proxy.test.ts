/** Programs of every kind, with nothing but a password, through the proxy to servers that take tokens only. */
import { beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { succeeded } from "../e2e/harness.ts";
import { fetchesWithMbsync } from "./mbsync-by-hand.ts";
import { readsAndSends } from "./mutt-by-hand.ts";
import { withProxy } from "./through-proxy.ts";
import { IS_ROOT } from "./unprivileged.ts";

const NEEDED = ["mbsync", "fetchmail", "mutt", "neomutt", "offlineimap", "getmail", "curl", "msmtp", "swaks", "tmux"];
const BERT = "bert@mail.test";

withProxy({ programs: NEEDED, tls: false }, "through the proxy, with a password and without TLS,", (mailbox) => {
  const file = (name: string, text: string) => mailbox.file(name, text);
  const send = (program: string, args: readonly string[], subject: string) =>
    mailbox.runs(program, args, { input: mailbox.message(subject, BERT) });

  beforeAll(() => mailbox.deliver("for everybody"));

  test.each(["LOGIN", "PLAIN"])("mbsync fetches with %s", async (mechanism) => {
    const { ports, address, password } = mailbox;
    const login = [`Port ${ports.imap}`, `User ${address}`, `Pass ${password}`, `AuthMechs ${mechanism}`];
    await fetchesWithMbsync(mailbox, `mbsync-${mechanism}`, ["Host 127.0.0.1", ...login, "SSLType None"]);
  });

  test.each(["imap", "pop3"] as const)("fetchmail fetches by %s", async (protocol) => {
    const port = protocol === "imap" ? mailbox.ports.imap : mailbox.ports.pop;
    const got = mailbox.path(`fetchmail-${protocol}`);
    const config = file(
      `fetchmailrc-${protocol}`,
      `poll 127.0.0.1 service ${port} protocol ${protocol}
  user "${mailbox.address}" password "${mailbox.password}" sslproto "" keep fetchall mda "cat >>${got}"\n`,
    );
    const id = mailbox.path(`fetchids-${protocol}`);
    await mailbox.runs("fetchmail", ["-f", config, "-i", id, "--nosyslog", "--nodetach", "-v"]);
    expect(readFileSync(got, "latin1")).toMatch(/Subject: for everybody[\s\S]*Hello\./);
  });

  test.each(["mutt", "neomutt"])("%s reads and sends", async (program) => {
    const { ports, password } = mailbox;
    const at = `${encodeURIComponent(mailbox.address)}@127.0.0.1`;
    const noTls = ["set ssl_starttls = no", "set ssl_force_tls = no"];
    const reading = [`set folder = "imap://${at}:${ports.imap}/"`, `set imap_pass = "${password}"`, ...noTls];
    const sending = [`set smtp_url = "smtp://${at}:${ports.smtp}/"`, `set smtp_pass = "${password}"`];
    await readsAndSends(mailbox, program, "plain", { reading, sending });
  });

  test("OfflineIMAP fetches", async () => {
    const config = file(
      "offlineimaprc",
      `[general]
accounts = proxy
metadata = ${mailbox.path("offlineimap-metadata")}
ui = basic

[Account proxy]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = ${mailbox.path("offlineimap")}

[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = ${mailbox.ports.imap}
remoteuser = ${mailbox.address}
remotepass = ${mailbox.password}
ssl = no
starttls = no
`,
    );
    await mailbox.runs("offlineimap", ["-o", "-c", config]);
    expect(mailbox.fetched("for everybody", "offlineimap", "INBOX")).toContain("Hello.");
  });

  test.each(["IMAP", "POP3"] as const)("getmail fetches by %s", async (protocol) => {
    // Not in the home folder, which is not to be had for the other user that getmail wants to be.
    const folder = join(mailbox.world.folder, `getmail-${protocol}`);
    for (const name of ["", "cur", "new", "tmp"]) mkdirSync(join(folder, "Maildir", name), { recursive: true });
    const port = protocol === "IMAP" ? mailbox.ports.imap : mailbox.ports.pop;
    const text = `[retriever]
type = Simple${protocol}Retriever
server = 127.0.0.1
port = ${port}
username = ${mailbox.address}
password = ${mailbox.password}

[destination]
type = Maildir
path = ${folder}/Maildir/
`;
    writeFileSync(join(folder, "getmailrc"), text);
    const words = ["getmail", "-g", folder];
    const asOther = ["setpriv", "--reuid=mail", "--regid=mail", "--clear-groups", ...words];
    if (IS_ROOT) spawnSync("chown", ["-R", "mail:mail", folder]);
    const [program = "", ...args] = IS_ROOT ? asOther : words;
    const { stdout } = await mailbox.runs(program, args, { env: { HOME: folder } });
    expect(stdout).toContain("1 messages (");
    const [name = ""] = readdirSync(join(folder, "Maildir", "new"));
    expect(readFileSync(join(folder, "Maildir", "new", name), "latin1")).toContain("Subject: for everybody");
  });

  test("curl looks, fetches and sends by IMAP, POP3 and SMTP", async () => {
    const { ports } = mailbox;
    const config = file("curlrc", `user = "${mailbox.address}:${mailbox.password}"\nsilent\nshow-error\n`);
    const curl = (...args: string[]) => mailbox.runs("curl", ["-K", config, ...args]);
    const status = await curl(`imap://127.0.0.1:${ports.imap}/`, "-X", "STATUS INBOX (MESSAGES)");
    expect(status.stdout).toMatch(/STATUS INBOX \(MESSAGES [1-9]/);
    expect((await curl(`imap://127.0.0.1:${ports.imap}/INBOX;MAILINDEX=1`)).stdout).toContain("Subject: for everybody");
    expect((await curl(`pop3://127.0.0.1:${ports.pop}/1`)).stdout).toContain("Subject: for everybody");
    const envelope = ["--mail-from", mailbox.address, "--mail-rcpt", BERT, "-T", "-"];
    await send("curl", ["-K", config, `smtp://127.0.0.1:${ports.smtp}`, ...envelope], "from curl");
    await mailbox.arrived("from curl", BERT);
  });

  test.each(["plain", "login"])("msmtp sends with %s", async (mechanism) => {
    const config = file(
      `msmtprc-${mechanism}`,
      `account default
host 127.0.0.1
port ${mailbox.ports.smtp}
tls off
auth ${mechanism}
user ${mailbox.address}
from ${mailbox.address}
password ${mailbox.password}
`,
    );
    const subject = `from msmtp with ${mechanism}`;
    await send("msmtp", ["-C", config, "--", BERT], subject);
    await mailbox.arrived(subject, BERT);
  });

  test.each(["PLAIN", "LOGIN"])("swaks sends with %s", async (mechanism) => {
    const subject = `from swaks with ${mechanism}`;
    const server = ["--server", "127.0.0.1", "--port", String(mailbox.ports.smtp), "--auth", mechanism];
    const login = ["--auth-user", mailbox.address, "--auth-password", mailbox.password];
    const message = ["--from", mailbox.address, "--to", BERT, "--header", `Subject: ${subject}`];
    const { stdout } = succeeded(await mailbox.run("swaks", [...server, ...login, ...message]));
    expect(stdout).toContain("235 ");
    await mailbox.arrived(subject, BERT);
  });
});
